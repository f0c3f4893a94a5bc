window.YTD.tweets.part0 = [
 {
  "tweet": {
   "id_str": "1001",
   "created_at": "Wed Nov 18 09:30:00 +0000 2026",
   "full_text": "Our ledger reader is out: https://t.co/aaa\n\nIt adds &amp; checks. Thanks @jonas_b! https://t.co/pic",
   "entities": {
    "urls": [
     {
      "url": "https://t.co/aaa",
      "expanded_url": "https://lab.example/ledger?x=1"
     }
    ],
    "user_mentions": [
     {
      "screen_name": "jonas_b"
     }
    ],
    "media": [
     {
      "url": "https://t.co/pic",
      "expanded_url": "https://twitter.com/ada_verne/status/1001/photo/1"
     }
    ]
   }
  }
 },
 {
  "tweet": {
   "id_str": "1002",
   "created_at": "Thu Nov 19 10:00:00 +0000 2026",
   "full_text": "It now reads tables too. https://t.co/qqq",
   "entities": {
    "urls": [
     {
      "url": "https://t.co/qqq",
      "expanded_url": "https://twitter.com/ada_verne/status/1001"
     }
    ]
   }
  }
 },
 {
  "tweet": {
   "id_str": "1003",
   "created_at": "Thu Nov 19 12:00:00 +0000 2026",
   "full_text": "Our ledger reader is out:   https://t.co/zzz\n\nIt adds &amp; checks.  Thanks @jonas_b!",
   "entities": {
    "urls": [
     {
      "url": "https://t.co/zzz",
      "expanded_url": "https://lab.example/ledger?x=1"
     }
    ]
   }
  }
 },
 {
  "tweet": {
   "id_str": "1004",
   "created_at": "Thu Nov 19 13:00:00 +0000 2026",
   "full_text": "RT @jonas_b: Look at this",
   "entities": {}
  }
 },
 {
  "tweet": {
   "id_str": "1005",
   "created_at": "Thu Nov 19 14:00:00 +0000 2026",
   "full_text": "@lena_v Yes, on Friday.",
   "in_reply_to_screen_name": "lena_v",
   "entities": {}
  }
 },
 {
  "tweet": {
   "id_str": "1006",
   "created_at": "no date",
   "full_text": "",
   "entities": {}
  }
 }
]

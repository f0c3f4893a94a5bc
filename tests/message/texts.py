"""Free text for the property tests: what feeds, editors and readers may bring."""

from __future__ import annotations

from hypothesis import strategies as st

from service.message.slots import mark

NONCE = "5f3a9c0de1b24788"
OTHER_NONCE = "0000aaaa1111bbbb"
NAMES = ("unsubscribeUrl", "preferencesUrl", "address")

AWKWARD = st.sampled_from(
    [
        "{{ braces }}",
        "{{unsubscribeUrl}}",
        "{",
        "}",
        "{{{",
        "\\",
        "\\{{",
        "<b>&amp;</b>",
        "&#123;",
        "=",
        "=3D",
        "=_broadsheet_part",
        "--=_broadsheet_part--",
        "\n.\n",
        "\r\nBcc: everyone@example.org\r\n",
        "\nFrom here on",
        "trailing blank \n",
        "line\u2028end",
        "\x00\x07\x7f",
        "\ud800",
        "é" * 80,
        "x" * 1200,
        mark(OTHER_NONCE, "unsubscribeUrl"),
        "SLOT__",
        "=?utf-8?q?spoofed?=",
    ]
)
TEXT = st.lists(st.one_of(st.text(max_size=60), AWKWARD), max_size=6).map("".join)
PART = st.lists(
    st.one_of(TEXT, st.sampled_from([mark(NONCE, name) for name in NAMES])), max_size=7
).map("".join)
URL = st.from_regex(r"https://[a-z]{1,12}\.example/[A-Za-z0-9_.~-]{0,300}", fullmatch=True)
VALUES = st.fixed_dictionaries({"unsubscribeUrl": URL, "preferencesUrl": URL, "address": TEXT})

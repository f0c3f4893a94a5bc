"""What arXiv's RSS no longer shows after an outage, as a query to its API: pure.

The RSS is of one day, Monday to Friday in New York (info.arxiv.org/help/rss.html). The API is
described at info.arxiv.org/help/api/user-manual.html.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from urllib.parse import quote, urlsplit

from service.localtime import zone
from service.sources.kinds.base import SourceView

PER_PAGE = 300
API = "https://export.arxiv.org/api/query"
RSS_HOST = "rss.arxiv.org"
FROM_SUBMITTED_TO_ANNOUNCED = timedelta(days=4)
"""At most, but for papers that are held: over a weekend with a holiday."""
FARTHEST = timedelta(days=14)
SATURDAY = 5

_CATEGORIES = re.compile(r"/(?:rss|atom)/([A-Za-z.+-]+)$")


def missed_a_day(good_at: datetime, now: datetime) -> bool:
    """Whether a weekday has gone by between the two of which no paper was seen."""
    eastern = zone("America/New_York")
    last, today = good_at.astimezone(eastern).date(), now.astimezone(eastern).date()
    days = min((today - last).days, 7)
    return any((last + timedelta(days=n)).weekday() < SATURDAY for n in range(1, days))


def catch_up_url(source: SourceView, api: str, *, start: int) -> str | None:
    """Where the papers are that were missed since the last good answer; None when none were.

    They are asked for by when they were submitted, a few days before they were announced; those
    that are known already are known by their number. Two weeks back are the most.
    """
    good_at, now = source.good_at, source.asked_at
    address = urlsplit(source.url)
    categories = _CATEGORIES.search(address.path)
    api = api or (API if address.hostname == RSS_HOST else "")
    if good_at is None or now is None or not categories or not api:
        return None
    if not missed_a_day(good_at, now):
        return None
    since = max(good_at, now - FARTHEST) - FROM_SUBMITTED_TO_ANNOUNCED
    any_of = " OR ".join(f"cat:{name}" for name in categories[1].split("+") if name)
    query = f"({any_of}) AND submittedDate:[{since:%Y%m%d%H%M} TO {now:%Y%m%d%H%M}]"
    return (
        f"{api}?search_query={quote(query, safe=':')}&sortBy=submittedDate"
        f"&sortOrder=descending&start={start}&max_results={PER_PAGE}"
    )

"""Which entry is which, and since when: pure rules."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from w3lib.url import canonicalize_url, safe_url_string, url_query_cleaner

from service.sources.text import scrub

IDENTITY_LENGTH = 200
URL_LENGTH = 2000

_TRACKING = re.compile(
    r"(?i)utm_\w+|mtm_\w+|pk_\w+|at_(medium|campaign)\w*|[a-z]{1,2}clid|msclkid|gclsrc|mc_[ce]id"
    r"|_hsenc|_hsmi|igshid|cmpid|ref_src|ncid|sr_share|guccounter"
)


class Moments(NamedTuple):
    published_at: datetime
    first_seen: datetime


def item_identity(guid: str, link: str, title: str, content: str) -> str:
    """What an entry is known by in its source: its guid, else its link, else what it says.

    At most 200 characters; a longer one is replaced by its hash.
    """
    identity = scrub(guid).strip() or scrub(link).strip()
    if not identity:
        return f"sha256:{digest(title, content)}"
    return identity if len(identity) <= IDENTITY_LENGTH else f"sha256:{digest(identity)}"


def digest(*parts: str) -> str:
    """SHA-256 over *parts*, told apart by NUL, in hexadecimal."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()


def web_link(base: str, link: str) -> str | None:
    """*link*, made absolute by *base*; None unless it leads to a page of the web.

    ``javascript:`` and the like never reach a mail, and what no browser could follow is no link.
    """
    try:
        url = safe_url_string(urljoin(base, scrub(link).strip()))
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        return None
    return url if usable and len(url) <= URL_LENGTH else None


def canonical_url(url: str) -> str:
    """The form in which two links to one page are equal: no fragment, no tracking, sorted query."""
    names = {pair.partition("=")[0] for pair in urlsplit(url).query.split("&")}
    tracking = [name for name in names if _TRACKING.fullmatch(name)]
    if tracking:
        url = url_query_cleaner(url, tracking, remove=True, unique=False)
    return canonicalize_url(url)


def moments(published: datetime | None, now: datetime, old: datetime | None) -> Moments:
    """When an entry that is met for the first time was published, and since when it counts.

    Undated and future-dated entries are dated now. What was published before *old* counts as seen
    when it was published, so that no issue takes it for news.
    """
    if published is None or published > now:
        return Moments(now, now)
    if old is not None and published < old:
        return Moments(published, published)
    return Moments(published, now)

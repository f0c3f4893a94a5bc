"""The text of a social post: its lines, and what in them leads somewhere.

Nothing is fetched: a mention leads to a page whose address follows from the network alone, and
an address in the text to itself.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from service.rendering.filters import one_space, printable, web_link

PROFILES = {"x.com": "https://x.com/", "twitter.com": "https://x.com/"}
"""Where a network shows a person's page, by the host of the post's own address."""

# A handle of X has up to 15 letters, digits or "_"; "a@b.example" and "@café" are none.
_LINKED = re.compile(
    r"(?P<url>https?://[^\s<>\"]{1,2000})|(?<![\w@/])(?P<mention>@[A-Za-z0-9_]{1,15})(?!\w)"
)
_MARKS = (
    ".,;:!?'\N{RIGHT SINGLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}\N{HORIZONTAL ELLIPSIS}"
)
_BLANK_LINES = re.compile(r"\n\s*\n")


class Span(NamedTuple):
    """Words of a line; ``href`` is '' where they lead nowhere."""

    text: str
    href: str = ""


def post_lines(text: str, post_url: str) -> list[list[Span]]:
    """The lines of *text* as spans; an empty one stands between paragraphs.

    *post_url* is the post's own address, which tells the network. Where it tells none, a mention
    stays text: somebody else may have that name elsewhere.
    """
    profiles = _profiles(post_url)
    lines = "\n".join(printable(text).splitlines()).strip()
    parts = _BLANK_LINES.sub("\n\n", lines).split("\n")
    return [_spans(one_space(part), profiles) for part in parts]


def _profiles(post_url: str) -> str:
    try:
        host = urlsplit(web_link(post_url)).hostname or ""
    except ValueError:
        return ""
    return PROFILES.get(re.sub(r"^(www|mobile)\.", "", host), "")


def _spans(line: str, profiles: str) -> list[Span]:
    spans: list[Span] = []
    done = 0
    for found in _LINKED.finditer(line):
        words = found["mention"] or _without_marks(found["url"])
        href = profiles and profiles + words[1:] if found["mention"] else web_link(words)
        if not href:
            continue
        spans += [Span(line[done : found.start()]), Span(words, href)]
        done = found.start() + len(words)
    return [span for span in (*spans, Span(line[done:])) if span.text]


def _without_marks(url: str) -> str:
    """*url* without the marks of the sentence that it stands in."""
    while url[-1] in _MARKS or (url[-1] == ")" and url.count(")") > url.count("(")):
        url = url[:-1]
    return url

"""What the newsroom offers, as a list, a page and an OPML file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from html import escape

from .articles import page
from .feeds import FEEDS

BROKEN = (
    "html",
    "truncated",
    "endless",
    "gzip-bomb",
    "gone",
    "busy",
    "error",
    "slow",
    "empty",
    "redirect",
    "redirect-loop",
    "redirect-private",
    "latin1",
)


@dataclass(frozen=True, slots=True)
class Source:
    """A source as a collector would be told of it; *kind* is labs, wire, arxiv, table or github."""

    name: str
    title: str
    kind: str
    path: str


SOURCES = (
    *(Source(f.name, f.title, f.group, f.path) for f in FEEDS),
    Source(
        "arxiv", "arXiv, software engineering and learning", "arxiv", "/news/arxiv/rss/cs.SE+cs.LG"
    ),
    Source(
        "intelligence-index",
        "Intelligence index (JSON in pages, needs an x-api-key)",
        "table",
        "/news/leaderboards/api/v2/language/models/free?page=1",
    ),
    Source("coding", "Agentic coding (CSV)", "table", "/news/leaderboards/coding.csv"),
    Source(
        "repositories",
        "Repositories",
        "github",
        "/news/github/search/repositories?q=topic:llm&sort=stars&page=1",
    ),
)


def index_page(anchor: date, day: int) -> bytes:
    """The newsroom's front page."""
    good = "".join(f'<li><a href="{escape(s.path)}">{escape(s.title)}</a></li>' for s in SOURCES)
    bad = "".join(f'<li><a href="/news/broken/{name}">{name}</a></li>' for name in BROKEN)
    shown = anchor + timedelta(days=day)
    return page(
        "The newsroom",
        f"<p>Day {day}: {shown:%A, %d %B %Y}. Another day comes by "
        '<code>POST /control/newsroom {"day": -1}</code>.</p>'
        f'<h2>Feeds and tables</h2><ul>{good}</ul><p><a href="/news/feeds.opml">OPML</a></p>'
        f"<h2>Feeds that misbehave</h2><ul>{bad}</ul>",
    )


def opml(base: str) -> bytes:
    """The feeds for a reader's import. http://opml.org/spec2.opml"""
    groups = {"labs": "AI Labs", "wire": "From the Wire"}
    outlines = "".join(
        f'<outline text="{label}">'
        + "".join(
            f'<outline type="rss" text="{escape(f.title)}" xmlUrl="{base}{f.path}" '
            f'htmlUrl="{base}{f.home}"/>'
            for f in FEEDS
            if f.group == group
        )
        + "</outline>"
        for group, label in groups.items()
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<opml version="2.0"><head>'
        f"<title>The sandbox's newsroom</title></head><body>{outlines}</body></opml>\n"
    ).encode()

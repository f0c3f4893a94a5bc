"""Papers in the form of arXiv's query API. https://info.arxiv.org/help/api/user-manual.html"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from html import escape

from ..web import Request
from .arxiv import EASTERN
from .papers import Paper, announced

REACHES_BACK = 10  # Days.
_CATEGORY = re.compile(r"cat:([A-Za-z-]+\.[A-Za-z-]+)")
_MOST = 2000


def write(request: Request, anchor: date, day: int, base: str) -> bytes:
    """``?search_query=cat:cs.SE+OR+cat:cs.LG&start=0&max_results=50``, newest first.

    A query that cannot be read is answered with 200 and an entry that holds the error, as there.
    """
    query = request.arg("search_query")
    categories = _CATEGORY.findall(query)
    if not categories:
        return _feed(query, [_error(query)], 1, base)
    found = [
        (paper, anchor + timedelta(days=at))
        for at in range(day, day - REACHES_BACK, -1)
        for paper in announced(anchor, at)
        if paper.kind == "new" and set(paper.categories) & set(categories)
    ]
    start = request.number("start", 0)
    page = found[start : start + request.number("max_results", 10, high=_MOST)]
    return _feed(query, [_entry(paper, when, base) for paper, when in page], len(found), base)


def _feed(query: str, entries: list[str], total: int, base: str) -> bytes:
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<feed xmlns="http://www.w3.org/2005/Atom"'
        ' xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/"'
        ' xmlns:arxiv="http://arxiv.org/schemas/atom">',
        f"<title>arXiv Query: search_query={escape(query)}</title>",
        f"<id>{base}/news/arxiv/api/query</id>",
        f"<opensearch:totalResults>{total}</opensearch:totalResults>",
        *entries,
        "</feed>",
    ]
    return "\n".join(lines).encode()


def _entry(paper: Paper, when: date, base: str) -> str:
    published = datetime.combine(when, time(0, tzinfo=EASTERN)).isoformat()
    fields = [
        f"<id>{base}/news/arxiv/abs/{paper.number}v{paper.version}</id>",
        f"<updated>{published}</updated>",
        f"<published>{published}</published>",
        f"<title>{escape(paper.title)}</title>",
        f"<summary>{escape(paper.abstract)}</summary>",
        *(f"<author><name>{escape(name)}</name></author>" for name in paper.authors),
        f'<link href="{base}/news/arxiv/abs/{paper.number}v{paper.version}" rel="alternate"'
        ' type="text/html"/>',
        f'<arxiv:primary_category term="{paper.categories[0]}"/>',
        *(f'<category term="{category}"/>' for category in paper.categories),
    ]
    return "<entry>\n  " + "\n  ".join(fields) + "\n</entry>"


def _error(query: str) -> str:
    return (
        "<entry>\n  <id>https://arxiv.org/api/errors#incorrect_query</id>\n  <title>Error</title>\n"
        f"  <summary>incorrect query: {escape(query)}</summary>\n"
        '  <link href="https://arxiv.org/api/errors#incorrect_query" rel="alternate"/>\n</entry>'
    )

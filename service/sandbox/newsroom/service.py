"""Routes of the newsroom, conditional GET, and the day that is in force."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from email.utils import format_datetime, parsedate_to_datetime
from html import escape
from typing import Any

from ..web import HTML, Answer, BadDocument, Handler, Request, Response, Router, as_json, not_found
from . import arxiv, arxiv_query, broken, leaderboards, repositories
from .articles import body_of, page
from .broken import squeezed
from .directory import SOURCES, index_page, opml
from .entries import Entry, Feed, moment
from .feeds import CONTENT_TYPES, FEEDS, WRITERS
from .papers import announced

DAYS = range(-30, 31)


class Newsroom:
    """All that stands under ``/news/``. *base* is the sandbox's own URL."""

    def __init__(self, anchor: date, base: str, stopping: threading.Event) -> None:
        self.anchor = anchor
        self.base = base
        self.day = 0
        self.index_version = leaderboards.INDEX_VERSION
        self._stopping = stopping
        self._requests: Counter[str] = Counter()
        self._not_modified: Counter[str] = Counter()
        self._lock = threading.Lock()

    def mount(self, router: Router) -> None:
        for feed in FEEDS:
            router.add("GET", feed.path, self._counted(self._feed_handler(feed)))
        pages: list[tuple[str, Handler]] = [
            ("/news/", self._index),
            ("/news/feeds.opml", self._opml),
            ("/news/arxiv/rss/{categories}", self._arxiv),
            ("/news/arxiv/api/query", self._arxiv_query),
            ("/news/arxiv/abs/{number}", self._abstract),
            ("/news/leaderboards/api/v2/language/models/free", self._leaderboard),
            ("/news/leaderboards/coding.csv", self._coding),
            ("/news/github/search/repositories", self._repositories),
            ("/news/articles/{slug}", self._article),
        ]
        for path, handler in pages:
            router.add("GET", path, self._counted(handler))
        within = Router()
        broken.mount(within, lambda: self._written(FEEDS[5]), self._stopping)
        router.add("GET", "/news/broken/{name}", self._counted(within.answer))
        for path in ("/news/{group}/{name}/", "/news/github/{owner}/{name}"):
            router.add("GET", path, self._counted(self._placeholder))

    def shown(self) -> dict[str, Any]:
        """The day, the sources, and what was asked for so far."""
        with self._lock:
            requests, unchanged = dict(self._requests), dict(self._not_modified)
        return {
            "anchor": self.anchor.isoformat(),
            "day": self.day,
            "index_version": self.index_version,
            "sources": [
                {"name": s.name, "title": s.title, "kind": s.kind, "url": self.base + s.path}
                for s in SOURCES
            ],
            "requests": requests,
            "not_modified": unchanged,
        }

    def change(self, wanted: dict[str, Any]) -> None:
        """``{"day": -1}`` and, for a new edition of the index, ``{"index_version": "5.0"}``."""
        day = wanted.get("day", self.day)
        if not isinstance(day, int) or day not in DAYS:
            raise BadDocument(f"day must be a whole number from {DAYS[0]} to {DAYS[-1]}.")
        self.day = day
        self.index_version = str(wanted.get("index_version", self.index_version))

    def forget_requests(self) -> None:
        with self._lock:
            self._requests.clear()
            self._not_modified.clear()

    def _counted(self, handler: Handler) -> Handler:
        def answer(request: Request) -> Answer:
            found = handler(request)
            unchanged = isinstance(found, Response) and found.status == 304
            with self._lock:
                self._requests[request.path] += 1
                self._not_modified[request.path] += unchanged
            return found

        return answer

    def _conditional(
        self, request: Request, body: bytes, content_type: str, modified: datetime
    ) -> Response:
        """RFC 9110, 13.1: If-None-Match goes before If-Modified-Since."""
        tag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
        headers = {
            "ETag": tag,
            "Last-Modified": format_datetime(modified.astimezone(UTC), usegmt=True),
            "Cache-Control": "max-age=0",
            "Vary": "Accept-Encoding",
        }
        if _unchanged(request, tag, modified):
            return Response(b"", 304, content_type, headers)
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            return Response(
                squeezed(body), 200, content_type, {**headers, "Content-Encoding": "gzip"}
            )
        return Response(body, 200, content_type, headers)

    def _written(self, feed: Feed) -> bytes:
        return WRITERS[feed.format](feed, feed.entries(self.anchor, self.day), self.base)

    def _feed_handler(self, feed: Feed) -> Callable[[Request], Answer]:
        def answer(request: Request) -> Answer:
            modified = _newest(feed.entries(self.anchor, self.day))
            content_type = CONTENT_TYPES[feed.format]
            return self._conditional(request, self._written(feed), content_type, modified)

        return answer

    def _arxiv(self, request: Request) -> Answer:
        categories = request.params["categories"].replace(" ", "+").split("+")
        body = arxiv.write(categories, self.anchor, self.day, self.base)
        modified = moment(self.anchor, self.day, 1)
        return self._conditional(request, body, "application/rss+xml; charset=utf-8", modified)

    def _arxiv_query(self, request: Request) -> Answer:
        body = arxiv_query.write(request, self.anchor, self.day, self.base)
        return Response(body, 200, CONTENT_TYPES["atom"])

    def _leaderboard(self, request: Request) -> Answer:
        if not request.headers.get("x-api-key"):
            return as_json({"status": 401, "error": "Missing API key: send it as x-api-key."}, 401)
        number = request.number("page", 1, low=1)
        return as_json(leaderboards.index_page(self.day, number, self.index_version))

    def _coding(self, request: Request) -> Answer:
        body = leaderboards.coding_csv(self.anchor, self.day)
        modified = moment(self.anchor, self.day, 4)
        return self._conditional(request, body, "text/csv; charset=utf-8", modified)

    def _repositories(self, request: Request) -> Answer:
        page_asked = repositories.Page(
            request.number("page", 1, low=1), request.number("per_page", 30, low=1, high=100)
        )
        query = request.arg("q")
        found = repositories.search(self.anchor, self.day, self.base, query, page_asked)
        return as_json(found)

    def _article(self, request: Request) -> Answer:
        slug = request.params["slug"]
        for feed in FEEDS:
            if slug.startswith(feed.name):
                for entry in feed.entries(self.anchor, DAYS[-1] if self.day > 0 else 0):
                    if entry.slug == slug:
                        return Response(page(entry.title, body_of(entry)), 200, HTML)
        title = slug.replace("-", " ").capitalize()
        return Response(page(title, "<p>An older piece from the archive.</p>"), 200, HTML)

    def _abstract(self, request: Request) -> Answer:
        for paper in announced(self.anchor, self.day):
            if paper.number == request.params["number"].partition("v")[0]:
                people = escape(", ".join(paper.authors))
                body = f"<p><em>{people}</em></p><p>{escape(paper.abstract)}</p>"
                return Response(page(paper.title, body), 200, HTML)
        return Response(page(request.params["number"], "<p>An older paper.</p>"), 200, HTML)

    def _placeholder(self, request: Request) -> Answer:
        if request.params.get("group") not in {None, "labs", "wire"}:
            return not_found(request.path)
        name = request.params["name"].replace("-", " ").title()
        return Response(
            page(name, "<p>This place is invented, like all of the newsroom.</p>"), 200, HTML
        )

    def _index(self, _request: Request) -> Answer:
        return Response(index_page(self.anchor, self.day), 200, HTML)

    def _opml(self, _request: Request) -> Answer:
        return Response(opml(self.base), 200, "text/x-opml; charset=utf-8")


def _newest(entries: list[Entry]) -> datetime:
    dates = [entry.updated or entry.published for entry in entries]
    return max(d for d in dates if d)


def _unchanged(request: Request, tag: str, modified: datetime) -> bool:
    known = request.headers.get("If-None-Match")
    if known:
        return tag in [piece.strip().removeprefix("W/") for piece in known.split(",")]
    since = request.headers.get("If-Modified-Since")
    if not since:
        return False
    try:
        return modified.replace(microsecond=0) <= parsedate_to_datetime(since)
    except (TypeError, ValueError):
        return False

"""Up to the issue: 100 feeds of 50 entries collected over HTTP, and 10,000 candidates composed."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import feedparser
from sqlalchemy import func, select

from benchmarks.table import Row, each, show
from service import migrations
from service.config import apply_environment
from service.db import close_engine, engine, session_scope
from service.issues.compose import Candidate, Window, compose
from service.models import Item, Newsletter, Source
from service.models.document import Headline, SectionSpec
from service.sources.collect import collect_source

FEEDS, ENTRIES = 100, 50
CANDIDATES = 10_000
NOW = datetime.now(UTC)
WORDS = "A longer title than most of those that the press gives to its stories, no."
SPECS = [
    SectionSpec(slug=slug, kind="headlines", heading=slug, limit=8, pool=40)
    for slug in ("labs", "wire", "more")
]


def run() -> None:
    bodies = {f"/{number}": _feed(number) for number in range(FEEDS)}
    collected = _collected(bodies)
    parsed = each(lambda: [feedparser.parse(body) for body in bodies.values()], 1, rounds=1)
    candidates = [_candidate(number) for number in range(CANDIDATES)]
    window = Window(NOW - timedelta(days=1), NOW)
    composed = each(lambda: compose(SPECS, candidates, [], window), 1, rounds=3)
    sorting = each(lambda: sorted(candidates, key=lambda one: one.entry.published_at), 1, rounds=3)
    show(
        f"{FEEDS} feeds of {ENTRIES} entries, and {CANDIDATES:,} candidates",
        [
            Row("a feed: fetch, parse, store", collected / FEEDS, parsed / FEEDS, "feedparser"),
            Row(
                "a candidate: rank, no repeats", composed / CANDIDATES, sorting / CANDIDATES, "sort"
            ),
        ],
    )
    print(
        f"  all feeds {collected / 1e6:.1f} s one after the other; compose {composed / 1e3:.0f} ms"
    )


def _collected(bodies: dict[str, bytes]) -> float:
    """Microseconds to collect every feed into rows, one after the other."""
    with tempfile.TemporaryDirectory() as folder, _origin(bodies) as url:
        apply_environment(BROADSHEET_DATA_DIR=folder, BROADSHEET_DATABASE_URL="")
        migrations.upgrade(engine())
        ids = _sources(url)
        start = time.perf_counter()
        for source_id in ids:
            report = collect_source(source_id, NOW)
            assert report.new == ENTRIES, str(report)
        took = time.perf_counter() - start
        with session_scope() as session:
            assert session.scalar(select(func.count(Item.id))) == FEEDS * ENTRIES
        close_engine()
    return took * 1e6


def _sources(url: str) -> list[int]:
    with session_scope() as session:
        owner = Newsletter(
            slug="bench",
            name="Bench",
            from_name="Bench",
            from_address="bench@news.example.org",
            postal_address="1 Main Street",
            created_at=NOW,
        )
        session.add(owner)
        session.flush()
        rows = [
            Source(
                newsletter_id=owner.id,
                slug=f"feed{number}",
                kind="feed",
                name=f"Feed {number}",
                url=f"{url}/{number}",
                section="wire",
                config={"allow_private": True},
            )
            for number in range(FEEDS)
        ]
        session.add_all(rows)
        session.flush()
        return [row.id for row in rows]


@contextmanager
def _origin(bodies: dict[str, bytes]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = bodies[self.path]
            self.send_response(200)
            self.send_header("Content-Type", "application/rss+xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _feed(number: int) -> bytes:
    entries = "".join(
        f"<item><title>{WORDS} {number}.{entry}</title>"
        f"<link>https://feed{number}.example/{entry}</link><guid>{number}-{entry}</guid>"
        f"<pubDate>{format_datetime(NOW - timedelta(minutes=entry))}</pubDate>"
        f"<description>&lt;p&gt;{WORDS * 4}&lt;/p&gt;</description></item>"
        for entry in range(ENTRIES)
    )
    return f'<rss version="2.0"><channel><title>T</title>{entries}</channel></rss>'.encode()


def _candidate(number: int) -> Candidate:
    at = NOW - timedelta(seconds=number + 1)
    return Candidate(
        key=f"item:{number}",
        section=SPECS[number % len(SPECS)].slug,
        source=f"feed{number % FEEDS}",
        canonical_url=f"https://feed.example/{number}",
        first_seen=at,
        entry=Headline(
            title=f"{WORDS} {number % 5000}",
            url=f"https://feed.example/{number}",
            source="Feed",
            published_at=at,
        ),
        item_id=number,
    )

"""One check of one source, from claim to report, on both databases."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select

from service.db import session_scope
from service.models import FetchQueue, Item, Source, SourceState
from service.sources.collect import collect_source
from service.sources.due import due_sources
from service.sources.fetch import Ask, Fetched, FetchFailed, fetch
from tests.sources.conftest import DATA, AddSource
from tests.sources.origin import Answer, Origin, Request

RSS = (DATA / "rss.xml").read_bytes()
MOVED = b"""<rss version="2.0"><channel><title>Acme, at its new address</title>
<item><guid>while-it-was-away</guid><title>A</title><link>https://new.example/a</link>
<pubDate>Sat, 21 Nov 2026 09:00:00 GMT</pubDate></item>
<item><guid>long-before</guid><title>B</title><link>https://new.example/b</link>
<pubDate>Mon, 16 Nov 2026 09:00:00 GMT</pubDate></item></channel></rss>"""


def row(source_id: int) -> Source:
    with session_scope() as session:
        return session.get_one(Source, source_id)


def items(source_id: int) -> dict[str, Item]:
    with session_scope() as session:
        found = session.scalars(select(Item).where(Item.source_id == source_id))
        return {item.identity: item for item in found}


def due(now: datetime) -> list[int]:
    with session_scope() as session:
        return due_sources(session, now)


def change(source_id: int, **fields: object) -> None:
    with session_scope() as session:
        source = session.get_one(Source, source_id)
        for name, value in fields.items():
            setattr(source, name, value)


def test_it_collects_a_new_source(origin: Origin, add_source: AddSource, now: datetime) -> None:
    source_id = add_source(origin.feed("/feed", RSS, ETag='"1"'))
    report = collect_source(source_id, now)
    assert (report.source, report.outcome, report.new, report.updated) == ("acme", "new", 3, 0)
    assert len(report.skipped) == 2
    item = items(source_id)["acme-2026-117"]
    assert item.canonical_url == "https://acme.example/posts/ponder-3"
    assert item.topics == ["models", "long context"]
    assert item.first_seen == now
    assert item.published_at == datetime(2026, 11, 20, 5, 30, tzinfo=UTC)
    source = row(source_id)
    assert (source.good_at, source.failures, source.problem) == (now, 0, None)
    assert source.next_check_at == now + timedelta(minutes=60)


def test_it_asks_conditionally_and_the_server_says_304(
    origin: Origin, add_source: AddSource, now: datetime
) -> None:
    def page(request: Request) -> Answer:
        if request.headers.get("if-none-match") == '"1"':
            return Answer(status=304)
        return Answer(RSS, headers={"ETag": '"1"'})

    origin.pages["/feed"] = page
    source_id = add_source(origin.url("/feed"))
    collect_source(source_id, now)
    later = now + timedelta(hours=1)
    assert collect_source(source_id, later).outcome == "unchanged"
    assert [r.headers.get("if-none-match") for r in origin.requests] == [None, '"1"']
    assert row(source_id).good_at == later


def test_it_knows_an_unchanged_body_without_any_help_of_the_server(
    origin: Origin, add_source: AddSource, now: datetime
) -> None:
    source_id = add_source(origin.feed("/feed", RSS))
    collect_source(source_id, now)
    assert collect_source(source_id, now + timedelta(hours=1)).outcome == "unchanged"


def test_it_corrects_an_item_without_moving_when_it_was_first_seen(
    origin: Origin, add_source: AddSource, now: datetime
) -> None:
    source_id = add_source(origin.feed("/feed", RSS))
    collect_source(source_id, now)
    origin.feed("/feed", RSS.replace(b"a whole library", b"half a library"))
    later = now + timedelta(hours=1)
    report = collect_source(source_id, later)
    assert (report.new, report.updated) == (0, 1)
    item = items(source_id)["acme-2026-117"]
    assert item.title == "Ponder 3 reads half a library at once"
    assert (item.first_seen, item.updated_at) == (now, later)
    untouched = items(source_id)["acme-2026-113"]
    assert untouched.updated_at is None


def test_it_takes_the_past_of_a_new_source_as_seen_back_then(
    origin: Origin, add_source: AddSource, now: datetime
) -> None:
    source_id = add_source(origin.feed("/feed", RSS))
    later = now + timedelta(days=10)
    collect_source(source_id, later)
    item = items(source_id)["acme-2026-117"]
    assert item.first_seen == item.published_at


def test_it_takes_an_old_item_of_a_known_source_as_seen_now(
    origin: Origin, add_source: AddSource, now: datetime
) -> None:
    source_id = add_source(origin.feed("/feed", RSS), good_at=now)
    later = now + timedelta(days=10)
    collect_source(source_id, later)
    assert items(source_id)["acme-2026-117"].first_seen == later


def test_it_takes_the_past_of_a_new_address_for_no_news(
    origin: Origin, add_source: AddSource, now: datetime
) -> None:
    source_id = add_source(origin.feed("/feed", RSS))
    collect_source(source_id, now)
    later = now + timedelta(days=3)
    change(source_id, url=origin.feed("/new", MOVED), body_hash=None, next_check_at=None)
    collect_source(source_id, later)
    seen = {identity: item.first_seen for identity, item in items(source_id).items()}
    assert seen["while-it-was-away"] == later
    assert seen["long-before"] == datetime(2026, 11, 16, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("body", "reason"),
    [(b"<!doctype html><p>Sign in", "a web page where a feed"), (RSS[:400], "cut off before")],
    ids=["html", "cut"],
)
def test_it_calls_a_bad_answer_a_failure_and_never_no_items(
    origin: Origin, add_source: AddSource, now: datetime, body: bytes, reason: str
) -> None:
    source_id = add_source(origin.feed("/feed", body, ETag='"2"'), etag='"1"')
    report = collect_source(source_id, now)
    assert (report.outcome, reason in report.reason) == ("failed", True)
    source = row(source_id)
    assert (source.failures, source.problem, source.good_at) == (1, report.reason, None)
    assert source.next_check_at == now + timedelta(minutes=30)
    assert source.etag == '"1"', "what could not be read must be asked for again"


def test_it_keeps_the_whole_entries_of_a_feed_that_was_cut_and_says_so(
    origin: Origin, add_source: AddSource, now: datetime
) -> None:
    cut = RSS[: RSS.index(b"A door that")]
    source_id = add_source(origin.feed("/feed", cut, ETag='"1"'))
    report = collect_source(source_id, now)
    assert (report.outcome, report.new) == ("new", 2)
    assert report.reason == "The feed was cut off; 2 whole entries were kept."
    source = row(source_id)
    assert source.problem == report.reason
    assert (source.etag, source.body_hash) == (None, None), "the rest would never be asked for"


def test_it_asks_nothing_of_a_private_address(
    origin: Origin, add_source: AddSource, now: datetime
) -> None:
    origin.feed("/feed", RSS)
    source_id = add_source(origin.url("/feed", "localhost"), config={"allow_private": False})
    report = collect_source(source_id, now)
    assert "not on the public internet" in report.reason
    assert origin.requests == []


def test_it_lists_what_is_due_the_longest_overdue_first(
    add_source: AddSource, now: datetime
) -> None:
    def add(slug: str, minutes: float | None, state: SourceState = SourceState.ACTIVE) -> int:
        at = None if minutes is None else now + timedelta(minutes=minutes)
        return add_source("https://a.example", slug=slug, next_check_at=at, state=state)

    late, never, at_once = add("late", -5), add("never", None), add("at-once", 0)
    add("later", 1)
    add("paused", -5, SourceState.PAUSED)
    add("muted", None, SourceState.MUTED)
    assert due(now) == [never, late, at_once]


@pytest.mark.parametrize(
    "fields",
    [
        {"next_check_at": datetime(2026, 11, 20, 7, 1, tzinfo=UTC)},
        {"state": SourceState.PAUSED},
        {"state": SourceState.MUTED},
    ],
    ids=["not yet", "paused", "muted"],
)
def test_it_leaves_a_source_alone_that_is_not_due_unless_told_to(
    origin: Origin, add_source: AddSource, now: datetime, fields: dict[str, object]
) -> None:
    source_id = add_source(origin.feed("/feed", RSS), **fields)
    assert collect_source(source_id, now).outcome == "not due"
    assert origin.requests == []
    assert collect_source(source_id, now, force=True).new == 3
    assert row(source_id).state is fields.get("state", SourceState.ACTIVE)


def test_it_says_so_when_there_is_no_such_source(add_source: AddSource, now: datetime) -> None:
    report = collect_source(404, now)
    assert str(report) == "404: not due - there is no such source"


def test_it_leaves_a_source_to_the_worker_that_is_at_it(
    origin: Origin, add_source: AddSource, now: datetime
) -> None:
    source_id = add_source(origin.feed("/feed", RSS))
    second: list[str] = []

    def fetch_while_another_tries(ask: Ask) -> Fetched:
        second.append(collect_source(source_id, now).outcome)
        return fetch(ask)

    assert collect_source(source_id, now, fetcher=fetch_while_another_tries).new == 3
    assert second == ["not due"]
    assert len(origin.requests) == 1


def test_it_lets_one_of_many_workers_have_a_source(
    origin: Origin, add_source: AddSource, now: datetime
) -> None:
    source_id = add_source(origin.feed("/feed", RSS))
    together = threading.Barrier(4, timeout=30)

    def work() -> str:
        together.wait()
        return collect_source(source_id, now).outcome

    with ThreadPoolExecutor(4) as workers:
        outcomes = [worker.result() for worker in [workers.submit(work) for _ in range(4)]]
    assert sorted(outcomes) == ["new", "not due", "not due", "not due"]
    assert len(origin.requests) == 1


def test_it_stores_an_item_once_when_two_collect_it_at_once(
    origin: Origin, add_source: AddSource, now: datetime
) -> None:
    source_id = add_source(origin.feed("/feed", RSS))
    second: list[int] = []

    def fetch_while_another_does(ask: Ask) -> Fetched:
        fetched = fetch(ask)
        with session_scope() as session:
            session.execute(delete(FetchQueue))  # as when we took too long, and lost our turn
        second.append(collect_source(source_id, now, force=True).new)
        return fetched

    assert collect_source(source_id, now, fetcher=fetch_while_another_does).new == 0
    assert second == [3]
    assert len(items(source_id)) == 3


def test_it_writes_nothing_for_a_source_that_was_changed_meanwhile(
    origin: Origin, add_source: AddSource, now: datetime
) -> None:
    source_id = add_source(origin.feed("/feed", RSS, ETag='"1"'))

    def fetch_while_an_editor_moves_it(ask: Ask) -> Fetched:
        change(source_id, url=origin.url("/other"))
        return fetch(ask)

    report = collect_source(source_id, now, fetcher=fetch_while_an_editor_moves_it)
    assert report.reason == "It was changed while it was read."
    assert (items(source_id), row(source_id).etag) == ({}, None)
    assert due(now) == [source_id]


def test_it_reports_a_source_that_was_removed_meanwhile(
    origin: Origin, add_source: AddSource, now: datetime
) -> None:
    source_id = add_source(origin.feed("/feed", RSS))

    def fetch_while_an_editor_removes_it(ask: Ask) -> Fetched:
        with session_scope() as session:
            session.delete(session.get_one(Source, source_id))
        return fetch(ask)

    report = collect_source(source_id, now, fetcher=fetch_while_an_editor_removes_it)
    assert report.reason == "It was removed while it was read."


KEY_MISSING = (
    "The source takes a key: set NO_SUCH_KEY in the environment or in the file .env, and start the "
    "service again."
)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"kind": "gopher"}, "no kind of source called 'gopher'"),
        ({"config": {"topic": 1}}, "config.topic"),
        ({"config": {"header_env": {"x-api-key": "NO_SUCH_KEY"}}}, KEY_MISSING),
    ],
)
def test_it_says_what_is_wrong_with_a_sources_description(
    origin: Origin, add_source: AddSource, now: datetime, fields: dict[str, object], reason: str
) -> None:
    report = collect_source(add_source(origin.url("/feed"), **fields), now)
    assert report.outcome == "failed"
    assert reason in report.reason
    assert report.reason.startswith("The source")
    assert origin.requests == []


def test_it_shows_a_mistake_of_our_own_as_a_failure_of_that_source_alone(
    add_source: AddSource, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(ask: Ask) -> Fetched:
        raise ZeroDivisionError(ask.url)

    source_id = add_source("https://a.example/feed")
    report = collect_source(source_id, now, fetcher=broken)
    assert report.reason == "Reading it failed by a mistake of this service (ZeroDivisionError)."
    assert row(source_id).failures == 1
    assert "reading the source acme failed" in caplog.text


def test_it_raises_nothing_of_a_fetch_that_failed(add_source: AddSource, now: datetime) -> None:
    def gone(ask: Ask) -> Fetched:
        raise FetchFailed("The source says that it is gone.", "status", gone=True)

    report = collect_source(add_source("https://a.example/feed"), now, fetcher=gone)
    assert str(report).startswith("acme: failed")

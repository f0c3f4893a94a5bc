"""One polite queue for all of arXiv, on both databases."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from service.db import session_scope
from service.models import FetchQueue, SourceState
from service.sources.collect import collect_source
from service.sources.fetch import Ask, FetchFailed, fetch
from service.sources.turns import QUEUES, NotOurTurn, Queue, in_turn, queue_of
from tests.sources.conftest import DATA, AddSource
from tests.sources.origin import Answer, Origin, Request
from tests.sources.test_collect import row

QUICK = Queue("arxiv", timedelta(seconds=0.4), patience=timedelta(seconds=20))
HASTY = replace(QUICK, patience=timedelta(0))


def free_in() -> float:
    """Seconds until the queue is free."""
    with session_scope() as session:
        return (session.get_one(FetchQueue, "arxiv").free_at - datetime.now(UTC)).total_seconds()


def hold(seconds: float) -> None:
    with session_scope() as session:
        until = datetime.now(UTC) + timedelta(seconds=seconds)
        session.merge(FetchQueue(name="arxiv", free_at=until, refusals=0))


def test_it_asks_arxiv_once_in_three_seconds() -> None:
    assert QUEUES["arxiv"].pause >= timedelta(seconds=3)


@pytest.mark.usefixtures("database")
def test_it_lets_one_of_many_workers_ask_at_a_time_and_pauses_between(origin: Origin) -> None:
    spans: list[tuple[float, float]] = []

    def answer(request: Request) -> Answer:
        began = time.monotonic()
        time.sleep(0.05)  # a request takes time, in which no other may begin
        spans.append((began, time.monotonic()))
        return Answer(b"ok")

    origin.pages["/"] = answer
    polite = in_turn(QUICK, fetch)
    with ThreadPoolExecutor(3) as workers:
        asked = [workers.submit(polite, Ask(origin.url("/"), allow_private=True)) for _ in range(3)]
        assert [done.result().body for done in asked] == [b"ok"] * 3
    spans.sort()
    pauses = [later[0] - before[1] for before, later in pairwise(spans)]
    assert min(pauses) >= 0.4


@pytest.mark.usefixtures("database")
def test_it_gives_up_its_turn_when_the_queue_is_not_free_soon(origin: Origin) -> None:
    hold(30)
    with pytest.raises(NotOurTurn):
        in_turn(HASTY, fetch)(Ask(origin.url("/"), allow_private=True))
    assert origin.requests == []


@pytest.mark.usefixtures("database")
def test_it_rests_longer_with_each_refusal_and_forgets_them_with_an_answer(
    origin: Origin,
) -> None:
    ask = Ask(origin.url("/"), allow_private=True)
    origin.pages["/"] = Answer(status=429)
    for seconds in (30, 60, 120):
        set_free()
        with pytest.raises(FetchFailed):
            in_turn(HASTY, fetch)(ask)
        assert free_in() == pytest.approx(seconds, abs=10)
    origin.pages["/"] = Answer(b"ok")
    set_free()
    in_turn(HASTY, fetch)(ask)
    assert free_in() < 1
    with session_scope() as session:
        assert session.get_one(FetchQueue, "arxiv").refusals == 0


def set_free() -> None:
    """Free the queue, its refusals kept."""
    with session_scope() as session:
        found = session.get(FetchQueue, "arxiv")
        if found is not None:
            found.free_at = datetime.now(UTC)


@pytest.mark.usefixtures("database")
def test_it_rests_for_as_long_as_the_server_asks(origin: Origin) -> None:
    origin.pages["/"] = Answer(status=503, headers={"Retry-After": "7200"})
    with pytest.raises(FetchFailed):
        in_turn(HASTY, fetch)(Ask(origin.url("/"), allow_private=True))
    assert free_in() == pytest.approx(7200, abs=10)


@pytest.mark.usefixtures("database")
def test_it_leaves_a_queue_alone_that_went_to_another_meanwhile(origin: Origin) -> None:
    def lose_the_turn(request: Request) -> Answer:
        hold(500)
        return Answer(b"ok")

    origin.pages["/"] = lose_the_turn
    in_turn(HASTY, fetch)(Ask(origin.url("/"), allow_private=True))
    assert free_in() > 400


def test_it_puts_a_paper_source_off_until_its_turn_without_calling_it_failed(
    origin: Origin, add_source: AddSource, now: datetime
) -> None:
    hold(3000)
    feed = origin.feed("/rss/cs.LG", (DATA / "arxiv.xml").read_bytes())
    source_id = add_source(feed, kind="arxiv")
    report = collect_source(source_id, now)
    assert (report.outcome, report.reason) == ("not due", "It waits for its turn.")
    source = row(source_id)
    with session_scope() as session:
        assert source.next_check_at == session.get_one(FetchQueue, "arxiv").free_at
    assert (source.failures, source.problem, source.state) == (0, None, SourceState.ACTIVE)
    assert origin.requests == []


def test_it_has_one_connection_to_a_host_whatever_the_number_of_sources(
    origin: Origin, add_source: AddSource, now: datetime
) -> None:
    open_now: list[int] = []
    most: list[int] = []

    def answer(request: Request) -> Answer:
        open_now.append(1)
        most.append(len(open_now))
        time.sleep(0.05)  # a request takes time, in which no other may begin
        open_now.pop()
        return Answer((DATA / "rss.xml").read_bytes())

    ids = []
    for slug in ("one", "two", "three"):
        origin.pages[f"/{slug}"] = answer
        ids.append(add_source(origin.url(f"/{slug}"), slug=slug))
    with ThreadPoolExecutor(3) as workers:
        reports = list(workers.map(lambda source_id: collect_source(source_id, now), ids))
    assert [report.outcome for report in reports] == ["new"] * 3
    assert max(most) == 1


@pytest.mark.parametrize(
    ("kind_queue", "url", "name"),
    [
        ("arxiv", "https://rss.arxiv.org/rss/cs.SE", "arxiv"),
        ("", "https://user:word@Lab.example/feed", "lab.example"),
        ("", "https://lab.example:8443/feed", "lab.example:8443"),
        ("", "", None),
        ("", "https://[broken", None),
    ],
)
def test_it_knows_in_which_line_a_source_stands(
    kind_queue: str, url: str, name: str | None
) -> None:
    queue = queue_of(kind_queue, url)
    assert (queue.name if queue else None) == name


def test_it_keeps_other_kinds_out_of_the_queue(
    origin: Origin, add_source: AddSource, now: datetime
) -> None:
    hold(3000)
    source_id = add_source(origin.feed("/feed", (DATA / "rss.xml").read_bytes()))
    assert collect_source(source_id, now).outcome == "new"

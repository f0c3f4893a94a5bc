"""Tables and repositories: pages, keys, and one snapshot for each day and each change."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from service.db import session_scope
from service.models import Snapshot, Source
from service.sources.collect import collect_source
from tests.sources.conftest import DATA, AddSource
from tests.sources.origin import Answer, Origin, Request
from tests.sources.test_table import BOARD, MODELS

BOARDS = (DATA / "boards.json").read_bytes()


def snapshots(source_id: int) -> list[Snapshot]:
    with session_scope() as session:
        return list(
            session.scalars(
                select(Snapshot).where(Snapshot.source_id == source_id).order_by(Snapshot.taken_at)
            )
        )


def paged(request: Request) -> Answer:
    second = "page=2" in request.path
    body = (DATA / ("models-2.json" if second else "models-1.json")).read_bytes()
    return Answer(body, headers={"ETag": '"1"'})


def test_it_reads_a_table_to_its_last_page_with_its_key(
    origin: Origin, add_source: AddSource, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INDEX_KEY", "secret")
    origin.pages["/models"] = paged
    config = {**MODELS, "header_env": {"x-api-key": "INDEX_KEY"}}
    source_id = add_source(origin.url("/models"), "table", config=config)
    assert collect_source(source_id, now).new == 1
    (snapshot,) = snapshots(source_id)
    assert [row["name"] for row in snapshot.rows] == ["Halyard XL", "Ponder 3", "Tide Mini"]
    assert (snapshot.edition, snapshot.taken_at) == ("4.1", now)
    assert [request.path for request in origin.requests] == ["/models", "/models?page=2"]
    assert {request.headers["x-api-key"] for request in origin.requests} == {"secret"}


def test_it_does_not_let_the_first_page_vouch_for_the_others(
    origin: Origin, add_source: AddSource, now: datetime
) -> None:
    origin.pages["/models"] = paged
    source_id = add_source(origin.url("/models"), "table", config=MODELS)
    collect_source(source_id, now)
    assert collect_source(source_id, now + timedelta(hours=1)).outcome == "unchanged"
    assert not any("if-none-match" in request.headers for request in origin.requests)


def test_it_takes_no_half_table_when_a_later_page_fails(
    origin: Origin, add_source: AddSource, now: datetime
) -> None:
    origin.pages["/models"] = lambda r: Answer(status=500) if "page=2" in r.path else paged(r)
    source_id = add_source(origin.url("/models"), "table", config=MODELS)
    assert collect_source(source_id, now).outcome == "failed"
    assert snapshots(source_id) == []


def test_it_gives_up_on_a_table_that_has_always_one_page_more(
    origin: Origin, add_source: AddSource, now: datetime
) -> None:
    origin.feed("/models", (DATA / "models-1.json").read_bytes())
    source_id = add_source(origin.url("/models"), "table", config=MODELS)
    assert "more than 20 pages" in collect_source(source_id, now).reason
    assert len(origin.requests) == 20


def test_it_takes_one_snapshot_for_each_change_of_a_day(
    origin: Origin, add_source: AddSource, now: datetime
) -> None:
    source_id = add_source(origin.feed("/board", BOARDS), "table", config=BOARD)
    outcomes = [collect_source(source_id, now).new]
    origin.feed("/board", BOARDS + b"\n")  # other bytes, the same table
    outcomes.append(collect_source(source_id, now + timedelta(hours=1)).new)
    origin.feed("/board", BOARDS.replace(b"62.5", b"63.0"))
    outcomes.append(collect_source(source_id, now + timedelta(hours=2)).new)
    assert outcomes == [1, 0, 1]
    assert [s.taken_at for s in snapshots(source_id)] == [now, now + timedelta(hours=2)]


@pytest.mark.parametrize("says_304", [True, False])
def test_it_says_on_a_new_day_that_a_table_still_stands(
    origin: Origin, add_source: AddSource, now: datetime, says_304: bool
) -> None:
    def page(request: Request) -> Answer:
        same = says_304 and "if-none-match" in request.headers
        return Answer(status=304) if same else Answer(BOARDS, headers={"ETag": '"1"'})

    origin.pages["/board"] = page
    source_id = add_source(origin.url("/board"), "table", config=BOARD)
    collect_source(source_id, now)
    tomorrow = now + timedelta(days=1)
    assert collect_source(source_id, tomorrow).outcome == "unchanged"
    first, second = snapshots(source_id)
    assert (second.taken_at, second.rows) == (tomorrow, first.rows)


def test_it_keeps_the_last_good_table_when_the_next_is_empty(
    origin: Origin, add_source: AddSource, now: datetime
) -> None:
    source_id = add_source(origin.feed("/board", BOARDS), "table", config=BOARD)
    collect_source(source_id, now)
    origin.feed("/board", b'{"leaderboards": [{"name": "Verified", "results": []}]}')
    report = collect_source(source_id, now + timedelta(hours=1))
    assert "no rows that can be read" in report.reason
    assert len(snapshots(source_id)) == 1


def test_it_takes_the_stars_of_repositories(
    origin: Origin, add_source: AddSource, now: datetime
) -> None:
    url = origin.feed("/search", (DATA / "search.json").read_bytes())
    source_id = add_source(url, "github")
    report = collect_source(source_id, now)
    (snapshot,) = snapshots(source_id)
    assert [(row["key"], row["stars"]) for row in snapshot.rows] == [
        ("acme/anchor", 4100),
        ("tide/kelp", 950),
    ]
    assert str(report).startswith("acme: 1 new, 3 passed over")
    assert origin.requests[0].headers["accept"] == "application/vnd.github+json"
    with session_scope() as session:
        assert session.get_one(Source, source_id).problem is None

"""How a source fares: when it is asked again, where it has moved, who is told that it is gone."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from service.db import session_scope
from service.models import Notice, NoticeKind, Role, SourceState, User
from service.sources.collect import collect_source
from tests.sources.conftest import AddSource
from tests.sources.origin import Answer, Origin
from tests.sources.test_collect import RSS, due, row


def test_it_waits_longer_with_each_failure_and_forgets_them_with_a_good_answer(
    origin: Origin, add_source: AddSource, now: datetime
) -> None:
    source_id = add_source(origin.url("/feed"))
    for minutes in (30, 60, 120):
        collect_source(source_id, now, force=True)
        assert row(source_id).next_check_at == now + timedelta(minutes=minutes)
    origin.feed("/feed", RSS)
    collect_source(source_id, now, force=True)
    assert (row(source_id).failures, row(source_id).problem) == (0, None)


def test_it_stays_away_for_as_long_as_a_busy_server_asks(
    origin: Origin, add_source: AddSource, now: datetime
) -> None:
    origin.pages["/feed"] = Answer(status=429, headers={"Retry-After": "7200"})
    source_id = add_source(origin.url("/feed"))
    collect_source(source_id, now)
    assert row(source_id).next_check_at == now + timedelta(hours=2)


@pytest.mark.parametrize(
    "headers",
    [{"Retry-After": "7200"}, {"Cache-Control": "public, max-age=7200"}],
    ids=["Retry-After", "max-age"],
)
def test_it_asks_a_good_source_again_no_sooner_than_it_wants(
    origin: Origin, add_source: AddSource, now: datetime, headers: dict[str, str]
) -> None:
    origin.pages["/feed"] = Answer(RSS, headers=headers)
    source_id = add_source(origin.url("/feed"))
    collect_source(source_id, now)
    assert row(source_id).next_check_at == now + timedelta(hours=2)


def test_it_mutes_a_source_that_is_gone(
    origin: Origin, add_source: AddSource, now: datetime
) -> None:
    origin.pages["/feed"] = Answer(status=410)
    source_id = add_source(origin.url("/feed"))
    collect_source(source_id, now)
    assert row(source_id).state is SourceState.MUTED
    assert due(now + timedelta(days=30)) == []


def test_it_tells_the_owners_once_that_a_source_is_gone(
    origin: Origin, add_source: AddSource, now: datetime
) -> None:
    origin.pages["/feed"] = Answer(status=410)
    source_id = add_source(origin.url("/feed"))
    with session_scope() as session:
        for role in Role:
            session.add(
                User(
                    email=f"{role.value}@example.org",
                    password_hash="",
                    role=role,
                    created_at=now,
                )
            )
    collect_source(source_id, now)
    collect_source(source_id, now + timedelta(days=1), force=True)
    with session_scope() as session:
        (notice,) = session.scalars(select(Notice))
        assert (notice.kind, notice.address) == (NoticeKind.ALERT, "owner@example.org")
        said = notice.payload["text"]
    assert said.startswith("The source Acme Research (acme) says that it is gone for good")


def test_it_keeps_a_new_address_that_was_given_five_times_in_a_row(
    origin: Origin, add_source: AddSource, now: datetime
) -> None:
    moved = origin.feed("/new", RSS)
    source_id = add_source(origin.redirect("/old", moved, 301))
    for hours in range(4):
        collect_source(source_id, now + timedelta(hours=hours))
    assert row(source_id).url == origin.url("/old")
    collect_source(source_id, now + timedelta(hours=5))
    assert (row(source_id).url, row(source_id).redirect_count) == (moved, 0)


def test_it_takes_no_key_along_to_another_server(
    origin: Origin, add_source: AddSource, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_KEY", "secret")
    origin.feed("/new", RSS)
    old = origin.redirect("/old", origin.url("/new", "localhost"), 301)
    source_id = add_source(old, config={"header_env": {"x-api-key": "ACME_KEY"}})
    for hours in range(7):
        collect_source(source_id, now + timedelta(hours=hours), force=True)
    assert row(source_id).url == old
    keys = {(request.path, request.headers.get("x-api-key")) for request in origin.requests}
    assert keys == {("/old", "secret"), ("/new", None)}


def test_it_forgets_a_new_address_that_was_taken_back(
    origin: Origin, add_source: AddSource, now: datetime
) -> None:
    source_id = add_source(origin.redirect("/old", origin.feed("/new", RSS), 301))
    for hours in range(4):
        collect_source(source_id, now + timedelta(hours=hours))
    origin.feed("/old", RSS)
    collect_source(source_id, now + timedelta(hours=5))
    assert (row(source_id).redirect_url, row(source_id).redirect_count) == (None, 0)

"""Idempotency keys: what is sent again is answered again, and done once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Response
from sqlalchemy import Engine, func, select

from service.db import session_scope
from service.models import ApiToken, IdempotencyKey, Issue
from service.staff.tokens import Scope, forget_old_keys
from service.web.api import once
from service.web.asking import now as wall_clock
from service.web.problems import Problem
from tests.api.conftest import Program, one_database
from tests.meanwhile import just_before, lose_a_deadlock

NOTE = {"newsletter": "report", "subject": "A note", "markdown": "Good *morning*."}


def issues() -> int:
    with session_scope() as session:
        return session.execute(select(func.count()).select_from(Issue)).scalar_one()


def test_it_does_once_what_is_sent_twice(program: Program) -> None:
    first = program.post("/issues", NOTE, key="one")
    again = program.post("/issues", NOTE, key="one")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json == first.json
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert issues() == 1


def test_it_takes_a_key_for_one_request_only(program: Program) -> None:
    program.post("/issues", NOTE, key="one")
    other = program.post("/issues", {**NOTE, "subject": "Another"}, key="one")
    assert other.status_code == 422
    assert other.json["type"].endswith("#problem-key-used")
    assert issues() == 1


def test_it_keeps_the_keys_of_programs_apart(program_with: Callable[..., Program]) -> None:
    ann, ben = program_with(*Scope), program_with(*Scope)
    ann.post("/issues", NOTE, key="one")
    assert "Idempotency-Replayed" not in ben.post("/issues", NOTE, key="one").headers
    assert issues() == 2


def test_it_lets_a_request_that_failed_be_tried_again(program: Program) -> None:
    bad = program.post("/issues", {**NOTE, "newsletter": "none"}, key="one")
    assert bad.status_code == 422
    assert program.post("/issues", NOTE, key="one").status_code == 201


def test_it_tries_once_more_where_another_request_came_between(
    program: Program, database: Engine
) -> None:
    just_before(database, "INSERT INTO issue", lose_a_deadlock)
    first = program.post("/issues", NOTE, key="one")
    assert first.status_code == 201
    again = program.post("/issues", NOTE, key="one")
    assert (again.json, again.headers["Idempotency-Replayed"]) == (first.json, "true")
    assert issues() == 1


def test_it_says_that_the_first_request_is_under_way(program: Program) -> None:
    program.post("/issues", NOTE, key="one")
    with session_scope() as session:
        session.scalars(select(IdempotencyKey)).one().status = None
    answer = program.post("/issues", NOTE, key="one")
    assert answer.status_code == 409
    assert answer.json["type"].endswith("#problem-under-way")
    assert answer.headers["Retry-After"] == "1"


def test_it_takes_over_from_a_process_that_died(program: Program) -> None:
    program.post("/issues", NOTE, key="one")
    with session_scope() as session:
        kept = session.scalars(select(IdempotencyKey)).one()
        kept.status, kept.created_at = None, wall_clock() - timedelta(minutes=3)
    assert program.post("/issues", NOTE, key="one").status_code == 201
    assert issues() == 2


def test_it_undoes_a_request_so_slow_that_another_took_its_key_over(program: Program) -> None:
    program.get("/newsletters")
    with session_scope() as session:
        token = session.scalars(select(ApiToken.id)).one()
    asked, later = wall_clock(), wall_clock() + timedelta(minutes=3)
    done = Response("{}", status=201)
    with once.claimed(token, "one", "the same", asked) as slow:
        with (
            once.claimed(token, "one", "the same", later) as quick,
            session_scope() as session,
        ):
            once.keep(session, quick, done)
        with session_scope() as session, pytest.raises(Problem, match="under way"):
            once.keep(session, slow, done)
    with once.claimed(token, "one", "the same", later) as again:
        assert again.answer is not None, "what the quick one answered is kept"


def test_it_does_once_what_comes_at_the_same_time(
    app: object, program: Program, program_with: Callable[..., Program]
) -> None:
    together = threading.Barrier(4)
    codes: list[int] = []

    def ask() -> None:
        mine = Program(program.client.application.test_client(), program.token)
        together.wait(30)
        codes.append(mine.post("/issues", NOTE, key="one").status_code)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(codes) <= {201, 409}
    assert 201 in codes
    assert issues() == 1


def test_it_keeps_an_answer_for_a_day(program: Program) -> None:
    program.post("/issues", NOTE, key="one")
    with session_scope() as session:
        at = session.scalars(select(IdempotencyKey)).one().created_at
        assert forget_old_keys(session, at + timedelta(hours=24)) == 0
        assert forget_old_keys(session, at + timedelta(hours=24, seconds=1)) == 1


@one_database
@pytest.mark.parametrize("key", ["", "two words", "x" * 256, "ümlaut"])
def test_it_refuses_a_key_that_is_none(program: Program, key: str) -> None:
    assert program.post("/issues", NOTE, key=key).status_code == 400
    assert issues() == 0

"""Who gets in, how often, and what a program reads when something is wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import select

from service import config
from service.db import session_scope
from service.models import ApiToken, Role, User
from service.staff.tokens import Scope, revoke_token
from service.web.asking import now as wall_clock
from tests.api.conftest import Program, one_database

pytestmark = one_database


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def token_row() -> ApiToken:
    with session_scope() as session:
        return session.scalars(select(ApiToken)).one()


def test_it_keeps_nothing_of_a_token_but_its_hash(program: Program) -> None:
    row = token_row()
    kept = [value for value in vars(row).values() if isinstance(value, str)]
    assert not any(program.token in value for value in kept)
    assert program.token.startswith(row.hint)
    assert len(row.hint) <= 10


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Bearer nobody", "Basic YTpi", "bsk_naked"]
)
def test_it_lets_nobody_in_without_a_token(client: FlaskClient, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = client.get("/api/v1/newsletters", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.json["type"].endswith("#problem-no-token")


def test_it_lets_no_revoked_token_in(program: Program) -> None:
    assert program.get("/newsletters").status_code == 200
    with session_scope() as session:
        revoke_token(session, token_row().id, wall_clock())
    assert program.get("/newsletters").status_code == 401


def test_it_asks_for_the_scope_of_each_thing(program_with: Callable[..., Program]) -> None:
    program = program_with(Scope.SUBSCRIBERS_READ, Scope.ISSUES_WRITE)
    assert program.get("/subscribers").status_code == 200
    answer = program.post("/subscribers", {})
    assert answer.status_code == 403
    assert "subscribers:write" in answer.json["detail"]
    assert program.get("/issues").status_code == 403
    assert program.post("/issues/1/send", {"expected_audience": 1}).status_code == 403


def test_it_leaves_only_reading_to_the_token_of_a_viewer(program: Program, owner: User) -> None:
    with session_scope() as session:
        session.get_one(User, owner.id).role = Role.VIEWER
    assert program.get("/subscribers").status_code == 200
    answer = program.post("/suppressions", {"email": "a@example.org", "detail": "asked for"})
    assert answer.status_code == 403


def test_it_notes_the_use_of_a_token_at_most_once_a_minute(program: Program) -> None:
    program.get("/newsletters")
    first = token_row().last_used_at
    assert first is not None
    program.get("/newsletters")
    assert token_row().last_used_at == first
    with session_scope() as session:
        token = session.scalars(select(ApiToken)).one()
        token.last_used_at = first - timedelta(minutes=2)
    program.get("/newsletters")
    assert token_row().last_used_at > first - timedelta(minutes=1)


def test_it_counts_requests_by_token(
    redis: Redis, program_with: Callable[..., Program], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROADSHEET_API_RATE", "2")
    config.settings.cache_clear()
    program = program_with(Scope.SUBSCRIBERS_READ)
    first = program.get("/newsletters")
    assert first.headers["RateLimit-Policy"] == '"token";q=2;w=60'
    assert first.headers["RateLimit"].startswith('"token";r=1;t=')
    codes = [program.get("/issues").status_code for _ in range(3)]
    assert 429 in codes, "what it may not do is not counted"  # a minute may end in between
    over = next(
        answer
        for answer in (program.get("/newsletters") for _ in range(4))
        if answer.status_code == 429
    )
    assert 1 <= int(over.headers["Retry-After"]) <= 60
    assert over.headers["RateLimit"].startswith('"token";r=0;')
    assert over.json["type"].endswith("#problem-too-many")


def test_it_works_while_redis_is_away(program: Program) -> None:
    answer = program.get("/newsletters")
    assert answer.status_code == 200
    assert "RateLimit" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/subscribers/99", 404),
        ("GET", "/subscribers/none", 404),
        ("GET", "/newsletters/none", 404),
        ("DELETE", "/newsletters", 405),
        ("POST", "/subscribers/1", 405),
    ],
)
def test_it_says_in_json_what_is_not_there(
    program: Program, method: str, path: str, status: int
) -> None:
    answer = program.ask(method, path)
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert answer.json["status"] == status
    assert answer.json["detail"]


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[]", "application/json", 422),
        (b'"{}"', "application/json", 422),
        (b"email=a@example.org", "application/x-www-form-urlencoded", 415),
        (b"{}", "text/plain", 415),
        (b'{"email": "' + b"a" * 1_100_000 + b'"}', "application/json", 413),
    ],
)
def test_it_reads_json_strictly(
    program: Program, body: bytes, content_type: str, status: int
) -> None:
    answer = program.ask("POST", "/suppressions", data=body, content_type=content_type)
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"


def test_it_names_each_field_that_is_wrong(program: Program) -> None:
    answer = program.post(
        "/subscribers", {"newsletter": "Report!", "email": 5, "nmae": "Ann", "tags": ["ok", 7]}
    )
    assert answer.status_code == 422
    fields = {one["field"]: one["message"] for one in answer.json["errors"]}
    assert set(fields) == {"newsletter", "email", "nmae", "tags.1"}
    assert "no such field" in fields["nmae"]


def test_it_refuses_a_filter_that_it_does_not_know(program: Program) -> None:
    answer = program.get("/subscribers?sate=active")
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == "sate"


def test_it_breaks_in_json(app: Flask, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    app.testing = False

    def broken(*_: object) -> None:
        raise RuntimeError("out of luck")

    monkeypatch.setattr("service.web.api.stats.counted", broken)
    issue = program.post(
        "/issues", {"newsletter": "report", "subject": "A note", "markdown": "Hi."}
    ).json
    answer = program.get(f"/issues/{issue['id']}/stats")
    assert answer.status_code == 500
    assert answer.mimetype == "application/problem+json"
    assert "out of luck" not in answer.text


def test_it_sets_no_cookie_and_lets_no_other_site_read(program: Program) -> None:
    answer = program.get("/newsletters", Origin="https://elsewhere.example")
    assert "Set-Cookie" not in answer.headers
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]
    assert answer.headers["Cache-Control"] == "no-store"


def test_it_takes_no_login_for_a_token(app: Flask, client: FlaskClient) -> None:
    client.set_cookie("broadsheet", "anything")
    assert client.get("/api/v1/newsletters").status_code == 401

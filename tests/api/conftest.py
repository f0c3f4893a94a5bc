"""A program with a token, before the application on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from service.db import session_scope
from service.models import Newsletter, Role, User
from service.staff.tokens import Scope, make_token
from service.staff.users import invite
from service.web.asking import now as wall_clock
from tests.web.apps import shared
from tests.web.report import add_report

one_database = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
"""For what no database does differently."""

OWNER = "owner@news.example.org"


@dataclass
class Program:
    """Asks the API with a token of its own."""

    client: FlaskClient
    token: str

    def ask(
        self,
        method: str,
        path: str,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> TestResponse:
        given = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        return self.client.open(f"/api/v1{path}", method=method, json=json, headers=given, **more)

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.ask("GET", path, headers=headers)

    def post(self, path: str, json: Any, key: str | None = None) -> TestResponse:
        return self.ask("POST", path, json, {} if key is None else {"Idempotency-Key": key})

    def patch(self, path: str, json: Any, **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask("PATCH", path, json, named)


@pytest.fixture
def newsletter(database: Engine, now: datetime) -> Newsletter:
    return add_report(now)


@pytest.fixture
def app(newsletter: Newsletter) -> Iterator[Flask]:
    with shared() as app:
        yield app


@pytest.fixture
def owner(database: Engine) -> User:
    with session_scope() as session:
        return invite(session, OWNER, Role.OWNER, wall_clock())  # no password to be hashed


@pytest.fixture
def program_with(app: Flask, owner: User) -> Callable[..., Program]:
    """A program whose token has the named scopes."""

    def make(*scopes: Scope) -> Program:
        with session_scope() as session:
            asked = [scope.value for scope in scopes]
            _, text = make_token(session, session.merge(owner), "A shop", asked, wall_clock())
        return Program(app.test_client(), text)

    return make


@pytest.fixture
def program(program_with: Callable[..., Program]) -> Program:
    """A program that may do everything."""
    return program_with(*Scope)

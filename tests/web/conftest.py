"""The application on both databases, a newsletter, a reader, an editor."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from service.audience.addresses import parse_address
from service.audience.joining import Reader, add_confirmed
from service.config import settings
from service.db import session_scope
from service.issues.words import follow, sections_now
from service.models import Entry, Issue, IssueKind, IssueState, Newsletter, Role, Subscription
from service.staff.users import add_user
from service.web.asking import now as wall_clock
from tests.web.apps import shared
from tests.web.browsing import EDITOR, PASSWORD, post
from tests.web.issues import headlines
from tests.web.report import add_report


@pytest.fixture
def newsletter(database: Engine, now: datetime) -> Newsletter:
    return add_report(now)


@pytest.fixture
def app(newsletter: Newsletter, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    monkeypatch.setenv("BROADSHEET_UNDO_SECONDS", "0")  # no timer outlives its test
    settings.cache_clear()
    with shared() as app:
        app.config["SIGN_UP_SECONDS"] = 0.0
        yield app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def reader(newsletter: Newsletter, now: datetime) -> Subscription:
    """ann@example.org, who gets the newsletter."""
    with session_scope() as session:
        add_confirmed(session, newsletter, Reader(parse_address("ann@example.org")), now)
        return session.query(Subscription).one()


@pytest.fixture
def editor(app: Flask) -> FlaskClient:
    """A browser that is logged in as an owner."""
    with session_scope() as session:
        add_user(session, EDITOR, PASSWORD, Role.OWNER, wall_clock())
    client = app.test_client()
    answer = post(client, "/admin/login", "/admin/login", email=EDITOR, password=PASSWORD)
    assert answer.status_code == 302, answer.text
    return client


@pytest.fixture
def draft(newsletter: Newsletter, now: datetime) -> Issue:
    """Headlines 1 to 4 in AI Labs."""
    with session_scope() as session:
        found = session.get_one(Newsletter, newsletter.id)
        row = Issue(
            newsletter=found,
            kind=IssueKind.DAILY,
            number=7,
            local_date=date(2026, 11, 20),
            state=IssueState.DRAFT,
            subject="",
            created_at=now,
        )
        session.add(row)
        session.flush()
        session.add_all(
            Entry(
                issue_id=row.id,
                section="labs",
                position=place,
                key=f"item:{place + 1}",
                data=value.model_dump(mode="json") | {"url": f"https://lab.example/{place + 1}"},
            )
            for place, value in enumerate(headlines(4, now))
        )
        session.flush()
        follow(row, sections_now(session, row))
    return row

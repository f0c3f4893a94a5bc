"""A question on the screen: nobody else waits for its answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import click
import pytest
from click.testing import Result
from sqlalchemy import Engine

from service.db import session_scope
from service.issues.approve import compose_manual
from service.models import Issue, IssueState
from tests.delivery.rows import a_newsletter, add_readers


def test_it_lets_others_write_while_it_asks(
    run: Callable[..., Result], database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    with session_scope() as session:
        owner = a_newsletter(session, now)
        add_readers(session, owner, 1, now)
        issue = compose_manual(session, owner, "A note", "Good *morning*.", now)

    def think(question: str, **_: object) -> bool:
        with session_scope() as session:
            add_readers(session, session.get_one(type(owner), owner.id), 1, now, name="newcomer")
        return True

    monkeypatch.setattr(click, "confirm", think)
    assert run("send", "report/1").exit_code == 0
    with session_scope() as session:
        assert session.get_one(Issue, issue.id).state is IssueState.APPROVED

"""An issue that is sent now can be taken back for some seconds, and nothing has gone then."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from time_machine import Traveller, travel

from service.config import settings
from service.db import session_scope
from service.doorbell import Bell
from service.issues.approve import compose_manual
from service.models import (
    Audit,
    Delivery,
    Issue,
    IssueState,
    Newsletter,
    Subscription,
)
from service.web.asking import now as wall_clock
from tests.web.browsing import post, send_issue

WINDOW = timedelta(seconds=20)
SECOND = timedelta(seconds=1)

Rung = list[tuple[float, tuple[Bell, int]]]


@pytest.fixture
def rung(editor: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> Rung:
    """What is to be rung later, instead of timers that would outlive the test."""
    found: Rung = []

    class Timer:
        daemon = False

        def __init__(self, seconds: float, _publish: object, ring: tuple[Bell, int]) -> None:
            found.append((seconds, ring))

        def start(self) -> None:
            assert self.daemon, "the process could not end before the bell"

    monkeypatch.setattr("service.doorbell.Timer", Timer)
    monkeypatch.setenv("BROADSHEET_UNDO_SECONDS", "20")
    settings.cache_clear()
    return found


@pytest.fixture
def now() -> datetime:
    """Shortly after the editor logs in: a cookie of another day or of later is refused."""
    return wall_clock().replace(microsecond=0) + timedelta(minutes=1)


@pytest.fixture
def clock(now: datetime) -> Iterator[Traveller]:
    with travel(now, tick=False) as travelling:
        yield travelling


@pytest.fixture
def sent(
    editor: FlaskClient,
    newsletter: Newsletter,
    reader: Subscription,
    rung: Rung,
    clock: Traveller,
    now: datetime,
) -> Issue:
    """A manual issue that an editor has just sent to its one reader."""
    with session_scope() as session:
        found = session.get_one(Newsletter, newsletter.id)
        issue = compose_manual(session, found, "A note", "We **moved**.", now)
    to = f"/admin/issues/{issue.id}/send"
    shown = post(editor, to, to, when="now").text
    assert "after 20 seconds in which you can take it back" in shown
    assert send_issue(editor, issue.id, when="now", count="1").status_code == 303
    return issue


def work() -> int:
    """What workers and the tick do now; how many deliveries there are afterwards."""
    from workers.publish import dispatch_issue
    from workers.tend import due_rings

    with session_scope() as session:
        rings = list(due_rings(session, wall_clock()))
        known = session.scalars(select(Issue.id)).all()
    for bell, issue_id in rings:
        if bell is Bell.DISPATCH:
            dispatch_issue(issue_id)
    for issue_id in known:
        dispatch_issue(issue_id)  # as if it had been rung for at the wrong time
    with session_scope() as session:
        return session.execute(select(func.count()).select_from(Delivery)).scalar_one()


def state(issue: Issue) -> IssueState:
    with session_scope() as session:
        return session.get_one(Issue, issue.id).state


def test_it_leaves_when_the_window_is_over(
    sent: Issue, rung: Rung, clock: Traveller, now: datetime
) -> None:
    assert rung == [(20.0, (Bell.DISPATCH, sent.id))]
    assert work() == 0
    clock.move_to(now + WINDOW - SECOND)
    assert work() == 0
    clock.move_to(now + WINDOW)
    assert work() == 1
    assert state(sent) is IssueState.SENDING


def test_it_is_a_draft_again_and_nothing_goes_when_it_is_taken_back(
    editor: FlaskClient, sent: Issue, clock: Traveller, now: datetime
) -> None:
    clock.move_to(now + WINDOW - SECOND)
    page = f"/admin/issues/{sent.id}"
    post(editor, page, f"{page}/undo")
    assert "Taken back: nothing was sent." in editor.get(page).text
    assert state(sent) is IssueState.DRAFT
    clock.move_to(now + 10 * WINDOW)
    assert work() == 0
    assert state(sent) is IssueState.DRAFT
    with session_scope() as session:
        last = session.scalars(select(Audit).order_by(Audit.id.desc())).first()
        assert last is not None
        assert last.action == "issue.undo"


def test_it_can_be_sent_anew_after_that(
    editor: FlaskClient, sent: Issue, clock: Traveller, now: datetime
) -> None:
    page = f"/admin/issues/{sent.id}"
    post(editor, page, f"{page}/undo")
    send_issue(editor, sent.id, when="now", count="1")
    clock.move_to(now + WINDOW)
    assert work() == 1


def test_it_says_so_when_it_is_too_late(
    editor: FlaskClient, sent: Issue, clock: Traveller, now: datetime
) -> None:
    clock.move_to(now + WINDOW)
    assert work() == 1
    page = f"/admin/issues/{sent.id}"
    post(editor, page, f"{page}/undo")
    assert "too late to take it back" in editor.get(page).text
    assert state(sent) is IssueState.SENDING


def test_its_page_counts_down_and_offers_to_undo(
    editor: FlaskClient, sent: Issue, clock: Traveller, now: datetime
) -> None:
    clock.move_to(now + 5 * SECOND)
    page = editor.get(f"/admin/issues/{sent.id}").text
    assert re.search(r"Leaves in .*data-countdown>15<", page)
    assert ">Undo</button>" in page
    clock.move_to(now + WINDOW + SECOND)
    assert "Leaves now" in editor.get(f"/admin/issues/{sent.id}/counts").text


def test_it_has_no_window_for_an_issue_with_an_hour(
    editor: FlaskClient, sent: Issue, rung: Rung, now: datetime
) -> None:
    page = f"/admin/issues/{sent.id}"
    post(editor, page, f"{page}/undo")
    rung.clear()
    at = (now + timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M")  # Berlin is an hour ahead
    send_issue(editor, sent.id, when="at", at=at, count="1")
    assert rung == []
    shown = editor.get(page).text
    assert ">Undo</button>" not in shown
    assert ">Back to draft</button>" in shown


def test_it_has_no_window_when_the_setting_is_0(
    editor: FlaskClient, sent: Issue, rung: Rung, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = f"/admin/issues/{sent.id}"
    post(editor, page, f"{page}/undo")
    rung.clear()
    monkeypatch.setenv("BROADSHEET_UNDO_SECONDS", "0")
    settings.cache_clear()
    send_issue(editor, sent.id, when="now", count="1")
    assert rung == []
    assert work() == 1

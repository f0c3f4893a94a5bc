"""Pausing, stopping and trying again at the desk, in exact words."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from service.audience.addresses import parse_address
from service.audience.choices import Wanted
from service.audience.joining import Reader, add_all_confirmed
from service.audience.preferences import Preferences
from service.db import engine, session_scope
from service.delivery.plan import plan_issue
from service.issues.approve import approve, compose_manual
from service.models import (
    Audit,
    BatchState,
    Delivery,
    DeliveryBatch,
    DeliveryState,
    Issue,
    IssueState,
    MailFormat,
    Newsletter,
    Role,
)
from service.rendering.variants import render_missing_variants
from service.staff.users import add_user
from service.web.asking import now as wall_clock
from tests.web.browsing import PASSWORD, post

READERS = 5
S = DeliveryState


@pytest.fixture
def sending(newsletter: Newsletter, now: datetime) -> Issue:
    """Two of five messages are out."""
    at = wall_clock() - timedelta(hours=1)
    with session_scope() as session:
        owner = session.get_one(Newsletter, newsletter.id)
        join(session, owner, "reader", READERS, at)
        issue = compose_manual(session, owner, "A note", "We **moved**.", at)
        approve(session, issue, at)
        render_missing_variants(session, issue, at)
    with Session(engine()) as session, session.begin():
        plan_issue(session, issue.id, at, batch_size=3)
    with session_scope() as session:
        rows = session.scalars(select(Delivery).order_by(Delivery.id)).all()
        rows[0].state, rows[1].state = S.DELIVERED, S.REJECTED
        rows[0].attempt = rows[1].attempt = 1
        rows[1].reason = "MESSAGE_REJECTED: said so"
    return issue


def join(
    session: Session,
    owner: Newsletter,
    name: str,
    count: int,
    at: datetime,
    *,
    wanted: MailFormat = MailFormat.HTML,
) -> None:
    preferences = Preferences(wanted=Wanted(mail_format=wanted))
    emails = [f"{name}{number}@example.org" for number in range(count)]
    readers = [Reader(parse_address(email), preferences) for email in emails]
    add_all_confirmed(session, owner, readers, at)


def end(issue: Issue, *states: DeliveryState) -> None:
    """All messages in these states, in turn, and the issue sent."""
    with session_scope() as session:
        rows = session.scalars(select(Delivery).order_by(Delivery.id)).all()
        for place, row in enumerate(rows):
            row.state, row.attempt = states[place % len(states)], 1
        session.execute(update(DeliveryBatch).values(state=BatchState.DONE))
        session.get_one(Issue, issue.id).state = IssueState.SENT


def found(issue: Issue) -> Issue:
    with session_scope() as session:
        return session.get_one(Issue, issue.id)


def queued() -> int:
    with session_scope() as session:
        waiting = select(func.count()).where(Delivery.state == S.QUEUED)
        return session.execute(waiting).scalar_one()


def audited() -> Audit:
    with session_scope() as session:
        return session.scalars(select(Audit).order_by(Audit.id.desc())).all()[0]


def test_it_pauses_and_goes_on_and_says_how_many_wait(editor: FlaskClient, sending: Issue) -> None:
    page = f"/admin/issues/{sending.id}"
    post(editor, page, f"{page}/pause")
    shown = editor.get(page).text
    assert "Paused. 3 not sent yet." in shown
    assert "Paused by editor@news.example.org." in shown
    assert ">Go on sending</button>" in shown
    assert (found(sending).state, audited().action) == (IssueState.HELD, "issue.pause")

    post(editor, page, f"{page}/resume")
    assert "It goes on. 3 not sent yet." in editor.get(page).text
    assert (found(sending).state, audited().action) == (IssueState.SENDING, "issue.resume")


def test_it_stops_for_good_and_says_how_many_were_not_sent(
    editor: FlaskClient, sending: Issue
) -> None:
    page = f"/admin/issues/{sending.id}"
    post(editor, page, f"{page}/stop")
    shown = editor.get(page).text
    assert "Stopped: 3 not sent." in shown
    assert "Stopped by editor@news.example.org. 3 not sent." in shown
    assert queued() == 0
    assert (audited().action, audited().detail) == ("issue.stop", {"not_sent": 3})
    assert ">Go on sending</button>" not in shown
    assert editor.get(f"{page}/again").status_code == 303


def test_it_offers_what_failed_and_warns_of_what_may_have_gone(
    editor: FlaskClient, sending: Issue
) -> None:
    end(sending, S.DELIVERED, S.REJECTED, S.GIVEN_UP)
    page = f"/admin/issues/{sending.id}"
    assert "Try again (3)" in editor.get(page).text
    shown = editor.get(f"{page}/again").text
    assert "Try 2 again" in shown
    assert "Send 1 all the same" in shown
    assert "They would get it twice" in shown
    assert "Nobody has joined since" in shown

    post(editor, f"{page}/again", f"{page}/retry/rejected")
    assert "2 queued again." in editor.get(page).text
    assert (found(sending).state, queued()) == (IssueState.SENDING, 2)
    assert audited().detail == {"failed": "rejected", "queued": 2}

    post(editor, f"{page}/again", f"{page}/retry/given_up")
    assert queued() == 3


@pytest.mark.parametrize("state", ["delivered", "unknown", "queued", "skipped"])
def test_it_never_tries_again_what_did_not_fail(
    state: str, editor: FlaskClient, sending: Issue
) -> None:
    page = f"/admin/issues/{sending.id}"
    assert post(editor, f"{page}/again", f"{page}/retry/{state}").status_code == 404


def test_it_sends_to_those_who_joined_late_also_what_nobody_had_chosen(
    editor: FlaskClient, sending: Issue, newsletter: Newsletter
) -> None:
    end(sending, S.DELIVERED)
    with session_scope() as session:
        owner = session.get_one(Newsletter, newsletter.id)
        join(session, owner, "late", 2, wall_clock(), wanted=MailFormat.TEXT)
    page = f"/admin/issues/{sending.id}"
    assert "Send it to 2 readers" in editor.get(f"{page}/again").text
    post(editor, f"{page}/again", f"{page}/latecomers")
    assert "It goes to 2 who joined since." in editor.get(page).text
    assert (found(sending).state, found(sending).audience_count) == (IssueState.SENDING, 7)
    assert audited().detail == {"readers": 2}
    post(editor, f"{page}/again", f"{page}/latecomers")
    assert found(sending).audience_count == 7


def test_it_offers_nothing_of_a_draft(editor: FlaskClient, draft: Issue) -> None:
    page = f"/admin/issues/{draft.id}"
    assert editor.get(f"{page}/again").status_code == 303
    for to in ("latecomers", "retry/rejected"):
        post(editor, page, f"{page}/{to}")
        assert "draft" in editor.get(page).text
    assert found(draft).state is IssueState.DRAFT


def test_it_lets_a_viewer_look_and_do_nothing(app: Flask, sending: Issue) -> None:
    with session_scope() as session:
        add_user(session, "vic@example.org", PASSWORD, Role.VIEWER, wall_clock())
    viewer = app.test_client()
    post(viewer, "/admin/login", "/admin/login", email="vic@example.org", password=PASSWORD)
    page = f"/admin/issues/{sending.id}"
    shown = viewer.get(page).text
    assert "Stop for good" not in shown
    assert "Who got what" in shown
    assert viewer.get(f"{page}/again").status_code == 403
    for to in ("pause", "stop", "undo", "latecomers", "retry/rejected"):
        assert post(viewer, "/admin/", f"{page}/{to}").status_code == 403
    assert found(sending).state is IssueState.SENDING

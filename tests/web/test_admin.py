"""The desk: who gets in, and how an issue goes out."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from service.audience.addresses import parse_address
from service.audience.joining import Reader, add_confirmed
from service.audience.subscribe import unsubscribe
from service.db import session_scope
from service.issues.approve import compose_manual
from service.models import (
    Audit,
    Issue,
    IssueState,
    Newsletter,
    Notice,
    NoticeKind,
    Role,
    Subscription,
    Suppression,
    SuppressionReason,
    Timing,
)
from service.staff.users import add_user
from service.web.asking import now as wall_clock
from tests.web.browsing import EDITOR, PASSWORD, post, send_issue

PAGES = ["/admin/", "/admin/issues/", "/admin/issues/new", "/admin/subscribers"]


@pytest.fixture
def draft(newsletter: Newsletter, now: datetime) -> Issue:
    with session_scope() as session:
        found = session.get_one(Newsletter, newsletter.id)
        return compose_manual(session, found, "A note", "We **moved**.", now)


def test_it_counts_the_readers_who_will_get_it(
    editor: FlaskClient, newsletter: Newsletter, reader: Subscription
) -> None:
    with session_scope() as session:
        found = session.get_one(Newsletter, newsletter.id)
        for name in ("bob", "cid"):
            at = newsletter.created_at
            add_confirmed(session, found, Reader(parse_address(f"{name}@example.org")), at)
        bob, cid = session.scalars(select(Subscription).where(Subscription.id != reader.id)).all()
        bob.paused_until = wall_clock() + timedelta(days=7)
        session.add(
            Suppression(
                email_hash=cid.subscriber.email_hash,
                reason=SuppressionReason.BOUNCE,
                created_at=wall_clock(),
            )
        )
    page = " ".join(editor.get("/admin/").text.split())
    assert "1 reader gets issues" in page
    assert "1 paused, 1 suppressed: not counted" in page


@pytest.mark.parametrize(
    ("waits", "reminders", "shown"), [(False, 0, "draft"), (True, 1, "waits"), (True, 3, "held")]
)
def test_it_says_whether_a_draft_waits_or_was_held(
    waits: bool, reminders: int, shown: str, editor: FlaskClient, draft: Issue
) -> None:
    with session_scope() as session:
        row = session.get_one(Issue, draft.id)
        row.waiting_since, row.reminders = wall_clock() if waits else None, reminders
        row.reason = "Held: nobody approved it." if shown == "held" else None
    for page in ("/admin/", "/admin/issues/", f"/admin/issues/{draft.id}"):
        assert f'<span class="state {shown}">{shown}</span>' in editor.get(page).text, page


def issue(identity: int) -> Issue:
    with session_scope() as session:
        return session.get_one(Issue, identity)


def actions() -> list[str]:
    with session_scope() as session:
        return list(session.scalars(select(Audit.action).order_by(Audit.id)))


def send(editor: FlaskClient, draft: Issue, **form: str) -> TestResponse:
    return send_issue(editor, draft.id, **{"when": "now", "timing": "now", **form})


@pytest.mark.parametrize("page", [*PAGES, "/admin/issues/1", "/admin/issues/1/preview.html"])
def test_it_shows_nothing_without_a_login(page: str, client: FlaskClient) -> None:
    answer = client.get(page)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/admin/login")


@pytest.mark.parametrize("page", PAGES)
def test_it_shows_every_page_to_an_editor(page: str, editor: FlaskClient) -> None:
    assert editor.get(page).status_code == 200


def test_it_answers_alike_for_a_wrong_password_and_an_unknown_account(
    client: FlaskClient, editor: FlaskClient
) -> None:
    def refused(email: str) -> tuple[int, str]:
        answer = post(client, "/admin/login", "/admin/login", email=email, password="wrong")
        text = re.sub(r'(name="csrf_token" value=")[^"]*', r"\1", answer.text)
        return answer.status_code, text.replace(email, "")

    assert refused(EDITOR) == refused("nobody@news.example.org")


def test_it_locks_an_account_after_five_wrong_tries(
    app: Flask, client: FlaskClient, editor: FlaskClient
) -> None:
    for _ in range(5):
        post(client, "/admin/login", "/admin/login", email=EDITOR, password="wrong")
    answer = post(client, "/admin/login", "/admin/login", email=EDITOR, password=PASSWORD)
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        ("/admin/subscribers", "/admin/subscribers"),
        ("https://evil.example/admin/", "/admin/"),
        ("//evil.example/admin/", "/admin/"),
        ("/admin/\\evil", "/admin/"),
        ("/\t/evil.example", "/admin/"),
    ],
)
def test_it_goes_on_to_pages_of_the_admin_only(
    asked: str, place: str, client: FlaskClient, editor: FlaskClient
) -> None:
    form = {"email": EDITOR, "password": PASSWORD, "next": asked}
    answer = post(client, "/admin/login", "/admin/login", **form)
    assert answer.headers["Location"] == place


def test_it_logs_out(editor: FlaskClient) -> None:
    assert post(editor, "/admin/", "/admin/logout").status_code == 302
    assert editor.get("/admin/").status_code == 302


def test_it_lets_a_viewer_look_and_not_send(app: Flask, draft: Issue) -> None:
    viewer = app.test_client()
    with session_scope() as session:
        add_user(session, "viewer@example.org", PASSWORD, Role.VIEWER, wall_clock())
    post(viewer, "/admin/login", "/admin/login", email="viewer@example.org", password=PASSWORD)
    page = viewer.get(f"/admin/issues/{draft.id}")
    assert page.status_code == 200
    assert "Send …" not in page.text
    assert viewer.get(f"/admin/issues/{draft.id}/send").status_code == 403
    assert post(viewer, "/admin/", f"/admin/issues/{draft.id}/send").status_code == 403


def test_it_names_the_exact_number_before_it_sends(
    editor: FlaskClient, draft: Issue, reader: Subscription
) -> None:
    answer = send(editor, draft)
    assert "Send it to 1 reader" in answer.text
    assert issue(draft.id).state is IssueState.DRAFT


def test_it_sends_to_the_number_that_was_named(
    editor: FlaskClient, draft: Issue, reader: Subscription
) -> None:
    assert send(editor, draft, count="1").status_code == 303
    sent = issue(draft.id)
    assert sent.state is IssueState.APPROVED
    assert sent.timing is Timing.NOW
    assert "issue.approve" in actions()


def test_it_asks_again_when_the_number_changed(
    editor: FlaskClient, draft: Issue, reader: Subscription, newsletter: Newsletter, now: datetime
) -> None:
    with session_scope() as session:
        add_confirmed(session, newsletter, Reader(parse_address("bo@example.org")), now)
    answer = send(editor, draft, count="1")
    assert "The number of readers changed" in answer.text
    assert "Send it to 2 readers" in answer.text
    assert issue(draft.id).state is IssueState.DRAFT


def test_it_asks_again_when_the_words_changed(
    editor: FlaskClient, draft: Issue, reader: Subscription
) -> None:
    to, plan = f"/admin/issues/{draft.id}/send", {"when": "now", "timing": "now"}
    last = dict(re.findall(r'name="(count|content)" value="([^"]+)"', send(editor, draft).text))
    with session_scope() as session:
        session.get_one(Issue, draft.id).editorial = "We **mov"
    answer = post(editor, to, to, **plan, **last)
    assert "The issue was changed while you were looking" in answer.text
    assert issue(draft.id).state is IssueState.DRAFT


def test_it_says_who_is_left_out_and_why(
    editor: FlaskClient, draft: Issue, reader: Subscription, newsletter: Newsletter, now: datetime
) -> None:
    with session_scope() as session:
        add_confirmed(session, newsletter, Reader(parse_address("bo@example.org")), now)
        session.get_one(Subscription, reader.id).paused_until = wall_clock() + timedelta(days=3)
    page = send(editor, draft).text
    assert "<strong>1</strong> paused by themselves" in page
    assert "Send it to 1 reader" in page


def test_it_sends_nothing_when_nobody_would_get_it(editor: FlaskClient, draft: Issue) -> None:
    assert "Nobody would get it" in send(editor, draft, count="0").text
    assert issue(draft.id).state is IssueState.DRAFT


def test_it_counts_nobody_who_left(
    editor: FlaskClient, draft: Issue, reader: Subscription, now: datetime
) -> None:
    with session_scope() as session:
        unsubscribe(session, reader.id, now, how="page")
    assert "Nobody would get it" in send(editor, draft).text


def test_it_schedules_by_the_newsletters_clock(
    editor: FlaskClient, draft: Issue, reader: Subscription
) -> None:
    day = (wall_clock() + timedelta(days=40)).date().isoformat()
    form = {"when": "at", "at": f"{day}T07:30", "count": "1"}
    assert send(editor, draft, **form).status_code == 303
    scheduled = issue(draft.id).scheduled_at
    assert scheduled
    local = scheduled.astimezone(ZoneInfo("Europe/Berlin"))
    assert local.isoformat().startswith(f"{day}T07:30")


def test_it_asks_when_an_hour_is_given_and_now_is_chosen(
    editor: FlaskClient, draft: Issue, reader: Subscription
) -> None:
    day = (wall_clock() + timedelta(days=40)).date().isoformat()
    answer = send(editor, draft, when="now", at=f"{day}T07:30", count="1")
    assert answer.status_code == 400
    assert "Choose one, or clear the hour" in answer.text
    assert issue(draft.id).state is IssueState.DRAFT


@pytest.mark.parametrize("at", ["", "soon", "2001-01-01T00:00", "9999-12-31T23:59"])
def test_it_refuses_a_time_that_cannot_be(
    at: str, editor: FlaskClient, draft: Issue, reader: Subscription
) -> None:
    answer = send(editor, draft, when="at", at=at, count="1")
    assert answer.status_code == 400
    assert issue(draft.id).state is IssueState.DRAFT


def test_it_sends_no_issue_twice(editor: FlaskClient, draft: Issue, reader: Subscription) -> None:
    with session_scope() as session:
        session.get_one(Issue, draft.id).state = IssueState.SENT
    post(editor, "/admin/", f"/admin/issues/{draft.id}/send", when="now", count="1")
    assert "was sent already" in editor.get(f"/admin/issues/{draft.id}").text
    assert issue(draft.id).state is IssueState.SENT


def test_it_sends_a_test_copy_to_oneself(editor: FlaskClient, draft: Issue) -> None:
    page = f"/admin/issues/{draft.id}"
    post(editor, page, f"{page}/test")
    with session_scope() as session:
        notice = session.scalars(select(Notice)).one()
    assert (notice.kind, notice.address) == (NoticeKind.TEST, EDITOR)


def test_it_holds_releases_and_stops(
    editor: FlaskClient, draft: Issue, reader: Subscription
) -> None:
    send(editor, draft, count="1")
    page = f"/admin/issues/{draft.id}"
    for step, state in [("pause", "held"), ("resume", "approved"), ("stop", "stopped")]:
        post(editor, page, f"{page}/{step}")
        assert issue(draft.id).state.value == state
    assert actions()[-3:] == ["issue.pause", "issue.resume", "issue.stop"]


def test_it_sends_nothing_of_an_archived_newsletter(
    editor: FlaskClient, draft: Issue, reader: Subscription, newsletter: Newsletter
) -> None:
    with session_scope() as session:
        session.get_one(Newsletter, newsletter.id).archived_at = wall_clock()
    refused = send(editor, draft)
    assert (refused.status_code, issue(draft.id).state) == (400, IssueState.DRAFT)
    assert "The Report is archived" in refused.text
    assert "There is no newsletter to write it for" in editor.get("/admin/issues/new").text
    home = editor.get("/admin/").text
    assert "Every newsletter is archived." in home
    assert "Next issue" not in home


def test_it_says_why_a_step_cannot_be_taken(editor: FlaskClient, draft: Issue) -> None:
    page = f"/admin/issues/{draft.id}"
    post(editor, page, f"{page}/stop")
    assert "cannot become stopped" in editor.get(page).text
    assert issue(draft.id).state is IssueState.DRAFT


@pytest.mark.parametrize("step", ["send", "test", "stop"])
def test_it_refuses_a_form_without_a_token(step: str, editor: FlaskClient, draft: Issue) -> None:
    assert editor.post(f"/admin/issues/{draft.id}/{step}").status_code == 400


def test_it_shows_the_mail_in_a_frame_that_can_do_nothing(
    editor: FlaskClient, draft: Issue
) -> None:
    answer = editor.get(f"/admin/issues/{draft.id}/preview.html")
    assert "<strong" in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert "sandbox" in policy
    assert "script-src" not in policy
    assert "default-src 'none'" in policy


def test_it_shows_the_text_part(editor: FlaskClient, draft: Issue) -> None:
    answer = editor.get(f"/admin/issues/{draft.id}/preview.txt")
    assert answer.content_type == "text/plain; charset=utf-8"
    assert "We moved." in answer.text


def test_it_finds_subscribers(
    editor: FlaskClient, reader: Subscription, newsletter: Newsletter, now: datetime
) -> None:
    with session_scope() as session:
        add_confirmed(session, newsletter, Reader(parse_address("bo@example.org")), now)
    page = editor.get("/admin/subscribers?q=ANN").text
    assert "ann@example.org" in page
    assert "bo@example.org" not in page


@pytest.mark.parametrize(
    "query", ["q=%00%25_'", "before=-1", "before=99999999999999999999", "state=x"]
)
def test_it_survives_odd_searches(query: str, editor: FlaskClient) -> None:
    assert editor.get(f"/admin/subscribers?{query}").status_code == 200


def test_it_leads_an_editor_back_to_the_desk_from_a_page_that_is_gone(editor: FlaskClient) -> None:
    page = editor.get("/admin/issues/999")
    assert page.status_code == 404
    assert "There is no such page" in page.text
    assert 'href="/admin/"' in page.text

"""A correction goes only to those whose mail held what was wrong; and who got what is shown."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from service.audience.addresses import parse_address
from service.audience.choices import Wanted
from service.audience.joining import Reader, add_all_confirmed
from service.audience.preferences import Preferences
from service.db import engine, read_scope, session_scope
from service.delivery.audience import count_audience
from service.delivery.plan import plan_issue
from service.issues.approve import approve
from service.models import (
    Audit,
    Delivery,
    DeliveryState,
    Event,
    Issue,
    IssueKind,
    Newsletter,
    Subscriber,
    Subscription,
    Timing,
)
from service.rendering.variants import render_missing_variants
from service.web.admin.issue import recipients
from service.web.asking import now as wall_clock
from tests.web.browsing import post


@pytest.fixture
def sent(newsletter: Newsletter, draft: Issue) -> Issue:
    """Headlines 1 to 4 in From the Wire, which ann reads and bob has switched off."""
    at = wall_clock() - timedelta(hours=1)
    with session_scope() as session:
        owner = session.get_one(Newsletter, newsletter.id)
        readers = [
            Reader(parse_address("ann@example.org")),
            Reader(
                parse_address("bob@example.org"), Preferences(wanted=Wanted(sections=("labs",)))
            ),
            Reader(parse_address("=cid@example.org")),
        ]
        add_all_confirmed(session, owner, readers, at)
        issue = session.get_one(Issue, draft.id)
        for entry in issue.entries[2:]:
            entry.section = "wire"
        session.flush()
        session.expire(issue)
        approve(session, issue, at, scheduled_at=at, timing=Timing.NOW)
        render_missing_variants(session, issue, at)
    with Session(engine()) as session, session.begin():
        plan_issue(session, draft.id, at, batch_size=10)
        session.execute(update(Delivery).values(state=DeliveryState.DELIVERED, attempt=1))
    return draft


def test_it_names_each_entry_with_how_many_got_it(editor: FlaskClient, sent: Issue) -> None:
    page = editor.get(f"/admin/issues/{sent.id}/correct").text
    rows = page.split("<tr>")[2:]
    readers = [row.rpartition('class="number">')[2].partition("<")[0] for row in rows]
    assert readers == ["3", "3", "3", "2", "2"]


def test_it_goes_only_to_those_whose_mail_held_it(
    editor: FlaskClient, sent: Issue, newsletter: Newsletter
) -> None:
    to = f"/admin/issues/new?correcting={sent.id}&entry=4"
    page = editor.get(to).text
    assert 'value="Correction: ' in page
    assert "2 got it" in page
    post(editor, to, "/admin/issues/new", correcting=str(sent.id), entry="4",
         newsletter="report", subject="Correction: it is 4", markdown="Sorry.")  # fmt: skip
    with session_scope() as session:
        made = session.scalars(select(Issue).order_by(Issue.id.desc())).all()[0]
        assert (made.kind, made.subject) == (IssueKind.MANUAL, "Correction: it is 4")
        assert count_audience(session, made, wall_clock()) == 2
    shown = editor.get(f"/admin/issues/{made.id}").text
    assert "A correction: it goes only to readers of" in shown
    last = post(editor, f"/admin/issues/{made.id}/send", f"/admin/issues/{made.id}/send").text
    assert "Send it to 2 readers" in last
    assert "<strong>1</strong> did not get what it corrects" in last


def test_it_leaves_out_who_was_refused_or_left_since(editor: FlaskClient, sent: Issue) -> None:
    with session_scope() as session:
        first = session.scalars(select(Delivery).order_by(Delivery.id)).all()[0]
        first.state = DeliveryState.REJECTED
    assert "2 got it" in editor.get(f"/admin/issues/new?correcting={sent.id}&entry=0").text


@pytest.mark.parametrize("asked", ["correcting=999", "correcting={id}&entry=77"])
def test_it_knows_no_correction_of_nothing(editor: FlaskClient, sent: Issue, asked: str) -> None:
    assert editor.get(f"/admin/issues/new?{asked.format(id=sent.id)}").status_code == 404


def test_it_shows_who_got_what_page_by_page(
    editor: FlaskClient, sent: Issue, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipients, "PAGE", 2)
    with session_scope() as session:
        row = session.scalars(select(Delivery).order_by(Delivery.id)).all()[0]
        row.state, row.reason = DeliveryState.BOUNCED, "Permanent/NoEmail"
        session.add(
            Event(dedupe_key="k", received_at=now, raw="{}", kind="Bounce", delivery_id=row.id)
        )
    page = f"/admin/issues/{sent.id}/readers"
    first = editor.get(page).text
    assert "Permanent/NoEmail" in first
    assert "Bounce " in first
    assert "More</a>" in first
    with session_scope() as session:
        ids = session.scalars(select(Delivery.subscriber_id).order_by(Delivery.subscriber_id)).all()
    rest = editor.get(f"{page}?after={ids[1]}").text
    assert "More</a>" not in rest
    assert rest.count("/admin/readers/") == 1
    assert editor.get(f"{page}?state=bounced").text.count("/admin/readers/") == 1
    assert editor.get(f"{page}?q=BOB@example.org").text.count("/admin/readers/") == 1
    assert "It was not planned for" in editor.get(f"{page}?q=eve@example.org").text


def test_it_gives_all_of_it_as_csv_in_pieces(
    editor: FlaskClient, sent: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipients, "CSV_PAGE", 1)
    answer = editor.get(f"/admin/issues/{sent.id}/readers.csv")
    assert answer.is_streamed
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert sorted(row["address"] for row in rows) == [
        "'=cid@example.org", "ann@example.org", "bob@example.org",
    ]  # fmt: skip
    assert {row["state"] for row in rows} == {"delivered"}
    with read_scope() as session:
        entry = session.scalars(select(Audit).order_by(Audit.id.desc()).limit(1)).one()
    assert (entry.action, entry.subject) == ("issue.readers.export", f"issue {sent.id}")


def test_it_shows_every_issue_of_a_reader_also_when_they_are_gone(
    editor: FlaskClient, sent: Issue
) -> None:
    with session_scope() as session:
        ann = session.scalars(
            select(Subscriber.id).where(Subscriber.email_key == "ann@example.org")
        ).one()
    assert f"/admin/readers/{ann}" in editor.get("/admin/subscribers").text
    page = editor.get(f"/admin/readers/{ann}").text
    assert f"/admin/issues/{sent.id}" in page
    assert "Delivered" in page
    with session_scope() as session:
        for one in session.scalars(select(Subscription).where(Subscription.subscriber_id == ann)):
            session.delete(one)
        session.delete(session.get_one(Subscriber, ann))
    assert "A reader who deleted their data" in editor.get(f"/admin/readers/{ann}").text
    assert editor.get("/admin/readers/999999").status_code == 404

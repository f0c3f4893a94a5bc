"""A reader's whole story at the desk, and what an editor does about them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from service.audience.subscribe import unsubscribe
from service.audience.suppression import is_suppressed, suppress
from service.audience.tags import tag, tags_of
from service.db import session_scope
from service.models import (
    Audit,
    Cadence,
    ConsentEvent,
    ConsentKind,
    Delivery,
    DeliveryBatch,
    DeliveryState,
    Event,
    Interaction,
    InteractionKind,
    Issue,
    MailFormat,
    Notice,
    NoticeKind,
    Role,
    Subscriber,
    Subscription,
    SubscriptionState,
    SuppressionReason,
    Variant,
    Wave,
)
from service.staff.users import add_user
from service.web.admin.readers import reader as reader_page
from service.web.asking import now as wall_clock
from tests.web.browsing import PASSWORD, csrf_of, post, subscription


@pytest.fixture
def page(reader: Subscription) -> str:
    return f"/admin/readers/{reader.subscriber_id}"


@pytest.fixture
def choices(reader: Subscription) -> str:
    return f"/admin/subscriptions/{reader.id}"


def actions() -> list[str]:
    """What was done to readers, by the audit log."""
    with session_scope() as session:
        query = select(Audit.action).where(Audit.subject.like("reader %")).order_by(Audit.id)
        return list(session.scalars(query))


def test_it_tells_what_was_chosen_and_agreed_to(
    editor: FlaskClient, page: str, reader: Subscription, now: datetime
) -> None:
    with session_scope() as session:
        row = session.get_one(Subscription, reader.id)
        row.subscriber.name, row.subscriber.language = "Ann Ångström", "de"
        row.cadence, row.send_hour, row.timezone = Cadence.WEEKLY, 6, "Asia/Tokyo"
        tag(session, row.subscriber_id, ["beta"])
    shown = editor.get(page).text
    for said in ("Ann Ångström", "reads in Deutsch", "weekly, at 06:00 Asia/Tokyo", "beta",
                 "imported", "origin: import", "1 line, none changed or taken out"):  # fmt: skip
        assert said in shown, said


def test_it_says_where_the_chain_of_consent_breaks(
    editor: FlaskClient, page: str, reader: Subscription, now: datetime
) -> None:
    with session_scope() as session:
        unsubscribe(session, reader.id, now, how="page")
        lines = update(ConsentEvent).where(ConsentEvent.kind == ConsentKind.UNSUBSCRIBED)
        session.execute(lines.values(detail={"how": "complaint"}))
    shown = editor.get(page).text
    assert "The chain does not hold from line 2 on." in shown
    assert "none changed" not in shown


def test_it_shows_the_first_lines_and_all_when_asked(
    editor: FlaskClient, page: str, choices: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_page, "LEDGER", 1)
    post(editor, page, f"{choices}/pause", days="7")
    assert "All 2 lines" in editor.get(page).text
    assert editor.get(page).text.count("<li value=") == 1
    assert editor.get(f"{page}?ledger=all").text.count("<li value=") == 2


def test_it_shows_every_message_and_what_was_told_of_it(
    editor: FlaskClient, page: str, reader: Subscription, draft: Issue, now: datetime
) -> None:
    with session_scope() as session:
        delivery = _delivered(session, draft, reader, now)
        session.add(
            Event(
                dedupe_key="k", received_at=now, raw="{}", kind="Delivery", delivery_id=delivery.id
            )
        )
        for machine, url in ((True, None), (False, "https://lab.example/1")):
            kind = InteractionKind.CLICK if url else InteractionKind.OPEN
            session.add(
                Interaction(
                    delivery_id=delivery.id,
                    issue_id=draft.id,
                    kind=kind,
                    at=now,
                    url=url,
                    machine=machine,
                )
            )
    shown = editor.get(page).text
    for said in ("Delivered", "Delivery ", "by a machine", "clicked ", "https://lab.example/1"):
        assert said in shown, said


def test_it_shows_the_service_s_own_mail_page_by_page(
    editor: FlaskClient, page: str, reader: Subscription, now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(reader_page, "NOTICES", 1)
    with session_scope() as session:
        for kind in (NoticeKind.CONFIRM, NoticeKind.WELCOME):
            notice = Notice(kind=kind, newsletter_id=reader.newsletter_id,
                            subscription_id=reader.id, address="ann@example.org",
                            state=DeliveryState.BOUNCED, reason="Permanent/NoEmail", due_at=now,
                            created_at=now, changed_at=now)  # fmt: skip
            session.add(notice)
        session.flush()
        session.add(Event(dedupe_key="n", received_at=now, raw="{}", kind="Bounce",
                          notice_id=notice.id))  # fmt: skip
        last = notice.id
    first = editor.get(page).text
    assert "welcome" in first
    assert "Bounce " in first
    assert '<th scope="row">confirm' not in first
    assert '<th scope="row">confirm' in editor.get(f"{page}?notices={last}").text


def test_it_tags_and_untags(editor: FlaskClient, page: str, reader: Subscription) -> None:
    post(editor, page, f"{page}/tags", tags="Beta, early reader")
    refused = post(editor, page, f"{page}/tags", tags="=cmd")
    assert refused.status_code == 400
    assert "cannot be a tag" in refused.text
    assert 'value="=cmd"' in refused.text
    post(editor, page, f"{page}/untag", tag="beta")
    with session_scope() as session:
        found = tags_of(session, [reader.subscriber_id])
    assert found == {reader.subscriber_id: ["early reader"]}
    assert actions() == ["reader.tag", "reader.untag"]


def test_it_keeps_name_and_language(editor: FlaskClient, page: str, reader: Subscription) -> None:
    post(editor, page, f"{page}/person", name="  Ann \n Ång ", language="de")
    post(editor, page, f"{page}/person", name="Ann Ång", language="tlh")
    with session_scope() as session:
        person = session.get_one(Subscriber, reader.subscriber_id)
        assert (person.name, person.language) == ("Ann Ång", "de")
    assert actions() == ["reader.edit"]


def test_it_asks_the_owner_of_a_new_address(editor: FlaskClient, page: str) -> None:
    said = post(editor, page, f"{page}/address", address="ann@new.example")
    assert "We asked ann@new.example to confirm." in editor.get(said.location).text
    with session_scope() as session:
        notice = session.scalars(select(Notice)).one()
        assert (notice.kind, notice.address) == (NoticeKind.CHANGE_ADDRESS, "ann@new.example")
        assert session.scalars(select(Subscriber.email)).all() == ["ann@example.org"]
    refused = post(editor, page, f"{page}/address", address="ann@")
    assert refused.status_code == 400
    assert 'value="ann@"' in refused.text


def test_it_suppresses_with_a_reason_and_allows_again_with_one(
    editor: FlaskClient, page: str, reader: Subscription
) -> None:
    assert post(editor, page, f"{page}/suppress", why=" ").status_code == 400
    post(editor, page, f"{page}/suppress", why="Their lawyer wrote.")
    shown = editor.get(page).text
    assert "Nothing is sent to this address" in shown
    assert "Their lawyer wrote." in shown
    assert "Next issue" not in shown
    refused = post(editor, page, f"{page}/allow", why="")
    assert "Say why mail may go to this address again." in refused.text
    post(editor, page, f"{page}/allow", why="They wrote again.")
    with session_scope() as session:
        person = session.get_one(Subscriber, reader.subscriber_id)
        assert not is_suppressed(session, person.email_hash)
    done = editor.get(page).text
    assert "reader.suppress" in done
    assert "suppression.lift" in done
    assert "They wrote again." in done


def test_it_says_why_mail_may_not_go(
    editor: FlaskClient, page: str, reader: Subscription, now: datetime
) -> None:
    with session_scope() as session:
        person = session.get_one(Subscriber, reader.subscriber_id)
        suppress(session, person.email_hash, SuppressionReason.BOUNCE, "550 no such user", now)
    shown = editor.get(page).text
    assert "its mail bounced" in shown
    assert "550 no such user" in shown


def test_it_chooses_for_a_reader_and_says_so_in_the_ledger(
    editor: FlaskClient, page: str, choices: str, reader: Subscription
) -> None:
    post(editor, f"{choices}/choices", f"{choices}/choices", cadence="weekly", format="text",
         hour="6", timezone="Asia/Tokyo", sections="papers", topics="cs.CL")  # fmt: skip
    row = subscription(reader.id)
    assert (row.cadence, row.send_hour, row.timezone) == (Cadence.WEEKLY, 6, "Asia/Tokyo")
    with session_scope() as session:
        choice = session.get_one(Subscription, reader.id).choice
        assert (choice.mail_format, choice.sections, choice.topics) == (
            MailFormat.TEXT, ["labs", "papers"], ["cs.CL"],
        )  # fmt: skip
        line = session.scalars(select(ConsentEvent).order_by(ConsentEvent.id.desc())).first()
        assert line is not None
        assert line.detail["by"] == "editor@news.example.org"
        assert line.detail["cadence"] == ["daily", "weekly"]
    assert "cadence: daily → weekly" in editor.get(page).text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"hour": "6", "timezone": ""}, "An hour needs a time zone"),
        ({"cadence": "hourly"}, "Something in the form was not one of its choices"),
        ({"sections": "sports"}, "There is no section"),
    ],
)
def test_it_says_what_cannot_be_chosen(
    editor: FlaskClient, choices: str, typed: dict[str, str], said: str
) -> None:
    form = {"cadence": "weekdays", "format": "html", **typed}
    refused = post(editor, f"{choices}/choices", f"{choices}/choices", **form)
    assert refused.status_code == 400
    assert said in refused.text
    if "cadence" not in typed:
        assert '<option value="weekdays" selected>' in refused.text


def test_it_pauses_and_goes_on(
    editor: FlaskClient, page: str, choices: str, reader: Subscription
) -> None:
    post(editor, page, f"{choices}/pause", days="30")
    until = subscription(reader.id).paused_until
    assert until is not None
    assert abs(until - wall_clock() - timedelta(days=30)) < timedelta(minutes=1)
    assert "paused until" in editor.get(page).text
    post(editor, page, f"{choices}/pause", days="0")
    assert subscription(reader.id).paused_until is None
    assert post(editor, page, f"{choices}/pause", days="9999").status_code == 400


def test_it_unsubscribes_for_them(
    editor: FlaskClient, page: str, choices: str, reader: Subscription
) -> None:
    post(editor, page, f"{choices}/unsubscribe", why="They rang us.")
    row = subscription(reader.id)
    assert row.state is SubscriptionState.UNSUBSCRIBED
    assert row.unsubscribe_reason is None  # the reasons of readers are the readers' own
    shown = editor.get(page).text
    assert "how: admin" in shown
    assert "They rang us." in shown
    again = post(editor, page, f"{choices}/unsubscribe")
    assert "They had left The Report already." in editor.get(again.location).text


def test_it_gives_a_reader_s_data_along(editor: FlaskClient, page: str) -> None:
    answer = editor.get(f"{page}/data.json")
    assert json.loads(answer.text)["address"] == "ann@example.org"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert actions() == ["reader.export"]


def test_it_deletes_a_reader_s_data(editor: FlaskClient, page: str, reader: Subscription) -> None:
    asked = editor.get(f"{page}/delete").text
    assert "Gone for good" in asked
    post(editor, f"{page}/delete", f"{page}/delete")
    with session_scope() as session:
        assert session.scalars(select(Subscriber)).all() == []
        line = session.scalars(select(ConsentEvent).order_by(ConsentEvent.id.desc())).first()
        assert line is not None
        assert line.detail == {"how": "deleted"}
    assert editor.get(page).status_code == 404
    assert actions() == ["reader.delete"]


@pytest.mark.parametrize(
    "to", ["{page}/tags", "{page}/suppress", "{page}/delete", "{choices}/pause",
           "{choices}/unsubscribe", "/admin/subscribers/add", "/admin/subscribers/tag"],
)  # fmt: skip
def test_it_lets_a_viewer_only_look(app: Flask, page: str, choices: str, to: str) -> None:
    with session_scope() as session:
        add_user(session, "viewer@news.example.org", PASSWORD, Role.VIEWER, wall_clock())
    viewer = app.test_client()
    post(viewer, "/admin/login", "/admin/login", email="viewer@news.example.org",
         password=PASSWORD)  # fmt: skip
    shown = viewer.get(page).text
    assert "ann@example.org" in shown
    assert "Change this reader" not in shown
    assert viewer.get("/admin/subscribers.csv").status_code == 403
    token = csrf_of(viewer.get("/admin/subscribers").text)
    answer = viewer.post(to.format(page=page, choices=choices), data={"csrf_token": token})
    assert answer.status_code == 403


def _delivered(session: Session, issue: Issue, reader: Subscription, now: datetime) -> Delivery:
    variant = Variant(issue_id=issue.id, choice_id=reader.choice_id, nonce="n", subject="",
                      html="", text="", created_at=now)  # fmt: skip
    wave = Wave(issue_id=issue.id, timezone="", send_hour=7, due_at=now)
    session.add_all([variant, wave])
    session.flush()
    batch = DeliveryBatch(issue_id=issue.id, variant_id=variant.id, wave_id=wave.id, number=1,
                          due_at=now)  # fmt: skip
    session.add(batch)
    session.flush()
    row = Delivery(issue_id=issue.id, batch_id=batch.id, subscriber_id=reader.subscriber_id,
                   subscription_id=reader.id, state=DeliveryState.DELIVERED, attempt=1,
                   changed_at=now)  # fmt: skip
    session.add(row)
    session.flush()
    return row

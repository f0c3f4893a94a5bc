"""The preference page."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict

from service.db import session_scope
from service.models import Cadence, Choice, MailFormat, Subscription
from tests.web.browsing import csrf_of, link, subscription

FORM = {"cadence": "daily", "format": "html", "hour": "", "timezone": "", "pause": "none"}


def save(client: FlaskClient, reader: Subscription, *sections: str, **form: str) -> int:
    page = link("preferences", reader.id)
    fields = MultiDict({**FORM, **form, "csrf_token": csrf_of(client.get(page).text)})
    fields.setlist("sections", list(sections))
    return client.post(page, data=fields).status_code


def choice_of(reader: Subscription) -> Choice:
    with session_scope() as session:
        return session.get_one(Choice, subscription(reader.id).choice_id)


def test_it_saves_when_the_mail_comes(client: FlaskClient, reader: Subscription) -> None:
    status = save(client, reader, cadence="weekdays", hour="6", timezone="Asia/Tokyo")
    assert status == 303
    row = subscription(reader.id)
    assert (row.cadence, row.send_hour, row.timezone) == (Cadence.WEEKDAYS, 6, "Asia/Tokyo")


def test_it_saves_what_is_in_the_mail(client: FlaskClient, reader: Subscription) -> None:
    save(client, reader, "wire", format="text", topics="cs.LG")
    choice = choice_of(reader)
    assert choice.sections == ["labs", "wire"]
    assert (choice.topics, choice.mail_format) == (["cs.LG"], MailFormat.TEXT)


def test_it_takes_all_sections_for_those_to_come_too(
    client: FlaskClient, reader: Subscription
) -> None:
    save(client, reader, "wire", "papers")
    assert choice_of(reader).sections is None


def test_it_says_when_the_next_issue_comes(client: FlaskClient, reader: Subscription) -> None:
    save(client, reader, "wire", hour="6", timezone="Asia/Tokyo")
    page = client.get(link("preferences", reader.id)).text
    assert "Your next issue" in page
    assert ", 06:00 JST</strong>" in page


@pytest.mark.parametrize(
    "bad",
    [
        {"cadence": "hourly"},
        {"format": "pdf"},
        {"hour": "24", "timezone": "UTC"},
        {"hour": "x"},
        {"hour": "7"},
        {"timezone": "Mars/Base"},
        {"pause": "99999999999"},
        {"pause": "400"},
        {"topics": "astrology"},
    ],
)
def test_it_says_what_cannot_be_chosen(
    bad: dict[str, str], client: FlaskClient, reader: Subscription
) -> None:
    assert save(client, reader, "wire", **bad) == 400
    row = subscription(reader.id)
    assert (row.cadence, row.timezone, row.paused_until) == (Cadence.DAILY, None, None)


def test_it_refuses_a_form_without_a_token(client: FlaskClient, reader: Subscription) -> None:
    answer = client.post(link("preferences", reader.id), data={**FORM, "cadence": "weekly"})
    assert answer.status_code == 400
    assert subscription(reader.id).cadence is Cadence.DAILY


def test_it_keeps_a_pause_that_is_left_alone(client: FlaskClient, reader: Subscription) -> None:
    save(client, reader, "wire", pause="30")
    until = subscription(reader.id).paused_until
    save(client, reader, "wire", pause="keep")
    assert subscription(reader.id).paused_until == until
    save(client, reader, "wire", pause="none")
    assert subscription(reader.id).paused_until is None

"""A newsletter that has ended: readable, and offered to nobody any more."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from service.audience.subscribe import unsubscribe
from service.audience.tokens import stamp
from service.db import session_scope
from service.models import Newsletter, Notice, Subscription, SubscriptionState
from service.web.asking import now as wall_clock
from tests.web.browsing import csrf_of, link, subscription
from tests.web.issues import add_issue

ENDED = "come to its end"


@pytest.fixture(autouse=True)
def ended(newsletter: Newsletter, reader: Subscription, now: datetime) -> None:
    add_issue(newsletter, 7, now, "A day")
    with session_scope() as session:
        session.get_one(Newsletter, newsletter.id).archived_at = now


def test_it_promises_no_issue(client: FlaskClient, reader: Subscription) -> None:
    page = client.get(link("preferences", reader.id)).text
    assert ENDED in page
    assert "Your next issue" not in page


def test_it_is_read_and_not_asked_for(client: FlaskClient) -> None:
    page = client.get("/n/report/issues/7").text
    assert ENDED in page
    assert "Subscribe" not in page
    assert client.get("/n/report/embed").status_code == 404


def test_it_asks_nobody_to_confirm(
    client: FlaskClient, reader: Subscription, now: datetime
) -> None:
    with session_scope() as session:
        unsubscribe(session, reader.id, now, how="page")
    form = {"csrf_token": csrf_of(client.get(link("preferences", reader.id)).text)}
    leaving = link("unsubscribe", reader.id)
    assert "Subscribe again" not in client.get(leaving).text
    asked = link("confirm", reader.id, stamp(wall_clock()))
    for answer in (client.get(asked), client.post(asked, data=form)):
        assert answer.location == "/n/report/"
    assert subscription(reader.id).state is SubscriptionState.UNSUBSCRIBED
    for page in (leaving, link("confirm", reader.id, stamp(now))):
        assert client.post(f"{page}/again", data=form).location == "/n/report/"
    with session_scope() as session:
        assert session.scalars(select(Notice)).all() == []

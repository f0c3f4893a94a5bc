"""Unsubscribing: by a mail program's one click (RFC 8058), by the page, and back again."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as cases
from hypothesis import strategies as st
from sqlalchemy import select

from service.db import session_scope
from service.models import Cadence, ConsentEvent, Newsletter, Subscription, SubscriptionState
from service.web.asking import now as wall_clock
from tests.web.browsing import csrf_of, link, post, subscription

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def has_left(row: Subscription) -> bool:
    return subscription(row.id).state is SubscriptionState.UNSUBSCRIBED


@pytest.mark.parametrize(
    "sent",
    [
        {"data": ONE_CLICK},
        {"data": ONE_CLICK, "content_type": "multipart/form-data"},
        {"data": b""},
        {"data": b"", "content_type": "application/x-www-form-urlencoded"},
        {"data": b"--x\r\nbroken", "content_type": "multipart/form-data; boundary=y"},
    ],
    ids=["urlencoded", "multipart", "empty", "empty form", "broken multipart"],
)
def test_it_takes_one_click_in_any_encoding(
    sent: dict[str, object], client: FlaskClient, reader: Subscription
) -> None:
    answer = client.post(link("unsubscribe", reader.id), **sent)  # type: ignore[arg-type]  # by name
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert has_left(reader)


def test_it_says_that_nothing_is_sent_to_who_is_gone(
    client: FlaskClient, newsletter: Newsletter
) -> None:
    page = link("unsubscribe", 77)
    assert client.post(page, data=ONE_CLICK).status_code == 200
    for answer in (client.get(page), client.post(page, data={"by": "page"})):
        assert answer.status_code == 404
        assert "Nothing is sent to you" in answer.text


def test_it_takes_one_click_twice(client: FlaskClient, reader: Subscription) -> None:
    page = link("unsubscribe", reader.id)
    assert [client.post(page, data=ONE_CLICK).status_code for _ in range(2)] == [200, 200]


def test_it_changes_nothing_when_a_scanner_opens_the_link(
    client: FlaskClient, reader: Subscription
) -> None:
    page = link("unsubscribe", reader.id)
    assert client.get(page).status_code == 200
    assert client.head(page).status_code == 200
    assert not has_left(reader)


def test_it_leaves_by_the_page_and_offers_an_undo(
    client: FlaskClient, reader: Subscription
) -> None:
    page = link("unsubscribe", reader.id)
    done = client.post(page, data={"by": "page"}).text
    assert "You are unsubscribed" in done
    undo = re.search(r'name="undo" value="([^"]+)"', done)
    assert undo
    form = {"csrf_token": csrf_of(done), "undo": undo[1]}
    assert "Welcome back" in client.post(f"{page}/undo", data=form).text
    assert not has_left(reader)
    with session_scope() as session:
        lines = session.scalars(select(ConsentEvent).order_by(ConsentEvent.sequence)).all()[1:]
        said = [(line.kind.value, line.ip) for line in lines]
    assert said == [("unsubscribed", "127.0.0.1"), ("resubscribed", "127.0.0.1")]


@pytest.mark.parametrize("to", ["", "/reason"])
def test_it_asks_the_mailbox_of_who_left_a_while_ago(
    client: FlaskClient, reader: Subscription, to: str
) -> None:
    """Whoever was passed a mail could else bring back its reader by leaving once more."""
    page = link("unsubscribe", reader.id)
    token = csrf_of(client.post(page, data={"by": "page"}).text)
    with session_scope() as session:
        row = session.get_one(Subscription, reader.id)
        row.unsubscribed_at = wall_clock() - timedelta(hours=2)
    done = client.post(f"{page}{to}", data={"by": "page", "csrf_token": token}).text
    assert "You are unsubscribed" in done
    assert 'name="undo"' not in done
    assert f"{page}/again" in done


def test_it_undoes_nothing_by_another_readers_undo(
    client: FlaskClient, reader: Subscription
) -> None:
    page = link("unsubscribe", reader.id)
    done = client.post(page, data={"by": "page"}).text
    foreign = link("undo", reader.id + 1, int(wall_clock().timestamp())).rpartition("/")[2]
    form = {"csrf_token": csrf_of(done), "undo": foreign}
    assert client.post(f"{page}/undo", data=form).status_code == 404
    assert has_left(reader)


def test_it_keeps_a_reason(client: FlaskClient, reader: Subscription) -> None:
    page = link("unsubscribe", reader.id)
    done = client.post(page, data={"by": "page"}).text
    form = {"csrf_token": csrf_of(done), "reason": "Too\x00 long"}
    assert "Thank you" in client.post(f"{page}/reason", data=form).text
    assert subscription(reader.id).unsubscribe_reason == "Too long"


def test_it_makes_nobody_leave_by_a_reason(client: FlaskClient, reader: Subscription) -> None:
    page = link("unsubscribe", reader.id)
    assert post(client, page, f"{page}/reason", reason="x").status_code == 404
    assert not has_left(reader)


def test_it_offers_the_weekly_issue_instead(client: FlaskClient, reader: Subscription) -> None:
    page = link("unsubscribe", reader.id)
    assert "weekly issue only" in post(client, page, f"{page}/weekly").text
    assert subscription(reader.id).cadence is Cadence.WEEKLY
    assert not has_left(reader)


def test_it_offers_a_pause_instead(client: FlaskClient, reader: Subscription) -> None:
    page = link("unsubscribe", reader.id)
    assert "Paused for 30 days" in post(client, page, f"{page}/pause").text
    until = subscription(reader.id).paused_until
    assert until
    assert timedelta(days=29) < until - wall_clock() < timedelta(days=31)


@pytest.mark.parametrize("step", ["undo", "reason", "weekly", "pause"])
def test_it_refuses_every_other_form_without_a_token(
    step: str, client: FlaskClient, reader: Subscription
) -> None:
    assert client.post(f"{link('unsubscribe', reader.id)}/{step}").status_code == 400
    assert subscription(reader.id).cadence is Cadence.DAILY


@pytest.mark.parametrize("foreign", ["preferences", "confirm", "undo"])
def test_it_takes_no_token_of_another_purpose(
    foreign: str, client: FlaskClient, reader: Subscription
) -> None:
    token = link(foreign, reader.id).rpartition("/")[2]  # type: ignore[arg-type]  # parametrized
    assert client.post(f"/unsubscribe/{token}", data=ONE_CLICK).status_code == 404
    assert not has_left(reader)


@cases(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(token=st.text(min_size=1, max_size=60).filter(lambda text: "/" not in text))
def test_it_takes_no_forged_token(token: str, client: FlaskClient, reader: Subscription) -> None:
    for page in ("unsubscribe", "preferences", "confirm"):
        answer = client.get(f"/{page}/{token}")
        assert answer.status_code in {404, 308}
        assert "example.org" not in answer.text
    client.post(f"/unsubscribe/{token}", data=ONE_CLICK)
    assert not has_left(reader)

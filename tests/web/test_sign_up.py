"""The form on the landing page, and the link of the confirmation."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from service.audience.addresses import parse_address
from service.audience.sign_up import sign_up
from service.audience.suppression import hash_of, suppress
from service.audience.tokens import stamp
from service.db import session_scope
from service.models import (
    ConsentEvent,
    Newsletter,
    Notice,
    Subscription,
    SubscriptionState,
    SuppressionReason,
)
from service.web.asking import now as wall_clock
from service.web.public.trap import stamp as form_stamp
from tests.web.browsing import csrf_of, link, post, subscription

LANDING = "/n/report/"


def ask(client: FlaskClient, email: str, **more: str) -> tuple[int, str, str]:
    """Sign up by the form; the answer, the page it leads to, and that page's text."""
    form = {"made": form_stamp(wall_clock()), "email": email, **more}
    answer = post(client, LANDING, f"{LANDING}subscribe", **form)
    place = answer.headers.get("Location", "")
    return answer.status_code, place, client.get(place).text if place else answer.text


def without_token(page: str) -> str:
    """It is signed with the second of the day."""
    return re.sub(r'name="csrf_token" value="[^"]+"', "", page)


def pending(newsletter: Newsletter) -> Subscription:
    with session_scope() as session:
        sign_up(session, newsletter, "new@example.org", now=wall_clock())
        return session.scalars(select(Subscription)).one()


def test_it_asks_for_confirmation(client: FlaskClient) -> None:
    status, place, page = ask(client, "new@example.org")
    assert (status, place) == (303, "/n/report/check-inbox")
    assert "Check your inbox" in page
    with session_scope() as session:
        assert session.scalars(select(Notice)).one().address == "new@example.org"


def test_it_answers_alike_for_every_address(
    client: FlaskClient, newsletter: Newsletter, reader: Subscription
) -> None:
    with session_scope() as session:
        address = parse_address("abe@example.org")
        suppress(session, hash_of(address), SuppressionReason.BOUNCE, "550", wall_clock())
    addresses = ["amy@example.org", "amy@example.org", "ann@example.org", "abe@example.org"]
    answers = {ask(client, address) for address in addresses}
    assert len({(status, place, without_token(page)) for status, place, page in answers}) == 1


def test_it_keeps_proof_of_the_sign_up(client: FlaskClient) -> None:
    ask(client, "new@example.org")
    with session_scope() as session:
        line = session.scalars(select(ConsentEvent)).one()
    assert (line.ip, line.text_version) == ("127.0.0.1", "signup-1")


@pytest.mark.parametrize("bad", ["", "ann", "ann@", "ann@example.org\r\nBcc: x@y.org", "a" * 300])
def test_it_says_what_is_wrong_with_an_address(bad: str, client: FlaskClient) -> None:
    status, _, page = ask(client, bad)
    assert status == 400
    assert 'id="problem"' in page


def test_it_gives_back_what_was_typed(client: FlaskClient) -> None:
    _, _, page = ask(client, '"><script>alert(1)</script>')
    assert "&#34;&gt;&lt;script&gt;" in page
    assert "<script>alert" not in page


@pytest.mark.parametrize(
    "trap",
    [
        {"website": "http://spam.example"},
        {"made": "1700000000000.forged"},
        {"made": ""},
    ],
)
def test_it_stores_nothing_for_a_program(trap: dict[str, str], client: FlaskClient) -> None:
    status, _, page = ask(client, "new@example.org", **trap)
    assert status == 200
    assert "Press Subscribe once more" in page
    with session_scope() as session:
        assert session.scalars(select(Subscription)).all() == []


def test_it_stores_nothing_for_a_form_sent_too_fast(app: Flask, client: FlaskClient) -> None:
    app.config["SIGN_UP_SECONDS"] = 60.0
    assert "Press Subscribe once more" in ask(client, "new@example.org")[2]
    with session_scope() as session:
        assert session.scalars(select(Subscription)).all() == []


def test_it_loses_nobody_whose_browser_fills_forms(client: FlaskClient) -> None:
    page = ask(client, "new@example.org", website="http://filled.example", made="")[2]
    form = {
        name: re.findall(f'name="{name}"[^>]* value="([^"]*)"', page)[0]
        for name in ("csrf_token", "made", "email")
    }
    assert form["email"] == "new@example.org"
    answer = client.post(f"{LANDING}subscribe", data=form)
    assert answer.headers["Location"] == "/n/report/check-inbox"
    with session_scope() as session:
        assert session.scalars(select(Notice)).one().address == "new@example.org"


def test_it_refuses_a_form_without_a_token(client: FlaskClient) -> None:
    answer = client.post(f"{LANDING}subscribe", data={"email": "new@example.org"})
    assert answer.status_code == 400
    assert "This form is stale" in answer.text


def test_it_confirms_by_the_button_only(client: FlaskClient, newsletter: Newsletter) -> None:
    row = pending(newsletter)
    page = link("confirm", row.id, stamp(wall_clock()))
    for _ in range(2):
        assert client.get(page).status_code == 200
        assert client.head(page).status_code == 200
    assert subscription(row.id).state is SubscriptionState.PENDING
    assert "You are subscribed" in post(client, page, page).text
    assert subscription(row.id).state is SubscriptionState.ACTIVE


def test_it_masks_the_address_on_the_page(client: FlaskClient, newsletter: Newsletter) -> None:
    page = client.get(link("confirm", pending(newsletter).id, stamp(wall_clock()))).text
    assert "n•••@example.org" in page
    assert "new@example.org" not in page


def test_it_says_already_confirmed_to_a_second_click(
    client: FlaskClient, newsletter: Newsletter
) -> None:
    row = pending(newsletter)
    page = link("confirm", row.id, stamp(wall_clock()))
    token = csrf_of(client.get(page).text)
    client.post(page, data={"csrf_token": token})
    second = client.post(page, data={"csrf_token": token}).text
    assert "Already confirmed" in second
    # A double click is answered twice, and the reader sees this one.
    assert "When should it come?" in second
    with session_scope() as session:
        session.get_one(Subscription, row.id).confirmed_at = wall_clock() - timedelta(days=1)
    later = client.get(page).text
    assert "Already confirmed" in later
    assert "When should it come?" not in later


def test_it_offers_a_new_link_for_an_expired_one(
    client: FlaskClient, newsletter: Newsletter
) -> None:
    row = pending(newsletter)
    later = wall_clock() + timedelta(hours=1)
    page = link("confirm", row.id, stamp(later - timedelta(days=9)))
    assert "This link has expired" in client.get(page).text
    assert "Check your inbox" in post(client, page, f"{page}/again").text
    assert subscription(row.id).state is SubscriptionState.PENDING


def test_it_knows_no_confirmation_of_a_reader_who_is_gone(client: FlaskClient) -> None:
    assert client.get(link("confirm", 99, stamp(datetime.now(UTC)))).status_code == 404

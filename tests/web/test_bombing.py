"""Limits of the sign-up form: by network, address, domain and in all, told to everybody alike."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from service.config import settings
from service.db import session_scope
from service.models import Notice, Subscription
from service.web import asking
from service.web.asking import now as wall_clock
from service.web.public.trap import stamp
from tests.web.browsing import csrf_of, link, post

LANDING = "/n/report/"


def limited(monkeypatch: pytest.MonkeyPatch, **limits: int) -> None:
    for name, most in limits.items():
        monkeypatch.setenv(f"BROADSHEET_SIGN_UPS_{name.upper()}", str(most))
    settings.cache_clear()


def ask(client: FlaskClient, email: str, ip: str = "192.0.2.7") -> TestResponse:
    where = {"REMOTE_ADDR": ip}
    page = client.get(LANDING, environ_overrides=where).text
    form = {"csrf_token": csrf_of(page), "made": stamp(wall_clock()), "email": email}
    return client.post(f"{LANDING}subscribe", data=form, environ_overrides=where)


def sent() -> int:
    with session_scope() as session:
        return session.scalar(select(func.count()).select_from(Notice)) or 0


def test_it_stops_one_network(
    client: FlaskClient, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited(monkeypatch, per_network=2)
    answers = [ask(client, f"r{number}@example.org").status_code for number in range(3)]
    assert answers == [303, 303, 429]
    assert ask(client, "r4@example.org", ip="192.0.2.8").status_code == 303


def test_it_stops_many_networks_that_fill_one_mailbox(
    client: FlaskClient, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited(monkeypatch, per_address=2)
    spellings = ["New@gmail.com", "n.e.w@gmail.com", "NEW+more@GMAIL.COM"]
    answers = [
        ask(client, email, ip=f"192.0.2.{number}").status_code
        for number, email in enumerate(spellings)
    ]
    assert answers == [303, 303, 429]
    assert ask(client, "other@gmail.com").status_code == 303


def test_it_stops_many_networks_that_fill_the_mailboxes_of_one_domain(
    client: FlaskClient, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited(monkeypatch, per_domain=2)
    answers = [
        ask(client, f"r{number}@example.org", ip=f"192.0.2.{number}").status_code
        for number in range(3)
    ]
    assert answers == [303, 303, 429]
    assert ask(client, "r4@example.net").status_code == 303


def test_it_stops_a_flood(
    client: FlaskClient, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited(monkeypatch, overall=2)
    answers = [
        ask(client, f"r@example{number}.org", ip=f"192.0.2.{number}").status_code
        for number in range(3)
    ]
    assert answers == [303, 303, 429]
    assert sent() == 2


def test_it_counts_no_address_that_is_none(
    client: FlaskClient, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited(monkeypatch, overall=1)
    assert ask(client, "not an address").status_code == 400
    assert ask(client, "new@example.org").status_code == 303


def test_it_says_when_to_come_back(
    client: FlaskClient, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited(monkeypatch, per_network=1)
    ask(client, "new@example.org")
    answer = ask(client, "new@example.org")
    assert 3500 <= int(answer.headers["Retry-After"]) <= 3600
    assert "Come back in 60 minutes" in answer.text


def test_it_tells_nobody_who_is_known_by_its_limits(
    app: Flask, redis: Redis, reader: Subscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tries are counted, whatever came of them: a reader's address runs out as any other."""
    limited(monkeypatch, per_address=3)
    told = []
    for email, ip in (("ann@example.org", "192.0.2.7"), ("amy@example.org", "192.0.2.8")):
        client = app.test_client()
        answers = [ask(client, email, ip) for _ in range(4)]
        hidden = re.compile(r'name="(csrf_token|made)" value="[^"]+"|in \d+ minutes')
        told.append([(answer.status_code, hidden.sub("", answer.text)) for answer in answers])
    assert told[0] == told[1]
    assert [status for status, _ in told[0]] == [303, 303, 303, 429]


def test_it_limits_a_form_on_another_site_as_well(
    client: FlaskClient, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited(monkeypatch, per_address=2)
    answers = [
        client.post(
            f"{LANDING}join",
            data={"email": "new@example.org"},
            environ_overrides={"REMOTE_ADDR": f"192.0.2.{number}"},
        ).status_code
        for number in range(3)
    ]
    assert answers == [303, 303, 429]


def test_it_limits_changes_of_address_as_well(
    client: FlaskClient, redis: Redis, reader: Subscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited(monkeypatch, per_address=1)
    page = link("preferences", reader.id)
    assert ask(client, "new@example.org").status_code == 303
    answers = [
        post(client, page, f"{page}/address", email=email).status_code
        for email in ("NEW@example.org", "other@example.org")
    ]
    assert answers == [429, 303]


def test_it_stops_a_script_while_redis_is_away(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited(monkeypatch, per_network=2)
    answers = [ask(client, f"r{number}@example.org").status_code for number in range(3)]
    assert answers == [303, 303, 429]


def test_it_believes_a_forwarded_address_only_from_a_proxy_of_ours(
    client: FlaskClient, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited(monkeypatch, per_network=1)
    page = client.get(LANDING).text
    form = {"csrf_token": csrf_of(page), "made": stamp(wall_clock()), "email": "a@example.org"}
    answers = [
        client.post(
            f"{LANDING}subscribe", data=form, headers={"X-Forwarded-For": f"198.51.100.{number}"}
        ).status_code
        for number in range(2)
    ]
    assert answers == [303, 429]


def test_it_stops_who_writes_again_and_again_by_one_link(
    client: FlaskClient, redis: Redis, reader: Subscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "CHANGES_AN_HOUR", 2)
    page = link("unsubscribe", reader.id)
    answers = [post(client, page, f"{page}/pause").status_code for _ in range(3)]
    assert answers == [200, 200, 429]


def test_it_never_stops_who_unsubscribes(
    client: FlaskClient, redis: Redis, reader: Subscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "CHANGES_AN_HOUR", 1)
    answers = [client.post(link("unsubscribe", reader.id)).status_code for _ in range(4)]
    assert answers == [200] * 4


def test_it_stops_who_tries_tokens(
    client: FlaskClient, redis: Redis, reader: Subscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "BAD_TOKENS_AN_HOUR", 2)
    answers = [client.get(f"/preferences/MQ.{number}").status_code for number in range(3)]
    assert answers == [404, 404, 429]
    assert client.get(link("preferences", reader.id)).status_code == 200

"""The proof of work: what counts as one, that it counts once, and who gets in without."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis
from sqlalchemy import func, select

from service.config import settings
from service.db import session_scope
from service.models import Notice
from service.web.app import create_app
from service.web.asking import now as wall_clock
from service.web.public.proof import GOOD_FOR, MOST, challenge, proved, solve
from service.web.public.trap import stamp
from tests.web.browsing import csrf_of

LANDING = "/n/report/"
SECRET = b"a secret"
NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
ASKED = challenge(SECRET, NOW, "00ff", 421)


def changed(**parts: Any) -> str:
    """A right answer with some of it changed."""
    answer = json.loads(base64.b64decode(solve(ASKED))) | parts
    return base64.b64encode(json.dumps(answer).encode()).decode()


def test_it_takes_the_number_that_was_hashed() -> None:
    assert proved(SECRET, solve(ASKED), NOW) == ASKED["signature"]


@pytest.mark.parametrize(
    "payload",
    [
        changed(number=420),
        changed(number="421"),
        changed(number=True),
        changed(number=None),
        changed(algorithm="MD5"),
        changed(signature="00"),
        changed(signature="é"),
        changed(salt=str(ASKED["salt"]).replace("expires=1", "expires=9")),
        # Digits of the number read as part of the time: 42 + "1" for 421.
        changed(salt=str(ASKED["salt"]) + "4", number=21),
        base64.b64encode(b"[1]").decode(),
        base64.b64encode(b"nothing").decode(),
        "not base64",
        "",
    ],
)
def test_it_takes_nothing_else(payload: str) -> None:
    assert proved(SECRET, payload, NOW) is None


def test_it_takes_no_proof_for_another_secret() -> None:
    assert proved(b"another", solve(ASKED), NOW) is None


def test_it_expires() -> None:
    assert proved(SECRET, solve(ASKED), NOW + GOOD_FOR - timedelta(seconds=1)) is not None
    assert proved(SECRET, solve(ASKED), NOW + GOOD_FOR) is None


def test_it_takes_no_work_that_it_did_not_ask_for() -> None:
    beyond = challenge(SECRET, NOW, "00", MOST + 1)
    answer = {name: beyond[name] for name in ("algorithm", "challenge", "salt", "signature")}
    payload = base64.b64encode(json.dumps(answer | {"number": MOST + 1}).encode()).decode()
    assert proved(SECRET, payload, NOW) is None


@given(st.one_of(st.text(), st.binary().map(lambda data: base64.b64encode(data).decode())))
def test_it_stands_any_payload(payload: str) -> None:
    assert proved(SECRET, payload, NOW) is None


@pytest.fixture
def careful(client: FlaskClient, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """A browser on an installation that asks for proofs."""
    monkeypatch.setenv("BROADSHEET_ALTCHA", "true")
    settings.cache_clear()
    app = create_app()
    app.config["SIGN_UP_SECONDS"] = 0.0
    return app.test_client()


def proof_of(page: str) -> str:
    found = re.search(r"data-proof='([^']+)'", page)
    assert found, "the form asks for no proof"
    return solve(json.loads(unescape(found[1])))


def ask(client: FlaskClient, email: str, payload: str) -> int:
    page = client.get(LANDING).text
    form = {"csrf_token": csrf_of(page), "made": stamp(wall_clock()), "email": email}
    return client.post(f"{LANDING}subscribe", data=form | {"altcha": payload}).status_code


def asked_for() -> int:
    with session_scope() as session:
        return session.scalar(select(func.count()).select_from(Notice)) or 0


def test_it_lets_proved_readers_in_as_often_as_any(careful: FlaskClient) -> None:
    for number in range(6):
        email = f"reader{number}@example.org"
        assert ask(careful, email, proof_of(careful.get(LANDING).text)) == 303
    assert asked_for() == 6


def test_it_counts_a_proof_once(careful: FlaskClient) -> None:
    used = proof_of(careful.get(LANDING).text)
    answers = [ask(careful, f"reader{number}@example.org", used) for number in range(6)]
    assert answers == [303] * 4 + [429] * 2, "one by the proof, three without, and no more"
    assert asked_for() == 4


def test_it_lets_some_in_whose_browser_runs_no_script(careful: FlaskClient) -> None:
    answers = [ask(careful, f"reader{number}@example.org", "") for number in range(5)]
    assert answers == [303] * 3 + [429] * 2


def test_it_sends_a_form_from_elsewhere_on_to_our_own(careful: FlaskClient) -> None:
    answer = careful.post(f"{LANDING}join", data={"email": "new@example.org"})
    assert answer.headers["Location"] == f"{LANDING}?again=1&once=1"
    page = careful.get(answer.headers["Location"]).text
    assert 'value="new@example.org"' in page
    assert "Press Subscribe once more" in page
    assert asked_for() == 0


def test_it_sends_nothing_once_more_that_no_proof_was_given_for(careful: FlaskClient) -> None:
    careful.post(f"{LANDING}join", data={"email": "new@example.org"})
    form = {"csrf_token": csrf_of(careful.get(LANDING).text)}
    answer = careful.post(f"{LANDING}check-inbox", data=form)
    assert answer.headers["Location"] == LANDING
    assert asked_for() == 0


def test_it_asks_for_no_proof_by_default(client: FlaskClient) -> None:
    page = client.get(LANDING).text
    assert "data-proof" not in page
    assert "proof.js" not in page

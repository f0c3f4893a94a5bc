"""Before the confirmation: a slip in the address, another site's form, a message that is lost."""

from __future__ import annotations

from datetime import timedelta
from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from time_machine import TimeMachineFixture

from service.config import settings
from service.db import session_scope
from service.models import ConsentEvent, Newsletter, Notice
from service.web.asking import now as wall_clock
from service.web.public.trap import stamp as form_stamp
from tests.web.browsing import post

LANDING = "/n/report/"
SLIP, MEANT = "new@gmial.com", "new@gmail.com"
ELSEWHERE = {"Origin": "https://blog.example"}


def ask(client: FlaskClient, email: str, **more: str) -> str:
    """Sign up by the form; the page that comes of it."""
    form = {"made": form_stamp(wall_clock()), "email": email, **more}
    answer = post(client, LANDING, f"{LANDING}subscribe", **form)
    return client.get(answer.headers["Location"]).text if answer.location else answer.text


def asked() -> list[str]:
    """The addresses that confirmations go to."""
    with session_scope() as session:
        return list(session.scalars(select(Notice.address).order_by(Notice.id)))


def test_it_asks_about_a_slip_and_sends_nothing_yet(client: FlaskClient) -> None:
    page = ask(client, SLIP)
    assert f"Did you mean {MEANT}?" in page
    assert f'value="{SLIP}"' in page
    assert asked() == []


def test_it_takes_what_was_meant(client: FlaskClient) -> None:
    assert "Check your inbox" in ask(client, SLIP, instead=MEANT)
    assert asked() == [MEANT]


def test_it_takes_what_was_typed_when_it_is_sent_again(client: FlaskClient) -> None:
    assert "Check your inbox" in ask(client, SLIP, sure=SLIP)
    assert asked() == [SLIP]


def test_it_asks_again_about_another_slip(client: FlaskClient) -> None:
    assert "Did you mean" in ask(client, "new@gmal.com", sure=SLIP)
    assert asked() == []


@pytest.mark.parametrize(("typed", "said"), [(SLIP, f"Did you mean {MEANT}?"), ("a@b.org", "")])
def test_it_hints_while_the_form_is_filled(typed: str, said: str, client: FlaskClient) -> None:
    answer = post(client, LANDING, f"{LANDING}hint", email=typed)
    assert said in answer.text
    assert bool(answer.text.strip()) is bool(said)
    assert asked() == []


def test_it_takes_a_form_on_another_site(client: FlaskClient) -> None:
    answer = client.post(
        f"{LANDING}join", data={"email": "new@example.org", "text": "signup-1"}, headers=ELSEWHERE
    )
    assert (answer.status_code, answer.location) == (303, f"{LANDING}check-inbox")
    assert asked() == ["new@example.org"]
    with session_scope() as session:
        line = session.scalars(select(ConsentEvent)).one()
    assert (line.text_version, line.detail) == ("signup-1", {"form": "https://blog.example"})


def test_it_leaves_the_session_alone_that_another_site_cannot_see(client: FlaskClient) -> None:
    answer = client.post(f"{LANDING}join", data={"email": "new@example.org"}, headers=ELSEWHERE)
    cookies = [header.partition("=")[0] for header in answer.headers.getlist("Set-Cookie")]
    assert cookies == ["broadsheet-asked"]


@pytest.mark.parametrize(
    ("typed", "said"), [("ann", "does not look like an address"), (SLIP, f"Did you mean {MEANT}?")]
)
def test_it_says_here_what_is_wrong_with_an_address_typed_elsewhere(
    typed: str, said: str, client: FlaskClient
) -> None:
    answer = client.post(f"{LANDING}join", data={"email": typed}, headers=ELSEWHERE)
    page = client.get(answer.headers["Location"]).text
    assert said in page
    assert f'value="{typed}"' in page
    assert asked() == []


def test_it_stores_nothing_for_a_program_that_fills_a_form_elsewhere(client: FlaskClient) -> None:
    answer = client.post(f"{LANDING}join", data={"email": "new@example.org", "website": "x"})
    assert answer.location == f"{LANDING}?again=1&once=1", "it is asked to press once more"
    assert asked() == []


def test_it_shows_a_form_that_works_elsewhere(client: FlaskClient) -> None:
    page = client.get(f"{LANDING}embed").text
    snippet = unescape(page.partition("<textarea")[2].partition("</textarea>")[0])
    assert f'action="{settings().base_url}{LANDING}join"' in snippet
    assert "csrf_token" not in snippet


def test_it_sends_the_confirmation_again(
    client: FlaskClient, time_machine: TimeMachineFixture
) -> None:
    page, began = ask(client, "new@example.org"), wall_clock()
    assert "n•••@example.org" in page
    assert "new@example.org" not in page
    for minutes, sent in ((1, 1), (3, 2)):
        time_machine.move_to(began + timedelta(minutes=minutes), tick=False)
        answer = post(client, f"{LANDING}check-inbox", f"{LANDING}check-inbox")
        assert "Sent once more" in client.get(answer.headers["Location"]).text
        queued = [address for address in asked() if "•" not in address]
        assert queued == ["new@example.org"] * sent


def test_it_sends_nothing_again_to_a_browser_that_asked_for_nothing(
    client: FlaskClient, newsletter: Newsletter
) -> None:
    page = client.get(f"{LANDING}check-inbox").text
    assert "Send the message again" not in page
    answer = post(client, LANDING, f"{LANDING}check-inbox")
    assert answer.location == LANDING
    assert asked() == []


def test_it_says_what_is_kept(client: FlaskClient) -> None:
    assert (
        "Whether you open an issue or follow a link is not kept"
        in client.get(f"{LANDING}privacy").text
    )
    assert f'href="{LANDING}privacy"' in client.get(LANDING).text

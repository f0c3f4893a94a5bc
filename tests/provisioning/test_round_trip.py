"""A message to SES's simulator, and the events that come back of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import Engine, func, select

from service import config
from service.db import read_scope
from service.delivery.transports import Verdict
from service.events.queue import Poller
from service.models import Event
from service.provisioning.doctor.finding import Unread
from service.provisioning.doctor.look.round_trip import send_and_wait
from service.provisioning.doctor.wiring import RoundTrip
from service.sandbox import Sandbox
from tests.sandbox.people import ask

SENDER = "digest@news.example.org"
Trip = Callable[..., RoundTrip | Unread]


@pytest.fixture
def trip(
    account: Sandbox, database: Engine, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> Trip:
    """Make a trip in an account that was set up."""
    for line in run("ses", "setup").stdout.splitlines():
        if line.startswith("BROADSHEET_"):
            monkeypatch.setenv(*line.split("=", 1))
    config.settings.cache_clear()

    def make(wanted: str = "Delivery", timeout: float = 6) -> RoundTrip | Unread:
        return send_and_wait(config.settings(), SENDER, wanted, timeout)

    return make


def made(trip: RoundTrip | Unread) -> RoundTrip:
    assert isinstance(trip, RoundTrip), trip
    return trip


@pytest.mark.parametrize("wanted", ["Delivery", "Bounce"])
def test_it_sees_the_event_that_it_waits_for(trip: Trip, wanted: str) -> None:
    found = made(trip(wanted))
    assert found.outcome.verdict is Verdict.ACCEPTED
    assert wanted in found.events
    assert found.by_us, "nobody else was there to take it"


def test_it_leaves_the_event_to_the_one_who_takes_events_here(trip: Trip) -> None:
    done = threading.Event()
    poller = Poller(config.settings().sqs_queue_url, wait_seconds=1)
    worker = threading.Thread(target=poller.run, args=[done.wait])
    worker.start()
    found = made(trip(timeout=60))
    done.set()
    worker.join()
    assert "Delivery" in found.events
    assert not found.by_us


def test_it_goes_the_way_of_every_issue(trip: Trip, account: Sandbox) -> None:
    made(trip())
    [message] = ask(account.url, "/control/messages").json()["messages"]
    assert message["kind"] == "bulk"
    assert message["configuration_set"] == "broadsheet"
    assert message["tags"]["site"] == config.settings().site
    assert message["to"] == ["success@simulator.amazonses.com"]


def test_it_stores_what_else_waits_on_the_queue(trip: Trip, client: Callable[[str], Any]) -> None:
    body = {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello"}}}
    client("sesv2").send_email(
        FromEmailAddress=SENDER, Destination={"ToAddresses": ["ada@mail.example"]},
        Content={"Simple": body}, ConfigurationSetName="broadsheet",
    )  # fmt: skip
    made(trip())
    with read_scope() as session:
        others = select(func.count()).where(Event.raw.contains("ada@mail.example"))
        assert session.scalar(others) == 2


def test_it_does_not_take_the_events_of_another_trip_for_its_own(
    trip: Trip, account: Sandbox
) -> None:
    made(trip())
    ask(account.url, "/control/faults", {"events": {"enabled": False}})
    assert made(trip(timeout=1)).events == {}


def test_it_waits_no_longer_than_it_may(trip: Trip, account: Sandbox) -> None:
    ask(account.url, "/control/faults", {"events": {"enabled": False}})
    found = made(trip(timeout=1))
    assert found.events == {}
    assert 1 <= found.waited < 10


def test_it_tells_what_ses_refused(trip: Trip, account: Sandbox) -> None:
    ask(account.url, "/control/faults", {"account": {"sending_enabled": False}})
    found = made(trip())
    assert found.outcome.verdict is Verdict.HALT
    assert "Sending is paused" in (found.outcome.reason or "")


def test_it_names_the_permission_without_which_nothing_can_be_taken(
    trip: Trip, deny: Callable[..., None]
) -> None:
    deny("sqs:ReceiveMessage")
    found = trip()
    assert isinstance(found, Unread)
    assert "lack the permission sqs:ReceiveMessage" in found.reason

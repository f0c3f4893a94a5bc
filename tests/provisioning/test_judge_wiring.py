"""What is said of the way of events, as it is configured and as it works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from service.delivery.transports import Outcome, Verdict
from service.provisioning.doctor.finding import Status, Unread
from service.provisioning.doctor.wiring import (
    Listening,
    RoundTrip,
    judge_configuration_set,
    judge_round_trip,
)
from service.provisioning.setup.found import ConfigurationSet, Destination
from service.provisioning.setup.wanted import EVENT_TYPES, TRACKING

TOPIC = "arn:aws:sns:eu-central-1:123456789012:broadsheet-events"
ALL = frozenset(EVENT_TYPES.values())
DESTINATION = Destination("broadsheet-events", True, ALL - TRACKING, TOPIC)
LISTENING = Listening("https://sqs.example/broadsheet-events", frozenset({TOPIC}))


def with_destinations(*destinations: Destination) -> ConfigurationSet:
    return ConfigurationSet(destinations=destinations)


@pytest.mark.parametrize(
    ("found", "status", "told"),
    [
        (with_destinations(DESTINATION), Status.OK, f"7 kinds of events go to {TOPIC}"),
        (None, Status.FAILED, "There is none"),
        (with_destinations(), Status.FAILED, "sends events to no topic"),
        (with_destinations(replace(DESTINATION, topic_arn="")), Status.FAILED, "no topic"),
        (with_destinations(replace(DESTINATION, enabled=False)), Status.FAILED, "no topic"),
        (
            with_destinations(replace(DESTINATION, topic_arn="arn:other")),
            Status.FAILED,
            "go to arn:other, which our settings do not name",
        ),
        (
            with_destinations(replace(DESTINATION, types=frozenset({"SEND", "BOUNCE"}))),
            Status.WARNING,
            "leaves out COMPLAINT, DELIVERY, DELIVERY_DELAY, REJECT, RENDERING_FAILURE.",
        ),
        (
            with_destinations(
                replace(DESTINATION, name="a", types=frozenset({"SEND"})),
                replace(DESTINATION, name="b", types=ALL - {"SEND"}),
            ),
            Status.OK,
            "7 kinds",
        ),
        (ConfigurationSet(False, (DESTINATION,)), Status.FAILED, "Sending is switched off"),
        (Unread("SES gave no answer."), Status.UNKNOWN, "no answer"),
    ],
)
def test_it_judges_the_configuration_set(
    found: ConfigurationSet | Unread | None, status: Status, told: str
) -> None:
    finding = judge_configuration_set("broadsheet", found, LISTENING, tracking=False)
    assert finding.status is status
    assert told in finding.line()


def test_it_asks_for_opens_and_clicks_where_a_newsletter_tracks() -> None:
    found = with_destinations(DESTINATION)
    finding = judge_configuration_set("broadsheet", found, LISTENING, tracking=True)
    assert finding.status is Status.WARNING
    assert "CLICK, OPEN" in finding.said
    assert finding.todo == "Run `broadsheet ses setup` (with --tracking)."


def test_it_fails_where_nothing_of_ours_listens() -> None:
    nobody = Listening("", frozenset())
    found = with_destinations(DESTINATION)
    finding = judge_configuration_set("broadsheet", found, nobody, tracking=False)
    assert finding.status is Status.FAILED
    assert "put into .env" in finding.todo


def test_it_takes_any_topic_for_ours_where_a_queue_alone_is_named() -> None:
    by_queue = Listening("https://sqs.example/q", frozenset())
    found = with_destinations(DESTINATION)
    assert judge_configuration_set("broadsheet", found, by_queue, tracking=False).status is (
        Status.OK
    )


def test_it_fails_without_a_configuration_set_to_its_name() -> None:
    finding = judge_configuration_set("", None, LISTENING, tracking=False)
    assert finding.status is Status.FAILED
    assert "BROADSHEET_SES_CONFIGURATION_SET" in finding.todo


TAKEN = Outcome(Verdict.ACCEPTED, message_id="1")
REFUSED = Outcome(Verdict.HALT, reason="SES said MessageRejected.")
LOST = Outcome(Verdict.UNKNOWN, reason="SES gave no answer.")


@pytest.mark.parametrize(
    ("outcome", "events", "status", "told"),
    [
        (TAKEN, {"Send": 1.0, "Delivery": 2.2}, Status.OK, "came back in 2 s"),
        (TAKEN, {"Send": 1.0}, Status.WARNING, "Send came, Delivery did not within 60 s"),
        (TAKEN, {}, Status.FAILED, "no event came within 60 s"),
        (REFUSED, {}, Status.FAILED, "SES said MessageRejected."),
        (LOST, {}, Status.UNKNOWN, "Nobody knows whether"),
    ],
)
def test_it_judges_a_round_trip(
    outcome: Outcome, events: Mapping[str, float], status: Status, told: str
) -> None:
    finding = judge_round_trip("Delivery", RoundTrip(outcome, events, 60.0))
    assert finding.status is status
    assert told in finding.line()


def test_it_warns_where_it_had_to_take_the_event_itself() -> None:
    finding = judge_round_trip("Delivery", RoundTrip(TAKEN, {"Delivery": 11.0}, 60.0, by_us=True))
    assert finding.status is Status.WARNING
    assert "Start `broadsheet events`" in finding.todo


def test_it_calls_a_trip_that_was_not_made_unknown() -> None:
    finding = judge_round_trip("Bounce", Unread("No message was sent."))
    assert finding.line() == "unknown  events (bounce): No message was sent."

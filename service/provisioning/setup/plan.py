"""From what is wanted and what there is to the steps between them. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from service.provisioning.setup import policies
from service.provisioning.setup.found import ConfigurationSet, Destination, Found, Queue, Topic
from service.provisioning.setup.wanted import (
    DEAD_LETTER_ATTRIBUTES,
    QUEUE_ATTRIBUTES,
    RECEIVES,
    SIGNATURE_VERSION,
    Wanted,
)

DONE = {"create": "created", "change": "changed"}


@dataclass(frozen=True)
class Step:
    """One call: *call* is boto3's name for it, *what* a person's for what it does."""

    service: Literal["sqs", "sns", "sesv2"]
    call: str
    arguments: Mapping[str, Any]
    verb: Literal["create", "change"]
    what: str


def plan(wanted: Wanted, found: Found) -> list[Step]:
    """The steps in the order in which they can be taken; none when everything is as wanted."""
    return [
        *_dead_letters(wanted, found.dead_letters),
        *_queue(wanted, found.queue),
        *_topic(wanted, found.topic),
        *_subscription(wanted, found),
        *_configuration_set(wanted, found.configuration_set),
        *_destination(wanted, found.configuration_set or ConfigurationSet()),
    ]


def notes(wanted: Wanted, found: Found) -> list[str]:
    """What is wrong and is not ours to change: somebody may have meant it."""
    known = found.configuration_set
    if known is None or known.sending_enabled:
        return []
    name = wanted.configuration_set
    return [f"Sending is switched off in the configuration set {name}: SES takes no mail by it."]


def _dead_letters(wanted: Wanted, found: Queue | None) -> Iterator[Step]:
    what = f"SQS queue {wanted.dead_letters}: keeps for 14 days what could not be taken"
    if found is None:
        yield _make_queue(wanted.dead_letters, DEAD_LETTER_ATTRIBUTES, what)
    elif changed := _differing(DEAD_LETTER_ATTRIBUTES, found.attributes):
        yield _change_queue(found, changed, f"SQS queue {wanted.dead_letters}: {_listed(changed)}")


def _queue(wanted: Wanted, found: Queue | None) -> Iterator[Step]:
    redrive = json.dumps(wanted.redrive)
    if found is None:
        policy = policies.new(wanted.topic_may_send)
        given = {**QUEUE_ATTRIBUTES, "Policy": policy, "RedrivePolicy": redrive}
        what = (
            f"SQS queue {wanted.name}: only the topic may send to it; what is received "
            f"{RECEIVES} times goes to {wanted.dead_letters}"
        )
        yield _make_queue(wanted.name, given, what)
        return
    if changed := _differing(QUEUE_ATTRIBUTES, found.attributes):
        yield _change_queue(found, changed, f"SQS queue {wanted.name}: {_listed(changed)}")
    if not _same_redrive(found.attributes.get("RedrivePolicy", ""), wanted.redrive):
        what = f"what is received {RECEIVES} times goes to {wanted.dead_letters}"
        changed = {"RedrivePolicy": redrive}
        yield _change_queue(found, changed, f"SQS queue {wanted.name}: {what}")
    merged = policies.with_statement(
        found.attributes.get("Policy", ""),
        wanted.topic_may_send,
        nobody_else_may="sqs:SendMessage",
    )
    if merged.text is not None:
        gone = f" (no longer by: {', '.join(merged.dropped)})" if merged.dropped else ""
        what = f"SQS queue {wanted.name}: only the topic {wanted.name} may send to it{gone}"
        yield _change_queue(found, {"Policy": merged.text}, what)


def _topic(wanted: Wanted, found: Topic | None) -> Iterator[Step]:
    signed = f"SNS topic {wanted.name}: signature version {SIGNATURE_VERSION}"
    if found is None:
        policy = policies.new(wanted.ses_may_publish)
        given = {"SignatureVersion": SIGNATURE_VERSION, "Policy": policy}
        arguments = {"Name": wanted.name, "Attributes": given}
        yield Step("sns", "create_topic", arguments, "create", f"{signed}, SES may publish to it")
        return
    if found.attributes.get("SignatureVersion", "1") != SIGNATURE_VERSION:
        yield _change_topic(wanted, "SignatureVersion", SIGNATURE_VERSION, signed)
    merged = policies.with_statement(found.attributes.get("Policy", ""), wanted.ses_may_publish)
    if merged.text is not None:
        what = f"SNS topic {wanted.name}: SES may publish to it"
        yield _change_topic(wanted, "Policy", merged.text, what)


def _subscription(wanted: Wanted, found: Found) -> Iterator[Step]:
    known = found.subscription
    what = f"subscription of the queue {wanted.name} to the topic, with raw delivery"
    if known is None:
        arguments = {
            "TopicArn": wanted.topic_arn,
            "Protocol": "sqs",
            "Endpoint": wanted.queue_arn,
            "Attributes": {"RawMessageDelivery": "true"},
            "ReturnSubscriptionArn": True,
        }
        yield Step("sns", "subscribe", arguments, "create", what)
    elif not known.raw:
        arguments = {
            "SubscriptionArn": known.arn,
            "AttributeName": "RawMessageDelivery",
            "AttributeValue": "true",
        }
        yield Step("sns", "set_subscription_attributes", arguments, "change", what)


def _configuration_set(wanted: Wanted, found: ConfigurationSet | None) -> Iterator[Step]:
    if found is None:
        arguments = {"ConfigurationSetName": wanted.configuration_set}
        what = f"configuration set {wanted.configuration_set}"
        yield Step("sesv2", "create_configuration_set", arguments, "create", what)


def _destination(wanted: Wanted, found: ConfigurationSet) -> Iterator[Step]:
    known = _our_destination(wanted, found)
    wish = Destination(
        known.name if known else wanted.name, True, frozenset(wanted.event_types), wanted.topic_arn
    )
    if known == wish:
        return
    arguments = {
        "ConfigurationSetName": wanted.configuration_set,
        "EventDestinationName": wish.name,
        "EventDestination": {
            "Enabled": True,
            "MatchingEventTypes": list(wanted.event_types),
            "SnsDestination": {"TopicArn": wanted.topic_arn},
        },
    }
    what = f"event destination {wish.name}: {', '.join(wanted.event_types)} to the topic"
    if known is None:
        call = "create_configuration_set_event_destination"
        yield Step("sesv2", call, arguments, "create", what)
    else:
        call = "update_configuration_set_event_destination"
        yield Step("sesv2", call, arguments, "change", what)


def _our_destination(wanted: Wanted, found: ConfigurationSet) -> Destination | None:
    """The one that leads to our topic already, whatever it is called; else the one of our name."""
    to_topic = [d for d in found.destinations if d.topic_arn == wanted.topic_arn]
    named = [d for d in found.destinations if d.name == wanted.name]
    return next(iter([*to_topic, *named]), None)


def _make_queue(name: str, attributes: Mapping[str, str], what: str) -> Step:
    arguments = {"QueueName": name, "Attributes": dict(attributes)}
    return Step("sqs", "create_queue", arguments, "create", what)


def _change_queue(queue: Queue, attributes: Mapping[str, str], what: str) -> Step:
    arguments = {"QueueUrl": queue.url, "Attributes": dict(attributes)}
    return Step("sqs", "set_queue_attributes", arguments, "change", what)


def _change_topic(wanted: Wanted, name: str, value: str, what: str) -> Step:
    arguments = {"TopicArn": wanted.topic_arn, "AttributeName": name, "AttributeValue": value}
    return Step("sns", "set_topic_attributes", arguments, "change", what)


def _differing(wish: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in wish.items() if known.get(name) != value}


def _listed(attributes: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in attributes.items())


def _same_redrive(text: str, wish: Mapping[str, Any]) -> bool:
    """AWS gives the count back as a number or as text."""
    known = json.loads(text) if text else {}
    return all(str(known.get(name)) == str(value) for name, value in wish.items())

"""What the set-up would do, from what there is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from botocore.session import get_session

from service.events.ses_events import PROVES
from service.provisioning.setup.found import (
    ConfigurationSet,
    Destination,
    Found,
    Queue,
    Subscription,
    Topic,
)
from service.provisioning.setup.plan import Step, notes, plan
from service.provisioning.setup.wanted import EVENT_TYPES, Place, Wanted

WANTED = Wanted(Place("aws", "eu-central-1", "123456789012"), "broadsheet")
TOPIC = "arn:aws:sns:eu-central-1:123456789012:broadsheet-events"
QUEUE = "arn:aws:sqs:eu-central-1:123456789012:broadsheet-events"
URL = "https://sqs.eu-central-1.amazonaws.com/123456789012/broadsheet-events"
TYPES = frozenset(
    ["SEND", "DELIVERY", "DELIVERY_DELAY", "BOUNCE", "COMPLAINT", "REJECT", "RENDERING_FAILURE"]
)


def policy(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


QUEUE_ATTRIBUTES = {
    "VisibilityTimeout": "60",
    "MessageRetentionPeriod": "1209600",
    "Policy": policy(WANTED.topic_may_send),
    "RedrivePolicy": json.dumps({"deadLetterTargetArn": f"{QUEUE}-dead", "maxReceiveCount": "5"}),
}
DESTINATION = Destination("broadsheet-events", True, TYPES, TOPIC)
WHOLE = Found(
    dead_letters=Queue(f"{URL}-dead", {"MessageRetentionPeriod": "1209600"}),
    queue=Queue(URL, QUEUE_ATTRIBUTES),
    topic=Topic({"SignatureVersion": "2", "Policy": policy(WANTED.ses_may_publish)}),
    subscription=Subscription(f"{TOPIC}:1", raw=True),
    configuration_set=ConfigurationSet(destinations=(DESTINATION,)),
)


def calls(steps: list[Step]) -> list[str]:
    return [f"{step.verb} {step.service}.{step.call}" for step in steps]


def test_it_makes_everything_in_an_order_in_which_each_step_finds_what_it_names() -> None:
    steps = plan(WANTED, Found())
    assert calls(steps) == [
        "create sqs.create_queue",
        "create sqs.create_queue",
        "create sns.create_topic",
        "create sns.subscribe",
        "create sesv2.create_configuration_set",
        "create sesv2.create_configuration_set_event_destination",
    ]
    dead, queue = steps[0].arguments, steps[1].arguments
    assert dead["QueueName"] == "broadsheet-events-dead"
    redrive = json.loads(queue["Attributes"]["RedrivePolicy"])
    assert redrive == {"deadLetterTargetArn": f"{QUEUE}-dead", "maxReceiveCount": 5}


def test_it_does_nothing_where_everything_is_as_wanted() -> None:
    assert plan(WANTED, WHOLE) == []
    assert notes(WANTED, WHOLE) == []


def test_it_lets_only_the_topic_send_to_the_queue() -> None:
    made = plan(WANTED, Found())[1].arguments["Attributes"]["Policy"]
    assert json.loads(made)["Statement"] == [
        {
            "Sid": "BroadsheetTopicSends",
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": QUEUE,
            "Condition": {"ArnEquals": {"aws:SourceArn": TOPIC}},
        }
    ]


def with_queue(**attributes: str) -> Found:
    return replace(WHOLE, queue=Queue(URL, {**QUEUE_ATTRIBUTES, **attributes}))


ANYONE = {"Sid": "Old", "Effect": "Allow", "Principal": "*", "Action": "SQS:*", "Resource": QUEUE}
MINE = {"Effect": "Allow", "Principal": {"AWS": "1"}, "Action": ["sqs:ReceiveMessage"]}


@pytest.mark.parametrize(
    ("found", "change", "told"),
    [
        (
            replace(WHOLE, dead_letters=None),
            ["create sqs.create_queue"],
            "broadsheet-events-dead",
        ),
        (
            replace(WHOLE, dead_letters=Queue(f"{URL}-dead", {"MessageRetentionPeriod": "60"})),
            ["change sqs.set_queue_attributes"],
            "MessageRetentionPeriod 1209600",
        ),
        (
            with_queue(VisibilityTimeout="30"),
            ["change sqs.set_queue_attributes"],
            "VisibilityTimeout 60",
        ),
        (
            with_queue(RedrivePolicy=""),
            ["change sqs.set_queue_attributes"],
            "received 5 times goes to broadsheet-events-dead",
        ),
        (
            with_queue(Policy=policy(WANTED.topic_may_send, ANYONE)),
            ["change sqs.set_queue_attributes"],
            "no longer by: Old",
        ),
        (with_queue(Policy=""), ["change sqs.set_queue_attributes"], "only the topic"),
        (replace(WHOLE, topic=None), ["create sns.create_topic"], "signature version 2"),
        (
            replace(WHOLE, topic=Topic({**WHOLE.topic.attributes, "SignatureVersion": "1"})),
            ["change sns.set_topic_attributes"],
            "signature version 2",
        ),
        (
            replace(WHOLE, topic=Topic({"SignatureVersion": "2", "Policy": policy(MINE)})),
            ["change sns.set_topic_attributes"],
            "SES may publish",
        ),
        (replace(WHOLE, subscription=None), ["create sns.subscribe"], "raw delivery"),
        (
            replace(WHOLE, subscription=Subscription(f"{TOPIC}:1", raw=False)),
            ["change sns.set_subscription_attributes"],
            "raw delivery",
        ),
        (
            replace(WHOLE, configuration_set=ConfigurationSet()),
            ["create sesv2.create_configuration_set_event_destination"],
            "SEND, DELIVERY",
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_it_takes_the_one_step_that_is_missing(found: Found, change: list[str], told: str) -> None:
    steps = plan(WANTED, found)
    assert calls(steps) == change
    assert told in steps[0].what


@pytest.mark.parametrize(
    "destination",
    [
        replace(DESTINATION, enabled=False),
        replace(DESTINATION, types=TYPES - {"BOUNCE"}),
        replace(DESTINATION, types=TYPES | {"OPEN"}),
        replace(DESTINATION, topic_arn="arn:aws:sns:eu-central-1:123456789012:other"),
    ],
)
def test_it_mends_an_event_destination_that_differs(destination: Destination) -> None:
    found = replace(WHOLE, configuration_set=ConfigurationSet(destinations=(destination,)))
    [step] = plan(WANTED, found)
    assert step.call == "update_configuration_set_event_destination"
    assert step.arguments["EventDestination"] == {
        "Enabled": True,
        "MatchingEventTypes": list(WANTED.event_types),
        "SnsDestination": {"TopicArn": TOPIC},
    }


def test_it_takes_a_destination_of_another_name_that_leads_to_our_topic_for_its_own() -> None:
    by_hand = replace(DESTINATION, name="made-by-hand")
    found = replace(WHOLE, configuration_set=ConfigurationSet(destinations=(by_hand,)))
    assert plan(WANTED, found) == []
    assert plan(replace(WANTED, tracking=True), found)[0].arguments["EventDestinationName"] == (
        "made-by-hand"
    )


def test_it_leaves_the_destinations_of_others_alone() -> None:
    other = Destination("cloudwatch", True, frozenset({"SEND"}), "")
    found = replace(WHOLE, configuration_set=ConfigurationSet(destinations=(other, DESTINATION)))
    assert plan(WANTED, found) == []


def test_it_asks_for_opens_and_clicks_only_with_tracking() -> None:
    assert frozenset(WANTED.event_types) == TYPES
    tracking = replace(WANTED, tracking=True)
    assert frozenset(tracking.event_types) == TYPES | {"OPEN", "CLICK"}


def test_it_asks_for_every_kind_of_event_that_the_service_understands() -> None:
    assert set(EVENT_TYPES) == {*PROVES, "Bounce", "Complaint"}
    model = get_session().get_service_model("sesv2").shape_for("EventType")
    assert set(EVENT_TYPES.values()) <= set(model.enum)


def test_it_keeps_other_statements_of_the_queues_policy() -> None:
    deny = {"Sid": "Tls", "Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": QUEUE}
    [step] = plan(WANTED, with_queue(Policy=policy(deny, MINE, ANYONE)))
    statements = json.loads(step.arguments["Attributes"]["Policy"])["Statement"]
    assert statements == [deny, MINE, WANTED.topic_may_send]


def test_it_knows_its_statement_however_aws_writes_it() -> None:
    ours = {**WANTED.topic_may_send, "Action": ["sqs:SendMessage"]}
    assert plan(WANTED, with_queue(Policy=policy(ours))) == []


def test_it_replaces_an_older_statement_of_its_own() -> None:
    older = {**WANTED.topic_may_send, "Condition": {"ArnEquals": {"aws:SourceArn": "arn:other"}}}
    [step] = plan(WANTED, with_queue(Policy=policy(older)))
    statements = json.loads(step.arguments["Attributes"]["Policy"])["Statement"]
    assert statements == [WANTED.topic_may_send]


def test_it_says_that_sending_is_switched_off_and_leaves_it_so() -> None:
    closed = replace(WHOLE.configuration_set, sending_enabled=False)
    found = replace(WHOLE, configuration_set=closed)
    assert plan(WANTED, found) == []
    assert "switched off in the configuration set broadsheet" in notes(WANTED, found)[0]


def test_it_calls_what_boto3_has_with_arguments_that_it_takes() -> None:
    changed = Found(
        dead_letters=Queue(f"{URL}-dead"),
        queue=Queue(URL),
        topic=Topic(),
        subscription=Subscription(f"{TOPIC}:1", raw=False),
        configuration_set=ConfigurationSet(destinations=(replace(DESTINATION, enabled=False),)),
    )
    session = get_session()
    for step in [*plan(WANTED, Found()), *plan(WANTED, changed)]:
        client = session.create_client(
            step.service, region_name="eu-central-1",
            aws_access_key_id="x", aws_secret_access_key="x",
        )  # fmt: skip
        operation = client.meta.service_model.operation_model(
            client.meta.method_to_api_mapping[step.call]
        )
        unknown = step.arguments.keys() - operation.input_shape.members.keys()
        assert not unknown, f"{step.call} has no {unknown}"
        missing = set(operation.input_shape.required_members) - step.arguments.keys()
        assert not missing, f"{step.call} needs {missing}"
        client.close()

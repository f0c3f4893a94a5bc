"""An account that is set up by unmodified boto3: what is made decides what arrives."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from service.sandbox import Sandbox

from .conftest import FRIDAY
from .people import ask, simple

Connect = Callable[[str, str], Any]
TOPIC = "arn:aws:sns:us-east-1:000000000000:news"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:news"
OPEN_TO_TOPIC = {
    "Effect": "Allow",
    "Principal": {"Service": "sns.amazonaws.com"},
    "Action": "sqs:SendMessage",
    "Resource": QUEUE,
    "Condition": {"ArnEquals": {"aws:SourceArn": TOPIC}},
}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


class Account:
    """A new account, and clients of its services."""

    def __init__(self, sandbox: Sandbox, connect: Connect) -> None:
        self.sandbox = sandbox
        self.sns = connect("sns", sandbox.url)
        self.sqs = connect("sqs", sandbox.url)
        self.ses = connect("sesv2", sandbox.url)
        self.sts = connect("sts", sandbox.url)

    def wire(
        self, queue_policy: str = policy(OPEN_TO_TOPIC), types: tuple[str, ...] = ("SEND",)
    ) -> str:
        """Set, destination, topic, queue; the queue's URL."""
        attributes = {"Policy": queue_policy} if queue_policy else {}
        url: str = self.sqs.create_queue(QueueName="news", Attributes=attributes)["QueueUrl"]
        self.sns.create_topic(Name="news")
        self.sns.subscribe(
            TopicArn=TOPIC, Protocol="sqs", Endpoint=QUEUE,
            Attributes={"RawMessageDelivery": "true"},
        )  # fmt: skip
        self.ses.create_configuration_set(ConfigurationSetName="broadsheet")
        self.ses.create_configuration_set_event_destination(
            ConfigurationSetName="broadsheet",
            EventDestinationName="news",
            EventDestination=destination(*types),
        )
        return url

    def events(self, url: str) -> list[str]:
        """Kinds of the events that wait on a queue."""
        page = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        return [json.loads(m["Body"])["eventType"] for m in page.get("Messages", [])]


def destination(*types: str, enabled: bool = True) -> dict[str, Any]:
    wanted = {"Enabled": enabled, "MatchingEventTypes": list(types)}
    return {**wanted, "SnsDestination": {"TopicArn": TOPIC}}


@pytest.fixture
def account(connect: Connect) -> Iterator[Account]:
    with Sandbox(date=FRIDAY, wired=False) as running:
        yield Account(running, connect)


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_it_begins_with_nothing(account: Account) -> None:
    with pytest.raises(account.ses.exceptions.NotFoundException):
        account.ses.get_configuration_set(ConfigurationSetName="broadsheet")
    with pytest.raises(account.sqs.exceptions.QueueDoesNotExist):
        account.sqs.get_queue_url(QueueName="broadsheet-events")
    with pytest.raises(account.sns.exceptions.NotFoundException):
        account.sns.get_topic_attributes(TopicArn=TOPIC)
    with pytest.raises(account.ses.exceptions.NotFoundException):
        account.ses.send_email(**simple("ada@mail.example"))


def test_it_says_whose_the_keys_are(account: Account) -> None:
    caller = account.sts.get_caller_identity()
    assert caller["Account"] == "000000000000"
    assert caller["Arn"].startswith("arn:aws:iam::000000000000:")


def test_it_brings_the_events_that_were_asked_for_and_no_others(account: Account) -> None:
    url = account.wire(types=("DELIVERY",))
    account.ses.send_email(**simple("ada@mail.example"))
    assert account.events(url) == ["Delivery"]


@pytest.mark.parametrize(
    ("queue_policy", "arrives"),
    [
        (policy(OPEN_TO_TOPIC), True),
        ("", False),
        (policy({**OPEN_TO_TOPIC, "Condition": {"ArnEquals": {"aws:SourceArn": "arn:x"}}}), False),
        (policy(OPEN_TO_TOPIC, {**OPEN_TO_TOPIC, "Effect": "Deny"}), False),
        (policy({**OPEN_TO_TOPIC, "Principal": {"Service": "s3.amazonaws.com"}}), False),
        (policy({**OPEN_TO_TOPIC, "Principal": "*", "Action": "SQS:*", "Condition": {}}), True),
        (policy({**OPEN_TO_TOPIC, "Condition": {"Unheard": {"aws:SourceArn": TOPIC}}}), False),
    ],
)  # fmt: skip
def test_it_keeps_out_of_a_queue_what_its_policy_does_not_let_in(
    account: Account, queue_policy: str, *, arrives: bool
) -> None:
    url = account.wire(queue_policy)
    account.ses.send_email(**simple("ada@mail.example"))
    assert account.events(url) == (["Send"] if arrives else [])


def test_it_stops_events_when_the_topics_policy_keeps_ses_out(account: Account) -> None:
    url = account.wire()
    account.sns.set_topic_attributes(
        TopicArn=TOPIC, AttributeName="Policy", AttributeValue=policy()
    )
    account.ses.send_email(**simple("ada@mail.example"))
    assert account.events(url) == []


def test_it_changes_an_event_destination(account: Account) -> None:
    url = account.wire()
    change = account.ses.update_configuration_set_event_destination
    named = {"ConfigurationSetName": "broadsheet", "EventDestinationName": "news"}
    change(**named, EventDestination=destination("SEND", enabled=False))
    account.ses.send_email(**simple("ada@mail.example"))
    assert account.events(url) == []
    change(**named, EventDestination=destination("DELIVERY"))
    account.ses.send_email(**simple("ada@mail.example"))
    assert account.events(url) == ["Delivery"]
    kept = account.ses.get_configuration_set_event_destinations(ConfigurationSetName="broadsheet")
    assert kept["EventDestinations"] == [{"Name": "news", **destination("DELIVERY")}]


def test_it_refuses_a_destination_to_a_topic_that_is_not_there(account: Account) -> None:
    account.ses.create_configuration_set(ConfigurationSetName="broadsheet")
    with pytest.raises(account.ses.exceptions.BadRequestException, match="Could not publish"):
        account.ses.create_configuration_set_event_destination(
            ConfigurationSetName="broadsheet",
            EventDestinationName="news",
            EventDestination=destination("SEND"),
        )


def test_it_makes_a_topic_once(account: Account) -> None:
    made = account.sns.create_topic(Name="news", Attributes={"SignatureVersion": "2"})
    again = account.sns.create_topic(Name="news", Attributes={"SignatureVersion": "2"})
    assert made["TopicArn"] == again["TopicArn"] == TOPIC
    assert attributes(account.sns, TOPIC)["SignatureVersion"] == "2"
    with pytest.raises(account.sns.exceptions.InvalidParameterException, match="different"):
        account.sns.create_topic(Name="news", Attributes={"SignatureVersion": "1"})


def attributes(sns: Any, topic: str) -> Any:
    return sns.get_topic_attributes(TopicArn=topic)["Attributes"]


def test_it_refuses_attributes_that_a_topic_may_not_have(account: Account) -> None:
    account.sns.create_topic(Name="news")
    for name, value in (("SignatureVersion", "3"), ("Policy", "{"), ("Colour", "red")):
        with pytest.raises(account.sns.exceptions.InvalidParameterException, match=name):
            account.sns.set_topic_attributes(
                TopicArn=TOPIC, AttributeName=name, AttributeValue=value
            )


def test_it_keeps_a_subscription_once_and_changes_its_form(account: Account) -> None:
    url = account.wire()
    sns = account.sns
    raw = {"RawMessageDelivery": "true"}
    again = sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=QUEUE, Attributes=raw)
    [row] = sns.list_subscriptions_by_topic(TopicArn=TOPIC)["Subscriptions"]
    assert row["SubscriptionArn"] == again["SubscriptionArn"]
    assert (row["Protocol"], row["Endpoint"]) == ("sqs", QUEUE)
    with pytest.raises(sns.exceptions.InvalidParameterException, match="different attributes"):
        sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=QUEUE)
    sns.set_subscription_attributes(
        SubscriptionArn=row["SubscriptionArn"],
        AttributeName="RawMessageDelivery", AttributeValue="false",
    )  # fmt: skip
    found = sns.get_subscription_attributes(SubscriptionArn=row["SubscriptionArn"])
    assert found["Attributes"]["RawMessageDelivery"] == "false"
    account.ses.send_email(**simple("ada@mail.example"))
    [message] = account.sqs.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"])["TopicArn"] == TOPIC


def test_it_lists_subscriptions_in_pages(account: Account) -> None:
    account.sns.create_topic(Name="news")
    for number in range(105):
        account.sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=f"{QUEUE}{number}")
    pages = list(account.sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=TOPIC))
    assert [len(page["Subscriptions"]) for page in pages] == [100, 5]


def test_it_refuses_a_queue_of_the_same_name_with_other_attributes(account: Account) -> None:
    account.sqs.create_queue(QueueName="news", Attributes={"VisibilityTimeout": "60"})
    account.sqs.create_queue(QueueName="news", Attributes={"VisibilityTimeout": "60"})
    with pytest.raises(account.sqs.exceptions.QueueNameExists, match="VisibilityTimeout"):
        account.sqs.create_queue(QueueName="news", Attributes={"VisibilityTimeout": "61"})


def test_it_moves_what_is_received_too_often_to_the_dead_letters(account: Account) -> None:
    dead = account.sqs.create_queue(QueueName="dead")["QueueUrl"]
    redrive = {"deadLetterTargetArn": QUEUE.replace("news", "dead"), "maxReceiveCount": 2}
    url = account.sqs.create_queue(
        QueueName="news", Attributes={"RedrivePolicy": json.dumps(redrive)}
    )["QueueUrl"]
    account.sqs.send_message(QueueUrl=url, MessageBody="hard to take")
    for _ in range(2):
        [message] = account.sqs.receive_message(QueueUrl=url)["Messages"]
        account.sqs.change_message_visibility(
            QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
        )
    assert "Messages" not in account.sqs.receive_message(QueueUrl=url)
    assert account.sqs.receive_message(QueueUrl=dead)["Messages"][0]["Body"] == "hard to take"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VisibilityTimeout", "43201"),
        ("MessageRetentionPeriod", "59"),
        ("Policy", "{"),
        ("RedrivePolicy", '{"deadLetterTargetArn": "arn:x", "maxReceiveCount": 5}'),
        ("Colour", "red"),
    ],
)
def test_it_refuses_attributes_that_a_queue_may_not_have(
    account: Account, name: str, value: str
) -> None:
    url = account.sqs.create_queue(QueueName="news")["QueueUrl"]
    with pytest.raises(ClientError, match=name):
        account.sqs.set_queue_attributes(QueueUrl=url, Attributes={name: value})


def test_it_shows_a_queues_attributes_as_they_are(account: Account) -> None:
    url = account.sqs.create_queue(QueueName="news")["QueueUrl"]
    account.sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "45"})
    shown = account.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert shown["QueueArn"] == QUEUE
    assert (shown["VisibilityTimeout"], shown["MessageRetentionPeriod"]) == ("45", "345600")
    assert "Policy" not in shown


@pytest.mark.parametrize(
    ("action", "call", "refused"),
    [
        ("sns:CreateTopic", lambda a: a.sns.create_topic(Name="news"), "AuthorizationError"),
        ("sqs:CreateQueue", lambda a: a.sqs.create_queue(QueueName="q"), "AccessDeniedException"),
        ("ses:GetAccount", lambda a: a.ses.get_account(), "AccessDeniedException"),
    ],
)
def test_it_denies_what_the_keys_may_not_do(
    account: Account, action: str, call: Callable[[Account], object], refused: str
) -> None:
    ask(account.sandbox.url, "/control/permissions", {"denied": [action]})
    with pytest.raises(ClientError, match=f"not authorized to perform: {action}") as error:
        call(account)
    assert code(error) == refused
    ask(account.sandbox.url, "/control/permissions", {"denied": []})
    call(account)


def test_it_tells_the_time_with_each_answer_of_ses(account: Account) -> None:
    answer = account.ses.get_account()["ResponseMetadata"]["HTTPHeaders"]["date"]
    assert answer.endswith(" GMT")


def test_it_shows_an_identity_as_a_test_wants_it(account: Account) -> None:
    account.ses.create_email_identity(EmailIdentity="news.example")
    ask(
        account.sandbox.url,
        "/control/identities/news.example",
        {"DkimAttributes": {"Status": "PENDING"}, "VerifiedForSendingStatus": False},
    )
    found = account.ses.get_email_identity(EmailIdentity="news.example")
    assert found["DkimAttributes"]["Status"] == "PENDING"
    assert found["DkimAttributes"]["SigningEnabled"] is True
    assert found["VerifiedForSendingStatus"] is False

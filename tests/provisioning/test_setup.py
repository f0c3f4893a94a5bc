"""``broadsheet ses setup`` against an account that keeps what is made."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

from service.sandbox import Sandbox
from tests.sandbox.people import ask

Run = Callable[..., Result]
Client = Callable[[str], Any]
QUEUE = "broadsheet-events"


def lines(result: Result) -> list[str]:
    assert result.exit_code == 0, result.output
    return str(result.stdout).splitlines()


def printed(result: Result) -> dict[str, str]:
    """The settings that it prints."""
    return dict(line.split("=", 1) for line in lines(result) if line.startswith("BROADSHEET_"))


def put_message(ses: Any, to: str = "success@simulator.amazonses.com") -> None:
    body = {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello"}}}
    ses.send_email(
        FromEmailAddress="news@news.example", Destination={"ToAddresses": [to]},
        Content={"Simple": body}, ConfigurationSetName="broadsheet",
    )  # fmt: skip


def take_all(sqs: Any, url: str) -> list[dict[str, Any]]:
    page = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in page.get("Messages", [])]


def test_it_makes_a_way_by_which_events_come(run: Run, client: Client) -> None:
    settings = printed(run("ses", "setup"))
    put_message(client("sesv2"))
    events = take_all(client("sqs"), settings["BROADSHEET_SQS_QUEUE_URL"])
    assert [event["eventType"] for event in events] == ["Send", "Delivery"], "raw, both of them"


def test_it_prints_the_settings_for_the_service(run: Run, account: Sandbox) -> None:
    assert printed(run("ses", "setup", "--name", "ours")) == {
        "BROADSHEET_SES_CONFIGURATION_SET": "broadsheet",
        "BROADSHEET_SQS_QUEUE_URL": f"{account.url}/000000000000/ours",
        "BROADSHEET_SNS_TOPIC_ARNS": "arn:aws:sns:us-east-1:000000000000:ours",
    }


def test_it_changes_nothing_the_second_time_and_says_so(
    run: Run, account: Sandbox, client: Client
) -> None:
    first = printed(run("ses", "setup"))
    ask(account.url, "/control/permissions", {"denied": WRITES})
    second = run("ses", "setup")
    assert "Everything is there already; nothing was changed." in lines(second)
    assert printed(second) == first


READS = [
    "sts:GetCallerIdentity", "sqs:GetQueueUrl", "sqs:GetQueueAttributes", "sns:GetTopicAttributes",
    "sns:ListSubscriptionsByTopic", "sns:GetSubscriptionAttributes", "ses:GetConfigurationSet",
    "ses:GetConfigurationSetEventDestinations",
]  # fmt: skip
WRITES = [
    "sqs:CreateQueue", "sqs:SetQueueAttributes", "sns:CreateTopic", "sns:SetTopicAttributes",
    "sns:Subscribe", "sns:SetSubscriptionAttributes", "ses:CreateConfigurationSet",
    "ses:CreateConfigurationSetEventDestination", "ses:UpdateConfigurationSetEventDestination",
]  # fmt: skip


def test_it_only_reads_in_a_dry_run(run: Run, account: Sandbox, deny: Callable[..., None]) -> None:
    deny(*WRITES)
    said = lines(run("ses", "setup", "--dry-run"))
    assert said[0] == "Account 000000000000, region us-east-1."
    assert [line.split("  ")[0] for line in said[1:]] == ["would create"] * 6
    used = ask(account.url, "/control/permissions").json()["used"]
    assert set(used) <= set(READS), used


def test_it_mends_what_differs_and_says_what(run: Run, client: Client) -> None:
    url = printed(run("ses", "setup"))["BROADSHEET_SQS_QUEUE_URL"]
    client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    said = lines(run("ses", "setup"))
    assert "changed  SQS queue broadsheet-events: only the topic broadsheet-events may" in said[1]
    put_message(client("sesv2"))
    assert take_all(client("sqs"), url), "the queue takes nothing of the topic"


def test_it_adds_opens_and_clicks_when_it_is_asked_to(run: Run, client: Client) -> None:
    run("ses", "setup")
    run("ses", "setup", "--tracking")
    ses = client("sesv2")
    [kept] = ses.get_configuration_set_event_destinations(ConfigurationSetName="broadsheet")[
        "EventDestinations"
    ]
    assert {"OPEN", "CLICK"} <= set(kept["MatchingEventTypes"])


def test_it_signs_by_version_2_and_keeps_what_fails_five_times(run: Run, client: Client) -> None:
    settings = printed(run("ses", "setup"))
    topic = client("sns").get_topic_attributes(TopicArn=settings["BROADSHEET_SNS_TOPIC_ARNS"])
    assert topic["Attributes"]["SignatureVersion"] == "2"
    sqs, url = client("sqs"), settings["BROADSHEET_SQS_QUEUE_URL"]
    put_message(client("sesv2"))
    for _ in range(5):
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]:
            sqs.change_message_visibility(
                QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
            )
    assert take_all(sqs, url) == []
    assert len(take_all(sqs, f"{url}-dead")) == 2


@pytest.mark.parametrize("action", [READS[1], *READS[3:5], READS[6], *WRITES[::2]])
def test_it_names_the_permission_that_is_missing(
    run: Run, client: Client, deny: Callable[..., None], action: str
) -> None:
    if "Update" in action:
        run("ses", "setup", "--tracking")
    deny(action)
    result = run("ses", "setup")
    assert result.exit_code == 1
    assert f"these keys lack the permission {action}" in result.output
    assert "ses setup --policy" in result.output


def test_it_goes_on_where_a_refusal_stopped_it(run: Run, deny: Callable[..., None]) -> None:
    deny("sns:Subscribe")
    refused = run("ses", "setup")
    assert "3 of 6 steps are done and stay done" in refused.output
    deny()
    said = lines(run("ses", "setup"))
    assert [line.split("  ")[0] for line in said if line.startswith("created")] == ["created"] * 3


def test_it_needs_no_permission_that_its_policy_does_not_hold(
    run: Run, account: Sandbox, client: Client
) -> None:
    settings = printed(run("ses", "setup"))
    url, topic = settings["BROADSHEET_SQS_QUEUE_URL"], settings["BROADSHEET_SNS_TOPIC_ARNS"]
    client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1"})
    sns = client("sns")
    sns.set_topic_attributes(TopicArn=topic, AttributeName="SignatureVersion", AttributeValue="1")
    [row] = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    sns.set_subscription_attributes(
        SubscriptionArn=row["SubscriptionArn"],
        AttributeName="RawMessageDelivery", AttributeValue="false",
    )  # fmt: skip
    run("ses", "setup", "--tracking")
    used = set(ask(account.url, "/control/permissions").json()["used"])
    held = json.loads(run("ses", "setup", "--policy").stdout)["Statement"]
    actions = {action for statement in held for action in statement["Action"]}
    assert used - actions == {"sts:GetCallerIdentity"}, "which needs no permission"
    of_setup = {a for s in held if "Setup" in s["Sid"] for a in s["Action"]}
    assert of_setup <= used, "the policy holds more than the set-up needs"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("AWS_REGION", None, "Set AWS_REGION"),
        ("BROADSHEET_SES_CONFIGURATION_SET", "", "is empty: give it a name"),
        ("AWS_ACCESS_KEY_ID", None, "there are no keys"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1", "AWS gave no answer to GetCallerIdentity"),
    ],
)
def test_it_says_what_is_missing_before_it_begins(
    run: Run, account: Sandbox, monkeypatch: pytest.MonkeyPatch,
    name: str, value: str | None, told: str,
) -> None:  # fmt: skip
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    if value is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, value)
    result = run("ses", "setup")
    assert result.exit_code == 1
    assert told in result.output


@pytest.mark.parametrize("name", ["", "with space", "x" * 76, "events.fifo"])
def test_it_refuses_a_name_that_no_queue_may_have(run: Run, account: Sandbox, name: str) -> None:
    result = run("ses", "setup", "--name", name)
    assert result.exit_code == 2
    assert "letters, digits" in result.output


def test_it_prints_its_policy_without_asking_anyone(
    run: Run, data_dir: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "cn-north-1")
    held = json.loads(run("ses", "setup", "--policy", "--name", "ours").stdout)
    queue = "arn:aws-cn:sqs:cn-north-1:*:ours"
    assert [s for s in held["Statement"] if queue in s["Resource"]], held

"""The queue, through an unmodified boto3."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from service.sandbox import Sandbox

from .people import FakeClock, ask, simple

Connect = Callable[[str, str], Any]


@pytest.fixture
def queue(timed: Sandbox) -> str:
    return timed.queue_url


@pytest.fixture
def sqs(timed: Sandbox, connect: Connect) -> Any:
    return connect("sqs", timed.url)


def bodies(page: dict[str, Any]) -> list[str]:
    return [message["Body"] for message in page.get("Messages", [])]


def test_it_finds_the_queue_of_events(sqs: Any, queue: str) -> None:
    assert sqs.get_queue_url(QueueName="broadsheet-events")["QueueUrl"] == queue
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_url(QueueName="unheard-of")


def test_it_hides_a_received_message_until_its_time_is_up(
    sqs: Any, queue: str, clock: FakeClock
) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="one")
    first = sqs.receive_message(QueueUrl=queue, VisibilityTimeout=30)
    assert bodies(first) == ["one"]
    assert bodies(sqs.receive_message(QueueUrl=queue)) == []
    clock.now += 31
    again = sqs.receive_message(QueueUrl=queue, AttributeNames=["ApproximateReceiveCount"])
    assert bodies(again) == ["one"]
    assert again["Messages"][0]["Attributes"] == {"ApproximateReceiveCount": "2"}
    assert again["Messages"][0]["MessageId"] == first["Messages"][0]["MessageId"]


def test_it_deletes_for_good(sqs: Any, queue: str, clock: FakeClock) -> None:
    for n in range(12):
        sqs.send_message(QueueUrl=queue, MessageBody=str(n))
    page = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
    assert bodies(page) == [str(n) for n in range(10)]
    handles = [m["ReceiptHandle"] for m in page["Messages"]]
    batch = [{"Id": str(n), "ReceiptHandle": h} for n, h in enumerate(handles)]
    answer = sqs.delete_message_batch(QueueUrl=queue, Entries=batch)
    assert len(answer["Successful"]) == 10
    clock.now += 100
    left = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
    assert bodies(left) == ["10", "11"]


def test_it_brings_a_message_back_at_once_when_its_visibility_ends(sqs: Any, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="one")
    [message] = sqs.receive_message(QueueUrl=queue)["Messages"]
    handle = message["ReceiptHandle"]
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=0)
    assert bodies(sqs.receive_message(QueueUrl=queue)) == ["one"]


def test_it_hides_a_message_for_longer_when_asked(sqs: Any, queue: str, clock: FakeClock) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="one")
    [message] = sqs.receive_message(QueueUrl=queue, VisibilityTimeout=10)["Messages"]
    handle = message["ReceiptHandle"]
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=60)
    clock.now += 30
    assert bodies(sqs.receive_message(QueueUrl=queue)) == []
    clock.now += 31
    assert bodies(sqs.receive_message(QueueUrl=queue)) == ["one"]


def test_it_delays_a_message(sqs: Any, queue: str, clock: FakeClock) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="later", DelaySeconds=20)
    assert bodies(sqs.receive_message(QueueUrl=queue)) == []
    clock.now += 20
    assert bodies(sqs.receive_message(QueueUrl=queue)) == ["later"]


def test_it_wakes_a_long_poll_when_a_message_comes(sqs: Any, timed: Sandbox, queue: str) -> None:
    put = timed.queues.named("broadsheet-events").put
    timer = threading.Timer(0.2, put, args=(lambda: "soon",))
    timer.start()
    start = time.monotonic()
    page = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=4)
    timer.join()
    assert bodies(page) == ["soon"]
    assert time.monotonic() - start < 3


def test_it_counts_what_waits(sqs: Any, queue: str) -> None:
    for n in range(3):
        sqs.send_message(QueueUrl=queue, MessageBody=str(n))
    sqs.receive_message(QueueUrl=queue)
    counts = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert counts["ApproximateNumberOfMessages"] == "2"
    assert counts["ApproximateNumberOfMessagesNotVisible"] == "1"
    sqs.purge_queue(QueueUrl=queue)
    assert bodies(sqs.receive_message(QueueUrl=queue)) == []


def test_it_refuses_more_than_ten_at_a_time(sqs: Any, queue: str) -> None:
    with pytest.raises(sqs.exceptions.ClientError, match="MaxNumberOfMessages"):
        sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=11)


def test_it_keeps_queues_apart(sqs: Any, queue: str) -> None:
    other = sqs.create_queue(QueueName="other")["QueueUrl"]
    sqs.send_message(QueueUrl=other, MessageBody="elsewhere")
    assert bodies(sqs.receive_message(QueueUrl=queue)) == []
    assert bodies(sqs.receive_message(QueueUrl=other)) == ["elsewhere"]


def test_it_puts_bare_events_on_the_queue_when_asked(
    timed: Sandbox, sqs: Any, queue: str, connect: Connect
) -> None:
    ask(timed.url, "/control/sns/queue", {"raw": True})
    connect("sesv2", timed.url).send_email(**simple("ada@mail.example"))
    [body] = bodies(sqs.receive_message(QueueUrl=queue))
    assert json.loads(body)["eventType"] == "Send"


def test_it_holds_events_back_when_told(
    timed: Sandbox, sqs: Any, queue: str, connect: Connect, clock: FakeClock
) -> None:
    ask(timed.url, "/control/faults", {"events": {"delay_ms": 60_000}})
    connect("sesv2", timed.url).send_email(**simple("ada@mail.example"))
    assert bodies(sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)) == []
    clock.now += 60
    assert len(bodies(sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10))) == 2

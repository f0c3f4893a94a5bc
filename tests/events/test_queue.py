"""Events from SQS: kept, then deleted; from two servers that know nothing of each other."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from datetime import datetime
from typing import Any

import boto3
import httpx2
import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from moto.server import ThreadedMotoServer
from sqlalchemy import Engine, func, select
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy.orm import Session

from service.delivery.claim import Claim
from service.delivery.send import Sender
from service.events.queue import Poller, unwrap
from service.models import Delivery, DeliveryState, Event, EventOutcome, Issue
from service.sandbox import Sandbox
from tests.delivery.rows import states
from tests.events.posts import notification
from tests.events.samples import event


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["moto", "sandbox"])
def queue_url(
    request: pytest.FixtureRequest, data_dir: object, monkeypatch: pytest.MonkeyPatch
) -> str:
    """An empty queue whose messages come back after a second unless they are deleted."""
    url: str
    if request.param == "moto":
        url = request.getfixturevalue("moto")
    else:
        sandbox: Sandbox = request.getfixturevalue("sandbox")
        url = sandbox.url
    for name, value in {
        "AWS_ENDPOINT_URL_SQS": url,
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    client = sqs()
    name = f"q-{request.node.name.replace('[', '-').rstrip(']')}"[:80]
    made = client.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "1"})
    found: str = made["QueueUrl"]
    client.purge_queue(QueueUrl=found)
    client.close()
    return found


def sqs() -> Any:
    return boto3.client("sqs", region_name="us-east-1")


def put(queue_url: str, *bodies: str) -> None:
    client = sqs()
    for body in bodies:
        client.send_message(QueueUrl=queue_url, MessageBody=body)
    client.close()


def hide_for(queue_url: str, *, seconds: int) -> None:
    """What was received comes back after so long."""
    client = sqs()
    client.set_queue_attributes(QueueUrl=queue_url, Attributes={"VisibilityTimeout": str(seconds)})
    client.close()


def waiting(queue_url: str) -> int:
    """Messages on the queue, seen or hidden."""
    client = sqs()
    told = client.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])["Attributes"]
    client.close()
    return int(told["ApproximateNumberOfMessages"]) + int(
        told["ApproximateNumberOfMessagesNotVisible"]
    )


def poller(queue_url: str, now: datetime, wait: int = 0) -> Poller:
    return Poller(queue_url, wait_seconds=wait, clock=lambda: now)


@pytest.fixture
def delivery(database: Engine, planned_issue: Callable[..., Issue]) -> Delivery:
    planned_issue(count=1)
    with Session(database, expire_on_commit=False) as session, session.begin():
        row = session.scalars(select(Delivery)).one()
        row.state, row.attempt = DeliveryState.SENDING, 1
    return row


def test_it_keeps_applies_and_deletes(
    queue_url: str, database: Engine, delivery: Delivery, now: datetime
) -> None:
    told = event("Delivery", {"delivery": delivery.id})
    put(queue_url, told, json.dumps(notification(event("Send", {"delivery": delivery.id}))))
    polling = poller(queue_url, now)
    assert sum(polling.poll_once() for _ in range(2)) == 2
    assert polling.poll_once() == 0
    assert waiting(queue_url) == 0
    with Session(database) as session:
        assert session.get_one(Delivery, delivery.id).state is DeliveryState.DELIVERED
        rows = session.scalars(select(Event)).all()
        assert {row.outcome for row in rows} == {EventOutcome.APPLIED}
        assert told in {row.raw for row in rows}


def test_it_has_kept_an_event_before_it_deletes_it(
    queue_url: str, database: Engine, delivery: Delivery, now: datetime
) -> None:
    """A crash between the two brings the message again, and that has no second effect."""
    put(queue_url, event("Complaint", {"delivery": delivery.id}))
    polling = poller(queue_url, now)

    def crash(**_: object) -> None:
        raise ConnectionResetError("the network went away")

    deletes = polling._client.meta.events  # boto3's own hook: the call fails on its way out
    deletes.register("before-call.sqs.DeleteMessageBatch", crash, unique_id="crash")
    with pytest.raises(ConnectionResetError):
        polling.poll_once()
    with Session(database) as session:
        assert session.execute(select(func.count()).select_from(Event)).scalar_one() == 1
        assert session.get_one(Delivery, delivery.id).state is DeliveryState.COMPLAINED
    assert waiting(queue_url) == 1

    deletes.unregister("before-call.sqs.DeleteMessageBatch", unique_id="crash")
    with Session(database) as session, session.begin():
        row = session.get_one(Delivery, delivery.id)
        row.changed_at = seen = now.replace(hour=1)
    later = poller(queue_url, now, wait=5)
    assert later.poll_once() == 1
    with Session(database) as session:
        assert session.execute(select(func.count()).select_from(Event)).scalar_one() == 1
        assert session.get_one(Delivery, delivery.id).changed_at == seen, "applied a second time"
    assert waiting(queue_url) == 0


def test_it_deletes_nothing_that_it_could_not_keep(
    queue_url: str, database: Engine, delivery: Delivery, now: datetime
) -> None:
    put(queue_url, event("Send", {"delivery": delivery.id}))

    def full(_connection: object) -> None:
        raise OSError("the disk is full")

    sqlalchemy_event.listen(database, "commit", full)
    with pytest.raises(OSError, match="full"):
        poller(queue_url, now, wait=5).poll_once()
    sqlalchemy_event.remove(database, "commit", full)
    assert waiting(queue_url) == 1
    assert poller(queue_url, now, wait=5).poll_once() == 1
    with Session(database) as session:
        assert session.get_one(Delivery, delivery.id).state is DeliveryState.ACCEPTED


def test_it_is_not_held_up_by_what_it_cannot_read(
    queue_url: str, database: Engine, delivery: Delivery, now: datetime
) -> None:
    put(queue_url, "hello", event("Send", {"delivery": delivery.id}), '{"Type": "Notification"}')
    polling = poller(queue_url, now)
    assert sum(polling.poll_once() for _ in range(4)) == 3
    assert waiting(queue_url) == 0
    with Session(database) as session:
        found = sorted(session.scalars(select(Event.outcome)))
        assert found == [EventOutcome.APPLIED, EventOutcome.UNREADABLE, EventOutcome.UNREADABLE]


def test_it_goes_on_after_an_error_and_stops_when_told(
    data_dir: object, sandbox: Sandbox, now: datetime
) -> None:
    polling = poller(f"{sandbox.url}/000000000000/no-such-queue", now)
    with pytest.raises(ClientError):
        polling.poll_once()
    waits: list[float] = []
    stopped = threading.Event()

    def stopping(seconds: float) -> bool:
        waits.append(seconds)
        return len(waits) > 5

    def run() -> None:
        polling.run(stopping)
        stopped.set()

    running = threading.Thread(target=run)
    running.start()
    assert stopped.wait(20), "it did not stop"
    running.join()
    assert waits == [0, 5.0, 0, 5.0, 0, 5.0]


@pytest.mark.parametrize("raw", [True, False])
def test_it_settles_an_issue_by_what_the_sandbox_publishes(
    raw: bool,
    sender: Sender,
    planned_issue: Callable[..., Issue],
    claim: Callable[[], Claim | None],
    sandbox: Sandbox,
    database: Engine,
    now: datetime,
) -> None:
    control = f"{sandbox.url}/control"
    httpx2.post(f"{control}/sns/queue", json={"raw": raw}).raise_for_status()
    faults = {
        "outcomes": {"reader1@example.org": "bounce"},
        "events": {"double": True, "shuffle": True},
        "fail_next": [{"kind": "accept_then_drop"}],
    }
    httpx2.post(f"{control}/faults", json=faults).raise_for_status()
    issue = planned_issue(count=12)
    taken = claim()
    assert taken is not None
    assert dict(sender.send_batch(taken)) == {"unknown": 12}

    polling = poller(sandbox.queue_url, now)
    assert sum(iter(polling.poll_once, 0)) == 48, "each of 24 events twice"
    with Session(database) as session:
        assert states(session, issue.id) == [DeliveryState.BOUNCED] + [DeliveryState.DELIVERED] * 11
        assert len(session.scalars(select(Event)).all()) == 24


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"eventType": "Send"}', '{"eventType": "Send"}'),
        ('{"Type": "Notification", "Message": "inside"}', "inside"),
        ('{"Type": "Notification"}', '{"Type": "Notification"}'),
        ('{"Type": "Other", "Message": "inside"}', '{"Type": "Other", "Message": "inside"}'),
        ('{"Type": "Notification", "Message": 7}', '{"Type": "Notification", "Message": 7}'),
        ("hello", "hello"),
        ("[1]", "[1]"),
        ("[" * 100_000, "[" * 100_000),
    ],
    ids=lambda text: text[:30],
)
def test_it_takes_the_event_out_of_its_envelope(body: str, expected: str) -> None:
    assert unwrap(body) == expected


@given(st.text())
def test_it_takes_out_what_was_put_in(message: str) -> None:
    assert unwrap(json.dumps(notification(message))) == message


def test_it_leaves_a_long_poll_at_once_when_it_is_interrupted(
    queue_url: str, database: Engine, now: datetime
) -> None:
    """As a stop by SIGTERM does; nobody waits for the end of 20 seconds."""
    polling, stopping = poller(queue_url, now, wait=20), threading.Event()

    def stop(*_: object) -> None:
        stopping.set()
        polling.interrupt()

    before = signal.signal(signal.SIGUSR1, stop)
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGUSR1))
    timer.start()
    started = time.monotonic()
    try:
        polling.run(lambda _: stopping.is_set())
    finally:
        timer.join()
        signal.signal(signal.SIGUSR1, before)
        polling._client.close()
    assert time.monotonic() - started < 10


def test_it_takes_a_full_queue_in_ever_larger_rounds(
    queue_url: str, database: Engine, delivery: Delivery, now: datetime
) -> None:
    """And what it received ahead of its time is kept, applied and deleted like the rest."""
    told = [event("Open", {"delivery": delivery.id}, timestamp=f"{n}") for n in range(75)]
    hide_for(queue_url, seconds=60)  # a slow machine takes more than a second for them
    put(queue_url, *told)
    polling = poller(queue_url, now)
    rounds = list(iter(polling.poll_once, 0))
    assert sum(rounds) == 75
    # [10, 20, 40, 5], unless a busy server gives one of many askers less than there is
    assert max(rounds) > 30, rounds
    assert waiting(queue_url) == 0
    with Session(database) as session:
        assert session.execute(select(func.count()).select_from(Event)).scalar_one() == 75
        assert not session.scalars(
            select(Event.id).where(Event.outcome == EventOutcome.WAITING)
        ).all()


def test_it_loses_nothing_of_what_it_received_ahead_when_it_fails(
    queue_url: str, database: Engine, delivery: Delivery, now: datetime
) -> None:
    told = [event("Open", {"delivery": delivery.id}, timestamp=f"{n}") for n in range(30)]
    put(queue_url, *told)
    first = poller(queue_url, now)
    assert first.poll_once() == 10
    # The process ends here, with the next twenty in hand.
    wait([*first._ahead])
    assert waiting(queue_url) == 20
    second = poller(queue_url, now, wait=5)
    deadline = time.monotonic() + 30
    while waiting(queue_url):
        assert time.monotonic() < deadline, waiting(queue_url)
        second.poll_once()
    with Session(database) as session:
        assert session.execute(select(func.count()).select_from(Event)).scalar_one() == 30

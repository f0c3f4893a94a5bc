"""A sandbox of its own for every test, and unmodified boto3 clients that speak to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import boto3
import pytest
from botocore.config import Config

from service.sandbox import Sandbox

from .people import FakeClock

FRIDAY = date(2026, 11, 20)
Events = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(date=FRIDAY) as running:
        yield running


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def timed(clock: FakeClock) -> Iterator[Sandbox]:
    """A sandbox whose clock the test moves."""
    with Sandbox(date=FRIDAY, clock=clock) as running:
        yield running


@pytest.fixture(scope="session")
def session() -> boto3.Session:
    return boto3.Session("test", "test", region_name="us-east-1")


@pytest.fixture
def connect(session: boto3.Session) -> Iterator[Callable[[str, str], Any]]:
    """Make a client of a service at a URL; it is closed when the test ends."""
    made = []

    def client(service: str, url: str) -> Any:
        config = Config(retries={"total_max_attempts": 1}, read_timeout=5)
        made.append(session.client(service, endpoint_url=url, config=config))
        return made[-1]

    yield client
    for each in made:
        each.close()


@pytest.fixture
def ses(sandbox: Sandbox, connect: Callable[[str, str], Any]) -> Any:
    return connect("sesv2", sandbox.url)


@pytest.fixture
def sqs(sandbox: Sandbox, connect: Callable[[str, str], Any]) -> Any:
    return connect("sqs", sandbox.url)


@pytest.fixture
def events(sandbox: Sandbox, sqs: Any) -> Events:
    """Take every event that waits on the queue, in the order in which it came."""

    def take() -> list[dict[str, Any]]:
        taken = []
        while True:
            page = sqs.receive_message(QueueUrl=sandbox.queue_url, MaxNumberOfMessages=10)
            if "Messages" not in page:
                return taken
            for message in page["Messages"]:
                taken.append(json.loads(json.loads(message["Body"])["Message"]))
                sqs.delete_message(
                    QueueUrl=sandbox.queue_url, ReceiptHandle=message["ReceiptHandle"]
                )

    return take

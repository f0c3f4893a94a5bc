"""Events from SQS, the better way: nothing of ours needs to be reachable, and a queue waits.

A message is deleted from SQS only after its event is committed here, so a crash between the two
brings it again, and its key drops the second copy.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import boto3
import structlog
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from sqlalchemy.exc import SQLAlchemyError

from service.config import aws_region
from service.db import session_scope
from service.events.apply import apply_waiting
from service.events.store import store_events

log = structlog.get_logger(__name__)

LONG_POLL_SECONDS = 20
RECEIVE_MAX = 10  # ReceiveMessage, "MaxNumberOfMessages"
PAUSE_AFTER_ERROR = 5.0


def unwrap(body: str) -> str:
    """The event in a queue's message: bare (raw delivery) or inside SNS's envelope."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return body
    if isinstance(document, dict) and document.get("Type") == "Notification":
        message = document.get("Message")
        if isinstance(message, str):
            return message
    return body


class Interrupted(BaseException):
    """Leaves a long poll. No ``Exception``: boto3 would take that for a failure of the network."""


class Poller:
    """Takes events from one queue until it is told to stop."""

    def __init__(
        self,
        queue_url: str,
        *,
        wait_seconds: int = LONG_POLL_SECONDS,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._queue_url = queue_url
        self._wait = wait_seconds
        self._clock = clock
        self._polling = False
        self._client = boto3.client(
            "sqs",
            region_name=aws_region(),
            config=Config(read_timeout=wait_seconds + 10, connect_timeout=5),
        )

    def run(self, stopping: Callable[[float], bool]) -> None:
        """Poll until ``stopping(seconds)``, which waits at most that long, says True."""
        while not stopping(0):
            try:
                self.poll_once()
            except Interrupted:
                continue
            except (BotoCoreError, ClientError, SQLAlchemyError) as error:
                log.warning("events.poll_failed", error=str(error))
                if stopping(PAUSE_AFTER_ERROR):
                    return

    def interrupt(self) -> None:
        """From a signal handler: leave the long poll, so that a stop need not wait for its end.

        What was just coming in is not deleted there, so it comes again.
        """
        if self._polling:
            raise Interrupted

    def poll_once(self) -> int:
        """Take what the queue has now (waiting a little when it is empty); how many messages."""
        messages = self._receive()
        if not messages:
            return 0
        now = self._clock()
        with session_scope() as session:
            store_events(session, [unwrap(message["Body"]) for message in messages], now)
        self._client.delete_message_batch(
            QueueUrl=self._queue_url,
            Entries=[
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                for number, message in enumerate(messages)
            ],
        )
        apply_waiting(now)
        return len(messages)

    def _receive(self) -> list[dict[str, Any]]:
        self._polling = True
        try:
            answer: dict[str, Any] = self._client.receive_message(
                QueueUrl=self._queue_url,
                MaxNumberOfMessages=RECEIVE_MAX,
                WaitTimeSeconds=self._wait,
            )
        finally:
            self._polling = False
        found: list[dict[str, Any]] = answer.get("Messages", [])
        return found

"""Events from SQS, the better way: nothing of ours needs to be reachable, and a queue waits.

A message is deleted from SQS only after its event is committed here, so a crash between the two
brings it again, and its key drops the second copy. While a round of events is applied, a few
threads delete its messages and receive those of the next.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import boto3
import structlog
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from sqlalchemy.exc import SQLAlchemyError

from service.config import aws_region
from service.db import session_scope
from service.events.apply import apply_events
from service.events.store import store_events

log = structlog.get_logger(__name__)

LONG_POLL_SECONDS = 20
RECEIVE_MAX = 10  # ReceiveMessage, "MaxNumberOfMessages"
PAUSE_AFTER_ERROR = 5.0
THREADS = 3
MOST_AHEAD = 30
"""Calls in a round, each for ten messages. All must be applied long before SQS shows them again."""

Message = dict[str, Any]


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
        self._ahead: list[Future[list[Message]]] = []
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="sqs")
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
        messages = self._take()
        if not messages:
            return 0
        now = self._clock()
        with session_scope() as session:
            stored = store_events(session, [unwrap(message["Body"]) for message in messages], now)
        deleting = [
            self._pool.submit(self._delete, messages[start : start + RECEIVE_MAX])
            for start in range(0, len(messages), RECEIVE_MAX)
        ]
        # Twice as much as this time while the queue is full, and nothing once it is not.
        more = min(MOST_AHEAD, 2 * (len(messages) // RECEIVE_MAX))
        self._ahead = [self._pool.submit(self._receive, 0) for _ in range(more)]
        apply_events(stored, now)
        for done in deleting:
            done.result()
        return len(messages)

    def _take(self) -> list[Message]:
        ahead, self._ahead = self._ahead, []
        messages = [message for received in ahead for message in received.result()]
        if messages:
            return messages
        self._polling = True
        try:
            return self._receive(self._wait)
        finally:
            self._polling = False

    def _receive(self, wait: int) -> list[Message]:
        answer: dict[str, Any] = self._client.receive_message(
            QueueUrl=self._queue_url, MaxNumberOfMessages=RECEIVE_MAX, WaitTimeSeconds=wait
        )
        found: list[Message] = answer.get("Messages", [])
        return found

    def _delete(self, messages: Sequence[Message]) -> None:
        """What SQS could not delete comes again, and its key drops it."""
        self._client.delete_message_batch(
            QueueUrl=self._queue_url,
            Entries=[
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                for number, message in enumerate(messages)
            ],
        )

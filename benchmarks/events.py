"""Events of SES from SQS: one worker that keeps, deletes and applies them, over PostgreSQL.

Beside a loop that receives the same messages from the same queue and deletes them, which is the
least that anyone can do with a queue.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3
from sqlalchemy import func, select, text

from benchmarks.sending import sandbox
from benchmarks.stage import add_newsletter, add_readers, approved_issue, stage
from benchmarks.table import Row, show
from service.config import apply_environment, settings
from service.db import engine, read_scope, session_scope
from service.delivery.plan import plan_issue
from service.events.queue import Poller
from service.models import Delivery, DeliveryState, Event, EventOutcome, Suppression

EVENTS = 5_000
READERS = EVENTS // 2
"""Each message has a Send and one more."""
ROUNDS = 3
BOUNCES, COMPLAINTS = 100, 1000
"""One message in so many bounces, and is complained of."""


def run() -> None:
    with stage(), TemporaryDirectory() as folder, sandbox(Path(folder)) as url:
        apply_environment(AWS_ENDPOINT_URL_SQS=url)
        newsletter = add_newsletter()
        add_readers(newsletter, 1, READERS)
        bare, ours, cpu = [], [], []
        for _ in range(ROUNDS):  # in turns, so that a busy moment of the machine meets both
            bare.append(_timed(_loop_that_forgets, _preloaded(newsletter))[0])
            took, used = _timed(_our_worker, _preloaded(newsletter))
            ours.append(took)
            cpu.append(used)
            _check(newsletter)
    show(
        f"{EVENTS:,} events in SNS's envelope from SQS, one worker, PostgreSQL (target 0.5)",
        [
            Row("received, kept, deleted, applied", min(ours), min(bare), "receive and delete"),
            Row("  of which CPU of the worker", min(cpu), min(bare), "receive and delete"),
        ],
    )


def _timed(work: Callable[[str], None], queue_url: str) -> tuple[float, float]:
    """Microseconds of clock and of this process's CPU for each event."""
    start, cpu = time.perf_counter(), sum(os.times()[:2])
    work(queue_url)
    took, used = time.perf_counter() - start, sum(os.times()[:2]) - cpu
    return took / EVENTS * 1e6, used / EVENTS * 1e6


def _loop_that_forgets(queue_url: str) -> None:
    client = boto3.client("sqs", region_name="us-east-1")
    while found := client.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10).get(
        "Messages", []
    ):
        client.delete_message_batch(
            QueueUrl=queue_url,
            Entries=[
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                for number, message in enumerate(found)
            ],
        )
    client.close()


def _our_worker(queue_url: str) -> None:
    poller = Poller(queue_url, wait_seconds=0)
    while poller.poll_once():
        pass


def _preloaded(newsletter: int) -> str:
    """A queue of its own with the events of a new issue, whose messages SES has just taken."""
    issue, _ = approved_issue(newsletter)
    with session_scope() as session:
        plan_issue(session, issue, datetime.now(UTC), batch_size=500)
        session.execute(text("DELETE FROM suppression"))
        session.execute(text("UPDATE subscription SET state = 'active'"))
        session.execute(
            text(
                "UPDATE delivery SET state = 'accepted', attempt = 1,"
                " message_id = '0100018f2b6e7c1a-' || id WHERE issue_id = :issue"
            ),
            {"issue": issue},
        )
        ids = list(session.scalars(select(Delivery.id).where(Delivery.issue_id == issue)))
    with engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    client = boto3.client("sqs", region_name="us-east-1")
    queue_url: str = client.create_queue(QueueName=f"q-{uuid.uuid4().hex}")["QueueUrl"]
    with ThreadPoolExecutor(2) as pool:
        for _ in pool.map(
            lambda body: client.send_message(QueueUrl=queue_url, MessageBody=body),
            [_envelope(_event(kind, number)) for number in ids for kind in _kinds(number)],
        ):
            pass
    client.close()
    return queue_url


def _kinds(number: int) -> tuple[str, str]:
    if number % COMPLAINTS == 0:
        return "Send", "Complaint"
    return "Send", "Bounce" if number % BOUNCES == 0 else "Delivery"


def _check(newsletter: int) -> None:
    """That what was timed was also done."""
    with read_scope() as session:
        last = select(func.max(Delivery.issue_id)).scalar_subquery()
        states = set(session.scalars(select(Delivery.state).where(Delivery.issue_id == last)))
        outcomes = set(session.scalars(select(Event.outcome)))
        gone = session.scalar(select(func.count(Suppression.id)))
    wanted = {DeliveryState.DELIVERED, DeliveryState.BOUNCED, DeliveryState.COMPLAINED}
    if states != wanted or outcomes != {EventOutcome.APPLIED} or not gone:
        raise RuntimeError(f"not everything was applied: {states}, {outcomes}, {gone}")


DETAILS: dict[str, dict[str, Any]] = {
    "Send": {},
    "Delivery": {
        "timestamp": "2026-11-20T07:00:02.123Z",
        "processingTimeMillis": 1234,
        "smtpResponse": "250 2.6.0 Message received",
        "remoteMtaIp": "127.0.2.0",
        "reportingMTA": "a8-31.smtp-out.amazonses.com",
    },
    "Bounce": {
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "bouncedRecipients": [{"diagnosticCode": "smtp; 550 5.1.1 user unknown"}],
        "timestamp": "2026-11-20T07:00:02.123Z",
    },
    "Complaint": {"complaintFeedbackType": "abuse", "timestamp": "2026-11-20T07:00:02.123Z"},
}


def _event(kind: str, number: int) -> str:
    """As SES writes it, headers and all: about 2.5 KB."""
    address, message_id = f"reader{number}@example.org", f"0100018f2b6e7c1a-{number}"
    headers = {
        "From": "The Report <report@news.example.org>",
        "To": address,
        "Subject": "The Inference Report: a model that reads whole libraries in one go",
        "MIME-Version": "1.0",
        "List-Id": "The Report <report.news.example.org>",
        "List-Unsubscribe": f"<https://news.example.org/unsubscribe/{'x' * 40}.{number}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Archive": "<https://news.example.org/n/report/archive>",
        "Feedback-ID": "report:daily:41:broadsheet",
        "Precedence": "bulk",
    }
    tags = {"site": settings().site, "delivery": str(number), "attempt": "1", "issue": "1"}
    mail = {
        "timestamp": (datetime.now(UTC) - timedelta(seconds=2)).isoformat(),
        "source": headers["From"],
        "sourceArn": "arn:aws:ses:us-east-1:000000000000:identity/news.example.org",
        "sendingAccountId": "000000000000",
        "messageId": message_id,
        "destination": [address],
        "headersTruncated": False,
        "headers": [{"name": name, "value": value} for name, value in headers.items()],
        "commonHeaders": {"from": [headers["From"]], "to": [address], "messageId": message_id},
        "tags": {name: [value] for name, value in tags.items()},
    }
    detail = dict(DETAILS[kind])
    if kind in {"Bounce", "Complaint"}:
        detail["feedbackId"] = f"{message_id}-feedback"
    return json.dumps({"eventType": kind, "mail": mail, kind.lower(): detail})


def _envelope(event: str) -> str:
    return json.dumps(
        {
            "Type": "Notification",
            "MessageId": str(uuid.uuid4()),
            "TopicArn": "arn:aws:sns:us-east-1:000000000000:broadsheet-events",
            "Subject": "Amazon SES Email Event Notification",
            "Message": event,
            "Timestamp": "2026-11-20T07:00:03.000Z",
            "SignatureVersion": "2",
            "Signature": "A" * 344,
            "SigningCertURL": "https://sns.us-east-1.amazonaws.com/SimpleNotification.pem",
        }
    )

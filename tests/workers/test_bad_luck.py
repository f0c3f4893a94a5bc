"""The doorways on a bad day: SES silent, an editor who changes their mind, rings without number."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx2
import pytest
from redis import Redis
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from service.db import session_scope
from service.delivery.plan import plan_issue
from service.doorbell import QUEUES, Bell
from service.models import DeliveryState, Issue
from service.sandbox import Sandbox
from tests.delivery.rows import a_newsletter, add_readers, an_approved_issue, states
from workers import send

QUEUED, UNKNOWN = DeliveryState.QUEUED, DeliveryState.UNKNOWN


@pytest.fixture
def worker(database: Engine, redis: Redis, sandbox: Sandbox) -> Iterator[None]:
    """A worker process that has just been forked, without a broker's loop around it."""
    send.sender.cache_clear()
    yield
    if send.sender.cache_info().currsize:
        send.sender().transport.close()
    send.sender.cache_clear()


def an_issue_of(readers: int, batch_size: int) -> Issue:
    now = datetime.now(UTC)
    with session_scope() as session:
        owner = a_newsletter(session, now)
        add_readers(session, owner, readers, now)
        issue = an_approved_issue(session, owner, now)
    with session_scope() as session:
        plan_issue(session, issue.id, now, batch_size=batch_size)
    return issue


def waiting_rings(redis: Redis, bell: Bell) -> int:
    found = redis.llen(QUEUES[bell])
    assert isinstance(found, int)
    return found


def test_it_sends_one_chunk_into_silence_and_leaves_the_rest_to_the_tick(
    worker: None, redis: Redis, sandbox: Sandbox, database: Engine
) -> None:
    issue = an_issue_of(readers=30, batch_size=10)
    httpx2.post(
        f"{sandbox.url}/control/faults", json={"fail_next": [{"kind": "error500", "times": 9}]}
    ).raise_for_status()
    send.send_batch(issue.id)
    with Session(database) as session:
        assert states(session, issue.id) == [QUEUED] * 20 + [UNKNOWN] * 10
    assert waiting_rings(redis, Bell.BATCH) == 0

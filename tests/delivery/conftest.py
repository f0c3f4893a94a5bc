"""A sender over the real wire: boto3, the sandbox's SES, a real Redis."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from redis import Redis
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from service.config import settings
from service.delivery.claim import Claim, claim_batch
from service.delivery.pace import RedisPace
from service.delivery.plan import plan_issue
from service.delivery.send import Sender
from service.delivery.transports.choose import make_transport
from service.models import Issue
from service.sandbox import Sandbox
from tests.delivery.rows import a_newsletter, add_readers, an_approved_issue

LEASE = timedelta(seconds=120)


@pytest.fixture
def sender(database: Engine, redis: Redis, sandbox: Sandbox, now: datetime) -> Iterator[Sender]:
    """As a worker has it; its clock stands still, and it sleeps for real (a moment at most)."""
    transport = make_transport(settings())
    yield Sender(
        transport=transport,
        pace=RedisPace(redis),
        settings=settings(),
        clock=lambda: now,
        rate=lambda: 100_000.0,
    )
    transport.close()


@pytest.fixture
def planned_issue(database: Engine, now: datetime) -> Callable[..., Issue]:
    """Makes an issue planned for *count* readers; its rows are committed."""

    def make(count: int = 3, batch_size: int = 500, **newsletter: object) -> Issue:
        with Session(database, expire_on_commit=False) as session, session.begin():
            owner = a_newsletter(session, now, **newsletter)
            add_readers(session, owner, count, now)
            issue = an_approved_issue(session, owner, now)
        with Session(database) as session, session.begin():
            plan_issue(session, issue.id, now, batch_size=batch_size)
        return issue

    return make


@pytest.fixture
def claim(database: Engine, now: datetime) -> Callable[[], Claim | None]:
    """Claims the next due batch."""

    def take() -> Claim | None:
        with Session(database) as session, session.begin():
            return claim_batch(session, now, LEASE)

    return take

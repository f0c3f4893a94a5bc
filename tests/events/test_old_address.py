"""What is told of a mailbox that is not the reader's, or not any more, leaves theirs alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from service.audience.addresses import parse_address
from service.audience.moving import ask_to_move, find_move, move
from service.audience.suppression import hash_of
from service.db import session_scope
from service.models import (
    Delivery,
    DeliveryState,
    Issue,
    Notice,
    Subscription,
    SubscriptionState,
)
from tests.events.samples import READER, event
from tests.events.test_apply import hear, suppressions

Planned = Callable[..., Issue]
NEW = "reader@new.example"


@pytest.fixture
def delivery(database: Engine, planned_issue: Planned) -> Delivery:
    """One that went to ``READER``."""
    planned_issue(count=1)
    with Session(database, expire_on_commit=False) as session, session.begin():
        session.execute(update(Delivery).values(state=DeliveryState.ACCEPTED, attempt=1))
        return session.scalars(select(Delivery)).one()


def asked_for(now: datetime) -> int:
    """The reader asks for another address; the notice that went there."""
    with session_scope() as session:
        ask_to_move(session, session.scalars(select(Subscription)).one(), NEW, now)
        return session.scalars(select(Notice.id).order_by(Notice.id.desc())).first() or 0


def moved(now: datetime) -> None:
    notice = asked_for(now)
    with session_scope() as session:
        asked = find_move(session, notice)
        assert asked
        move(session, asked, now)


def hashed(email: str) -> str:
    return hash_of(parse_address(email))


def state(database: Engine) -> SubscriptionState:
    with Session(database) as session:
        return session.scalars(select(Subscription.state)).one()


@pytest.mark.parametrize("kind", ["Bounce", "Complaint"])
def test_it_suppresses_the_old_address_alone(
    database: Engine, delivery: Delivery, now: datetime, kind: str
) -> None:
    moved(now)
    hear(now, event(kind, {"delivery": delivery.id}))
    assert set(suppressions(database)) == {hashed(READER)}
    assert state(database) is SubscriptionState.ACTIVE


@pytest.mark.parametrize("kind", ["Bounce", "Complaint"])
def test_it_suppresses_the_address_that_was_only_asked_for(
    database: Engine, delivery: Delivery, now: datetime, kind: str
) -> None:
    hear(now, event(kind, {"notice": asked_for(now)}, recipient=NEW))
    assert set(suppressions(database)) == {hashed(NEW)}
    assert state(database) is SubscriptionState.ACTIVE


def test_it_takes_the_readers_address_where_the_bounce_names_another(
    database: Engine, delivery: Delivery, now: datetime
) -> None:
    passed_on = {"bouncedRecipients": [{"emailAddress": "elsewhere@other.example"}]}
    hear(now, event("Bounce", {"delivery": delivery.id}, **passed_on))
    assert set(suppressions(database)) == {hashed(READER)}

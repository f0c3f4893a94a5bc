"""Service mail on a bad day: rings for what is done, a frozen worker, a reader who left."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from service.audience.addresses import parse_address
from service.audience.subscribe import unsubscribe
from service.audience.suppression import hash_of, suppress
from service.delivery import notices
from service.delivery.notices import send_notice
from service.delivery.pace import Turn
from service.delivery.send import Sender
from service.models import (
    DeliveryState,
    Newsletter,
    Notice,
    NoticeKind,
    Subscription,
    SuppressionReason,
)
from service.sandbox import Sandbox
from tests.delivery.rows import a_newsletter, add_readers
from tests.delivery.test_bad_transport import fault
from tests.delivery.test_notices import render, row, sent


def a_notice(
    session: Session,
    newsletter: Newsletter,
    now: datetime,
    kind: NoticeKind = NoticeKind.CONFIRM,
    state: DeliveryState = DeliveryState.QUEUED,
    subscription: Subscription | None = None,
) -> int:
    notice = Notice(
        kind=kind,
        newsletter_id=newsletter.id,
        subscription_id=subscription.id if subscription else None,
        address="reader1@example.org",
        state=state,
        due_at=now,
        created_at=now,
        changed_at=now,
    )
    session.add(notice)
    session.flush()
    return notice.id


class NoTurns:
    def take(self, count: int, rate: float) -> Turn:
        raise AssertionError("a turn was taken of the account's pace")

    def take_first(self, rate: float) -> Turn:
        raise AssertionError("a turn was taken of the account's pace")


@pytest.mark.parametrize("state", [DeliveryState.SKIPPED, DeliveryState.ACCEPTED])
def test_it_takes_no_turn_for_a_ring_about_what_is_done(
    sender: Sender, database: Engine, now: datetime, state: DeliveryState
) -> None:
    """Each sign-up rings, also those that send nothing: a flood of them must not slow an issue."""
    with Session(database) as session, session.begin():
        notice_id = a_notice(session, a_newsletter(session, now), now, state=state)
    sender.pace = NoTurns()
    assert send_notice(sender, notice_id, render) is None


def test_it_does_not_speak_after_being_frozen_past_its_lease(
    sender: Sender, sandbox: Sandbox, database: Engine, now: datetime
) -> None:
    with Session(database) as session, session.begin():
        notice_id = a_notice(session, a_newsletter(session, now), now)
    moments = iter([now, now])
    sender.clock = lambda: next(moments, now + timedelta(hours=1))
    send_notice(sender, notice_id, render)
    assert sent(sandbox) == []
    assert row(database, notice_id).state is DeliveryState.QUEUED


def test_it_sends_nothing_to_an_address_that_was_suppressed_meanwhile(
    sender: Sender, sandbox: Sandbox, database: Engine, now: datetime
) -> None:
    with Session(database) as session, session.begin():
        notice_id = a_notice(session, a_newsletter(session, now), now)
        gone = hash_of(parse_address("Reader1@example.org"))
        suppress(session, gone, SuppressionReason.COMPLAINT, "", now)
    assert send_notice(sender, notice_id, render) is None
    assert sent(sandbox) == []
    found = row(database, notice_id)
    assert (found.state, found.attempt) == (DeliveryState.SKIPPED, 0)
    assert "suppressed" in (found.reason or "")


def test_it_welcomes_nobody_who_has_left_again(
    sender: Sender, sandbox: Sandbox, database: Engine, now: datetime
) -> None:
    with Session(database) as session, session.begin():
        newsletter = a_newsletter(session, now)
        add_readers(session, newsletter, 1, now)
        subscription = session.scalars(select(Subscription)).one()
        notice_id = a_notice(
            session, newsletter, now, NoticeKind.WELCOME, subscription=subscription
        )
        unsubscribe(session, subscription.id, now, how="page")
    assert send_notice(sender, notice_id, render) is None
    assert sent(sandbox) == []
    assert row(database, notice_id).state is DeliveryState.SKIPPED


def test_it_writes_an_answer_down_though_the_database_was_away_for_a_moment(
    sender: Sender, sandbox: Sandbox, database: Engine, now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Else nobody knows that it went out, and it goes out once more."""
    with Session(database) as session, session.begin():
        notice_id = a_notice(session, a_newsletter(session, now), now)
    sender.sleep = lambda _: None
    failures = iter([True, True])
    record = notices._record

    def failing(session: Session, *told: Any) -> None:
        record(session, *told)
        if next(failures, False):
            raise OperationalError("UPDATE", {}, Exception("the database restarts"))

    monkeypatch.setattr(notices, "_record", failing)
    assert send_notice(sender, notice_id, render) is not None
    assert row(database, notice_id).state is DeliveryState.ACCEPTED


def test_it_slows_down_when_ses_throttles_service_mail(
    sender: Sender, sandbox: Sandbox, database: Engine, now: datetime
) -> None:
    with Session(database) as session, session.begin():
        notice_id = a_notice(session, a_newsletter(session, now), now)
    slowed: list[bool] = []
    sender.slow_down = lambda: slowed.append(True)
    fault(sandbox, {"kind": "throttle"})
    send_notice(sender, notice_id, render)
    assert slowed == [True]
    assert row(database, notice_id).state is DeliveryState.QUEUED

"""Signing up, confirming, leaving and coming back."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.audience.addresses import BadAddress, parse_address
from service.audience.consent import ledger, verify
from service.audience.joining import Joined, Reader, add_confirmed
from service.audience.sign_up import may_ask_again, sign_up
from service.audience.subscribe import (
    CONFIRM_WITHIN,
    UNDO_WITHIN,
    ConfirmResult,
    confirm,
    keep_reason,
    undo_unsubscribe,
    unsubscribe,
)
from service.audience.suppression import hash_of, suppress
from service.doorbell import PENDING, Bell
from service.models import (
    ConsentEvent,
    ConsentKind,
    DeliveryState,
    Newsletter,
    Notice,
    NoticeKind,
    Subscriber,
    Subscription,
    SubscriptionState,
    SuppressionReason,
)

ANN = "Ann@Example.org"


def the_subscription(session: Session) -> Subscription:
    return session.scalars(select(Subscription)).one()


def mail_to_go(session: Session, kind: NoticeKind = NoticeKind.CONFIRM) -> list[Notice]:
    query = select(Notice).where(Notice.kind == kind, Notice.state == DeliveryState.QUEUED)
    return list(session.scalars(query))


def joined(session: Session, newsletter: Newsletter, now: datetime) -> Subscription:
    sign_up(session, newsletter, ANN, now=now)
    subscription = the_subscription(session)
    assert confirm(session, subscription.id, now, now) is ConfirmResult.CONFIRMED
    return subscription


def test_it_asks_a_new_address_to_confirm(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    sign_up(session, newsletter, ANN, now=now)
    (notice,) = mail_to_go(session)
    assert the_subscription(session).state is SubscriptionState.PENDING
    assert notice.address == "Ann@example.org"
    assert session.info[PENDING] == [(Bell.NOTICE, notice.id)]


def test_it_sees_one_reader_behind_two_spellings(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    sign_up(session, newsletter, ANN, now=now)
    sign_up(session, newsletter, "ann@EXAMPLE.org", now=now + timedelta(hours=1))
    assert len(session.scalars(select(Subscription)).all()) == 1


def test_it_does_not_bomb_a_mailbox(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    for minute in range(60):
        sign_up(session, newsletter, ANN, now=now + timedelta(minutes=minute))
    assert len(mail_to_go(session)) == 3


@pytest.mark.parametrize(
    ("minutes_ago", "may"),
    [
        ([], True),
        ([1], False),
        ([2], True),
        ([10, 20], True),
        ([10, 20, 30], False),
        ([1441, 1442, 1443], True),
    ],
)
def test_it_spaces_confirmations(minutes_ago: list[int], may: bool, now: datetime) -> None:
    assert may_ask_again([now - timedelta(minutes=ago) for ago in minutes_ago], now) is may


def test_it_sends_nothing_to_a_suppressed_address(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    suppress(session, hash_of(parse_address(ANN)), SuppressionReason.BOUNCE, "550", now)
    sign_up(session, newsletter, ANN, now=now)
    assert mail_to_go(session) == []
    for row in (Subscription, Subscriber, ConsentEvent):
        assert session.scalars(select(row)).all() == [], "it was to leave nothing of them"


def test_it_asks_nobody_for_a_newsletter_that_has_ended(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    newsletter.archived_at = now
    sign_up(session, newsletter, ANN, now=now)
    assert mail_to_go(session) == []
    assert session.scalars(select(Notice)).one().reason == "the newsletter has ended"
    for row in (Subscription, Subscriber, ConsentEvent):
        assert session.scalars(select(row)).all() == []


def test_it_keeps_only_a_masked_address_of_those_it_skips(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    suppress(session, hash_of(parse_address(ANN)), SuppressionReason.BOUNCE, "550", now)
    sign_up(session, newsletter, ANN, now=now)
    skipped = session.scalars(select(Notice)).one()
    assert (skipped.address, skipped.state) == ("A•••@example.org", DeliveryState.SKIPPED)


def test_it_sends_an_active_reader_no_confirmation(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    subscription = joined(session, newsletter, now)
    sign_up(session, newsletter, ANN, now=now + timedelta(days=2))
    assert len(mail_to_go(session)) == 1
    assert subscription.state is SubscriptionState.ACTIVE
    lines = ledger(session, newsletter.id, hash_of(parse_address(ANN)))
    kinds = [line.kind for line in lines]
    assert kinds == [ConsentKind.SIGNED_UP, ConsentKind.CONFIRMED], "a stranger's asking is no line"


@pytest.mark.parametrize("bad", ["", "ann", "ann@", "ann@example.org\r\nBcc: x@y.org", "a" * 300])
def test_it_refuses_what_is_not_an_address(
    bad: str, session: Session, newsletter: Newsletter, now: datetime
) -> None:
    with pytest.raises(BadAddress):
        sign_up(session, newsletter, bad, now=now)
    assert session.scalars(select(Notice)).all() == []


def test_it_confirms_once_and_welcomes_once(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    subscription = joined(session, newsletter, now)
    assert confirm(session, subscription.id, now, now) is ConfirmResult.ALREADY
    assert subscription.state is SubscriptionState.ACTIVE
    assert subscription.confirmed_at == now
    assert len(mail_to_go(session, NoticeKind.WELCOME)) == 1


def test_it_lets_a_confirmation_expire(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    sign_up(session, newsletter, ANN, now=now)
    subscription = the_subscription(session)
    late = now + CONFIRM_WITHIN + timedelta(seconds=1)
    assert confirm(session, subscription.id, now, late) is ConfirmResult.EXPIRED
    assert subscription.state is SubscriptionState.PENDING


def test_it_says_when_the_subscription_is_gone(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    assert confirm(session, 99, now, now) is ConfirmResult.GONE


def test_it_lets_no_old_link_bring_back_who_left(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    subscription = joined(session, newsletter, now)
    unsubscribe(session, subscription.id, now + timedelta(hours=1), how="page")
    later = now + timedelta(hours=2)
    assert confirm(session, subscription.id, now, later) is ConfirmResult.EXPIRED
    assert subscription.state is SubscriptionState.UNSUBSCRIBED


def test_it_lets_nobody_agree_who_has_the_former_mailbox(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    sign_up(session, newsletter, ANN, now=now)
    subscription, later = the_subscription(session), now + timedelta(hours=2)
    subscription.subscriber.address_since = now + timedelta(hours=1)
    assert confirm(session, subscription.id, now, later) is ConfirmResult.EXPIRED
    assert confirm(session, subscription.id, later, later) is ConfirmResult.CONFIRMED


def test_it_lets_who_left_come_back_by_a_new_confirmation(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    subscription = joined(session, newsletter, now)
    unsubscribe(session, subscription.id, now + timedelta(hours=1), how="page")
    later = now + timedelta(hours=2)
    sign_up(session, newsletter, ANN, now=later)
    assert subscription.state is SubscriptionState.UNSUBSCRIBED
    assert confirm(session, subscription.id, later, later) is ConfirmResult.CONFIRMED
    assert subscription.unsubscribed_at is None


def test_it_leaves_once_however_often_it_is_asked(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    subscription = joined(session, newsletter, now)
    unsubscribe(session, subscription.id, now + timedelta(hours=1), how="one_click")
    keep_reason(subscription, "Too long")
    unsubscribe(session, subscription.id, now + timedelta(hours=2), how="page")
    assert subscription.unsubscribed_at == now + timedelta(hours=1)
    assert subscription.unsubscribe_reason == "Too long"
    lines = ledger(session, newsletter.id, subscription.subscriber.email_hash)
    assert [line.kind.value for line in lines] == ["signed_up", "confirmed", "unsubscribed"]


def test_it_has_nothing_to_leave_when_the_reader_is_gone(session: Session, now: datetime) -> None:
    assert unsubscribe(session, 99, now, how="one_click") is None


def test_it_takes_a_leaving_back(session: Session, newsletter: Newsletter, now: datetime) -> None:
    subscription = joined(session, newsletter, now)
    unsubscribe(session, subscription.id, now, how="page")
    assert undo_unsubscribe(session, subscription.id, now, now) is subscription
    assert subscription.state is SubscriptionState.ACTIVE
    assert verify(ledger(session, newsletter.id, subscription.subscriber.email_hash)) is None


def test_it_makes_nobody_a_reader_by_an_undo(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    sign_up(session, newsletter, ANN, now=now)
    subscription = the_subscription(session)
    unsubscribe(session, subscription.id, now, how="page")
    undo_unsubscribe(session, subscription.id, now, now)
    assert subscription.state is SubscriptionState.PENDING


def test_it_takes_no_leaving_back_by_the_link_of_an_earlier_one(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    subscription = joined(session, newsletter, now)
    unsubscribe(session, subscription.id, now, how="page")
    undo_unsubscribe(session, subscription.id, now, now)
    again = now + timedelta(days=1)
    unsubscribe(session, subscription.id, again, how="page")
    assert undo_unsubscribe(session, subscription.id, now, again) is None
    assert subscription.state is SubscriptionState.UNSUBSCRIBED


def test_it_takes_no_leaving_back_after_a_month(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    subscription = joined(session, newsletter, now)
    unsubscribe(session, subscription.id, now, how="page")
    late = now + UNDO_WITHIN + timedelta(seconds=1)
    assert undo_unsubscribe(session, subscription.id, now, late) is None


def test_it_takes_no_leaving_back_for_a_suppressed_address(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    subscription = joined(session, newsletter, now)
    unsubscribe(session, subscription.id, now, how="complaint")
    email_hash = subscription.subscriber.email_hash
    suppress(session, email_hash, SuppressionReason.COMPLAINT, "abuse", now)
    assert undo_unsubscribe(session, subscription.id, now, now) is None


def test_it_imports_nobody_who_left(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    subscription = joined(session, newsletter, now)
    unsubscribe(session, subscription.id, now, how="page")
    reader = Reader(parse_address(ANN))
    assert add_confirmed(session, newsletter, reader, now) is Joined.LEFT
    assert subscription.state is SubscriptionState.UNSUBSCRIBED

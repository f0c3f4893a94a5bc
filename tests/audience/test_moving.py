"""A change of address: asked, confirmed at the new one, told to the old one, taken back."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from service.audience.addresses import BadAddress, parse_address
from service.audience.consent import ledger, verify
from service.audience.joining import Reader, add_confirmed
from service.audience.moving import (
    CONFIRM_WITHIN,
    TAKE_BACK_WITHIN,
    Move,
    Moved,
    ask_to_move,
    can_move,
    find_move,
    move,
)
from service.audience.sign_up import sign_up
from service.audience.subscribe import unsubscribe
from service.audience.suppression import hash_of
from service.models import Newsletter, Notice, NoticeKind, Subscriber, Subscription

OLD, NEW, THIRD = "ann@old.example", "ann@new.example", "eve@third.example"
SECOND = timedelta(seconds=1)


def reader(
    session: Session, newsletter: Newsletter, now: datetime, email: str = OLD
) -> Subscription:
    add_confirmed(session, newsletter, Reader(parse_address(email)), now)
    query = select(Subscription).join(Subscriber).where(Subscriber.email == email)
    return session.scalars(query).one()


def notices(session: Session, kind: NoticeKind) -> list[Notice]:
    return list(session.scalars(select(Notice).where(Notice.kind == kind).order_by(Notice.id)))


def asked(session: Session, row: Subscription, now: datetime, email: str = NEW) -> Move:
    ask_to_move(session, row, email, now)
    return found(session, notices(session, NoticeKind.CHANGE_ADDRESS)[-1])


def found(session: Session, notice: Notice) -> Move:
    move = find_move(session, notice.id)
    assert move
    return move


def test_it_changes_nothing_before_it_is_confirmed(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    row = reader(session, newsletter, now)
    request = asked(session, row, now)
    assert request.notice.address == NEW
    assert request.notice.payload["path"].startswith("/address/")
    assert can_move(session, request, now) is Moved.MOVED
    assert row.subscriber.email == OLD


def test_it_has_everything_sent_to_the_new_address(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    row = reader(session, newsletter, now)
    assert move(session, asked(session, row, now), now) is Moved.MOVED
    person, address = row.subscriber, parse_address(NEW)
    assert (person.email, person.email_key, person.domain) == (NEW, address.key, "new.example")
    assert (person.email_hash, person.address_since) == (hash_of(address), now)


def test_it_tells_the_old_address(session: Session, newsletter: Newsletter, now: datetime) -> None:
    row = reader(session, newsletter, now)
    move(session, asked(session, row, now), now)
    (told,) = notices(session, NoticeKind.ADDRESS_CHANGED)
    assert told.address == OLD


def test_it_links_the_proof_of_both_addresses(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    row = reader(session, newsletter, now)
    move(session, asked(session, row, now), now)
    old, new = (hash_of(parse_address(email)) for email in (OLD, NEW))
    lines = ledger(session, newsletter.id, old)
    assert verify(lines) is None
    assert lines[-1].detail == {"address_to": new}
    assert [line.detail for line in ledger(session, newsletter.id, new)] == [{"address_from": old}]


def test_it_can_be_taken_back_from_the_old_address(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    row = reader(session, newsletter, now)
    move(session, asked(session, row, now), now)
    back = found(session, notices(session, NoticeKind.ADDRESS_CHANGED)[0])
    assert move(session, back, now + TAKE_BACK_WITHIN) is Moved.MOVED
    assert row.subscriber.email == OLD
    assert len(notices(session, NoticeKind.ADDRESS_CHANGED)) == 1


def test_it_can_be_taken_back_though_it_was_changed_once_more(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    row = reader(session, newsletter, now)
    move(session, asked(session, row, now), now)
    move(session, asked(session, row, now + SECOND, THIRD), now + SECOND)
    first = found(session, notices(session, NoticeKind.ADDRESS_CHANGED)[0])
    assert move(session, first, now + 2 * SECOND) is Moved.MOVED
    assert row.subscriber.email == OLD


def test_it_says_already_to_a_second_click(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    request = asked(session, reader(session, newsletter, now), now)
    move(session, request, now)
    assert move(session, request, now) is Moved.ALREADY


def test_it_is_void_after_a_week_or_a_later_change(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    row = reader(session, newsletter, now)
    request = asked(session, row, now)
    assert move(session, request, now + CONFIRM_WITHIN + SECOND) is Moved.EXPIRED
    move(session, asked(session, row, now + SECOND, THIRD), now + SECOND)
    assert move(session, request, now + 2 * SECOND) is Moved.EXPIRED
    assert row.subscriber.email == THIRD


def test_it_is_void_for_who_deletes_their_data_at_that_moment(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    request = asked(session, reader(session, newsletter, now), now)
    session.execute(delete(Subscriber).execution_options(synchronize_session=False))
    assert move(session, request, now) is Moved.EXPIRED


def test_it_makes_no_two_readers_one(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    row = reader(session, newsletter, now)
    other = reader(session, newsletter, now, NEW)
    request = asked(session, row, now)
    assert move(session, request, now) is Moved.TAKEN
    assert row.subscriber.email == OLD
    unsubscribe(session, other.id, now, how="page")
    assert move(session, request, now) is Moved.MOVED


def test_it_takes_the_place_of_a_sign_up_that_was_never_confirmed(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    row = reader(session, newsletter, now)
    sign_up(session, newsletter, NEW, now=now)
    assert move(session, asked(session, row, now), now) is Moved.MOVED
    assert session.scalars(select(Subscriber.email)).all() == [NEW]


def test_it_refuses_what_is_no_other_address(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    row = reader(session, newsletter, now)
    for bad in ("ann", "ANN@old.example"):
        with pytest.raises(BadAddress):
            ask_to_move(session, row, bad, now)


def test_it_writes_to_few_addresses_a_day(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    row = reader(session, newsletter, now)
    for number in range(20):
        ask_to_move(session, row, f"n{number}@new.example", now)
    assert len(notices(session, NoticeKind.CHANGE_ADDRESS)) == 3


def test_it_knows_no_other_notice(session: Session, newsletter: Newsletter, now: datetime) -> None:
    sign_up(session, newsletter, NEW, now=now)
    (confirmation,) = notices(session, NoticeKind.CONFIRM)
    assert find_move(session, confirmation.id) is None
    assert find_move(session, 99) is None

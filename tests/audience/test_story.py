"""What the desk tells of one reader, across a change of address."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.audience.addresses import parse_address
from service.audience.joining import Reader, add_all_confirmed
from service.audience.moving import Moved, ask_to_move, find_move, move
from service.audience.story import done_by_staff, ledgers, notices
from service.models import Audit, Newsletter, Notice, Subscription


def test_it_follows_a_reader_to_their_earlier_address(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    reader = _reader(session, newsletter, now)
    before = reader.subscriber.email_hash
    ask_to_move(session, reader, "ann@new.example", now)
    asked = find_move(session, session.scalars(select(Notice.id)).one())
    assert asked is not None
    assert move(session, asked, now + timedelta(hours=1)) is Moved.MOVED

    found = ledgers(session, reader.subscriber.email_hash)
    assert [(one.earlier_address, len(one.lines), one.broken) for one in found] == [
        (False, 1, None),
        (True, 2, None),
    ]
    assert {line.email_hash for line in found[1].lines} == {before}


def test_it_ends_where_two_addresses_name_each_other(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    reader = _reader(session, newsletter, now)
    for hour, address in enumerate(("ann@new.example", "ann@example.org"), start=1):
        ask_to_move(session, reader, address, now + timedelta(hours=hour))
        latest = session.scalars(select(Notice.id).order_by(Notice.id.desc())).first()
        asked = find_move(session, latest or 0)
        assert asked is not None
        assert move(session, asked, now + timedelta(hours=hour, minutes=1)) is Moved.MOVED
    assert len(ledgers(session, reader.subscriber.email_hash)) == 2


def test_it_shows_only_what_concerns_the_reader(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    ann = _reader(session, newsletter, now)
    bob = _reader(session, newsletter, now, "bob@example.org")
    for reader in (ann, bob):
        ask_to_move(session, reader, f"{reader.id}@new.example", now)
        subject = f"reader {reader.subscriber_id}"
        session.add(Audit(user_id=None, action="reader.tag", subject=subject, detail={}, at=now))
    session.flush()
    assert [one.subscription_id for one in notices(session, ann.subscriber_id)] == [ann.id]
    done = done_by_staff(session, [f"reader {ann.subscriber_id}"])
    assert [(one.entry.subject, one.who) for one in done] == [(f"reader {ann.subscriber_id}", "")]


def _reader(
    session: Session, newsletter: Newsletter, now: datetime, email: str = "ann@example.org"
) -> Subscription:
    add_all_confirmed(session, newsletter, [Reader(parse_address(email))], now)
    return session.scalars(select(Subscription).order_by(Subscription.id.desc())).all()[0]

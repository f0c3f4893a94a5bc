"""An undo takes out what the import brought in and nobody touched since."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.audience.addresses import parse_address
from service.audience.consent import ledger, verify
from service.audience.imports import jobs, undo
from service.audience.imports.run import work
from service.audience.joining import Reader, add_confirmed
from service.audience.subscribe import unsubscribe
from service.audience.suppression import hash_of, suppress
from service.audience.tags import tag, tags_of
from service.db import session_scope
from service.models import (
    ConsentKind,
    DeliveryState,
    Import,
    ImportState,
    Newsletter,
    Notice,
    Subscriber,
    Subscription,
    Suppression,
    SuppressionReason,
)
from tests.audience.imports.conftest import Bring, again


def undone(test: Session, job: Import, now: datetime) -> dict[str, int]:
    test.commit()
    with session_scope() as session:
        jobs.undo(session, session.get_one(Import, job.id))
    assert work(job.id, lambda: now + timedelta(hours=1))
    job = again(job.id)
    assert job.state is ImportState.UNDONE
    return {name: number for name, number in job.counts["undone"].items() if number}


def addresses(session: Session) -> list[str]:
    session.expire_all()
    return sorted(session.scalars(select(Subscriber.email)))


def subscription_of(session: Session, email: str) -> Subscription:
    return session.scalars(
        select(Subscription).join(Subscriber).where(Subscriber.email == email)
    ).one()


def test_it_takes_out_exactly_what_came_in(
    session: Session, newsletter: Newsletter, bring: Bring, now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(undo, "AT_ONCE", 2)
    add_confirmed(session, newsletter, Reader(parse_address("old@example.org")), now)
    session.commit()
    rows = "".join(f"r{n}@example.org,\n" for n in range(5))
    job = bring(f"email,status\nold@example.org,\n{rows}gone@example.org,unsubscribed\n")
    assert len(addresses(session)) == 7
    assert undone(session, job, now) == {"removed": 6}
    assert addresses(session) == ["old@example.org"]


def test_it_leaves_who_did_something_since(session: Session, bring: Bring, now: datetime) -> None:
    job = bring("email\nann@example.org\nbo@example.org\n")
    with session_scope() as own:
        left = subscription_of(own, "ann@example.org")
        unsubscribe(own, left.id, now + timedelta(minutes=5), how="page")
    assert undone(session, job, now) == {"removed": 1, "touched": 1}
    assert addresses(session) == ["ann@example.org"]


def test_it_leaves_who_was_sent_something(session: Session, bring: Bring, now: datetime) -> None:
    """The links in it must go on working; what waits to be sent goes with its reader."""
    job = bring("email\nann@example.org\nbo@example.org\n", ask=True)
    first = session.scalars(select(Notice).order_by(Notice.id)).all()[0]
    first.state = DeliveryState.ACCEPTED
    session.commit()
    assert undone(session, job, now) == {"removed": 1, "mailed": 1}
    assert addresses(session) == ["ann@example.org"]
    assert len(session.scalars(select(Notice)).all()) == 1


def test_it_leaves_a_reader_of_another_newsletter_there(
    session: Session, newsletter: Newsletter, bring: Bring, now: datetime
) -> None:
    other = Newsletter(
        slug="other", name="Other", from_name="Other", from_address="o@news.example.org",
        postal_address="1 Quay Street", sections=[], created_at=now,
    )  # fmt: skip
    session.add(other)
    session.flush()
    add_confirmed(session, other, Reader(parse_address("ann@example.org")), now)
    ann = subscription_of(session, "ann@example.org").subscriber_id
    tag(session, ann, ["vip"])
    session.commit()
    job = bring('email,tags\nann@example.org,"VIP, beta"\n', tags=("old site",))
    assert tags_of(session, [ann]) == {ann: ["beta", "old site", "vip"]}
    assert undone(session, job, now) == {"removed": 1}
    assert addresses(session) == ["ann@example.org"]
    assert subscription_of(session, "ann@example.org").newsletter_id == other.id
    assert tags_of(session, [ann]) == {ann: ["vip"]}  # which was theirs before


def test_it_lifts_what_it_alone_suppressed(session: Session, bring: Bring, now: datetime) -> None:
    job = bring("email,status\nann@example.org,bounced\nbo@example.org,bounced\n")
    complained = hash_of(parse_address("bo@example.org"))
    suppress(session, complained, SuppressionReason.COMPLAINT, "told by SES", now)
    session.commit()
    assert undone(session, job, now) == {"lifted": 1}
    session.expire_all()
    assert session.scalars(select(Suppression.email_hash)).all() == [complained]


def test_it_says_so_in_the_ledger_and_lets_them_come_again(
    session: Session, newsletter: Newsletter, bring: Bring, now: datetime
) -> None:
    job = bring("email\nann@example.org\n")
    undone(session, job, now)
    assert bring("email\nann@example.org\n").counts["run"]["added"] == 1
    kept = ledger(session, newsletter.id, hash_of(parse_address("ann@example.org")))
    assert [line.kind for line in kept] == [
        ConsentKind.IMPORTED,
        ConsentKind.UNSUBSCRIBED,
        ConsentKind.IMPORTED,
    ]
    assert kept[1].detail == {"how": "import undone", "import": job.id}
    assert verify(kept) is None

"""A reader's data: all of it as a file, and its deletion, which leaves what names nobody."""

from __future__ import annotations

import json
import threading
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from service.audience.addresses import parse_address
from service.audience.consent import ledger, verify
from service.audience.erasure import erase
from service.audience.joining import Reader, add_confirmed
from service.audience.moving import ask_to_move, find_move, move
from service.audience.my_data import everything_about
from service.audience.notify import notify
from service.audience.subscribe import unsubscribe
from service.audience.suppression import hash_of, is_suppressed, suppress
from service.db import Base
from service.models import (
    Delivery,
    DeliveryState,
    Event,
    EventOutcome,
    Import,
    ImportProblem,
    Interaction,
    InteractionKind,
    Newsletter,
    Notice,
    NoticeKind,
    Subscriber,
    SubscriberTag,
    Subscription,
    SuppressionReason,
)
from tests.delivery.test_bad_luck import wait_until_it_waits

ANN, BO = "Ann@example.org", "bo@example.org"
HASHED = parse_address(ANN)


@pytest.fixture
def ann(session: Session, newsletter: Newsletter, now: datetime) -> Subscriber:
    """She has a bit of everything; Bo, who was sent the same, is beside her."""
    for number, email in enumerate((ANN, BO)):
        add_confirmed(session, newsletter, Reader(parse_address(email)), now)
        person = session.scalars(select(Subscriber).where(Subscriber.email == email)).one()
        _sent(session, person, number, now)
        session.add(SubscriberTag(subscriber_id=person.id, tag="friend"))
    suppress(session, hash_of(HASHED), SuppressionReason.BOUNCE, f"550 <{ANN}>", now)
    session.flush()
    return session.scalars(select(Subscriber).where(Subscriber.email == ANN)).one()


def _sent(session: Session, person: Subscriber, number: int, now: datetime) -> None:
    (subscription,) = person.subscriptions
    notice = notify(session, subscription, NoticeKind.WELCOME, now)
    delivery = Delivery(
        issue_id=1,
        batch_id=1,
        subscriber_id=person.id,
        subscription_id=subscription.id,
        state=DeliveryState.BOUNCED,
        reason=f"550 <{person.email_key}> and {person.email}",
        changed_at=now,
    )
    session.add(delivery)
    session.flush()
    touch = {"kind": InteractionKind.CLICK, "at": now, "url": "https://a.example", "machine": False}
    session.add(Interaction(delivery_id=delivery.id, issue_id=1, **touch))
    for about in ({"delivery_id": delivery.id}, {"notice_id": notice.id}):
        session.add(_event(f"{number}{about}", person.email, now, **about))


def _event(key: str, email: str, now: datetime, **about: int) -> Event:
    raw = json.dumps({"mail": {"destination": [email]}})
    outcome = EventOutcome.APPLIED
    return Event(dedupe_key=key, received_at=now, raw=raw, kind="Bounce", outcome=outcome, **about)


def test_it_gives_all_that_is_kept(session: Session, ann: Subscriber, now: datetime) -> None:
    said = everything_about(session, ann, now)
    assert json.loads(json.dumps(said)) == said
    assert (said["address"], said["tags"]) == ("Ann@example.org", ["friend"])
    assert [one["state"] for one in said["subscriptions"]] == ["active"]
    (issue,) = said["issues"]
    assert issue["opens_and_clicks"][0]["link"] == "https://a.example"
    assert issue["told_by_the_mail_service"][0]["said"]["mail"]["destination"] == [ANN]
    assert [notice["kind"] for notice in said["service_messages"]] == ["welcome"]
    assert said["nothing_is_sent"]["reason"] == "bounce"
    assert said["consent"]["ledgers"][0]["lines"][0]["kind"] == "imported"


def test_it_gives_nothing_of_another_reader(
    session: Session, ann: Subscriber, now: datetime
) -> None:
    assert "bo@" not in json.dumps(everything_about(session, ann, now))


def test_it_leaves_the_address_nowhere(session: Session, ann: Subscriber, now: datetime) -> None:
    assert ANN in everything_stored(session)
    erase(session, ann, now)
    session.commit()
    assert "ann@example.org" not in everything_stored(session).lower()
    assert BO in everything_stored(session)


def test_it_leaves_no_former_address_and_no_bad_row_of_an_import(
    session: Session, newsletter: Newsletter, ann: Subscriber, now: datetime
) -> None:
    ask_to_move(session, ann.subscriptions[0], "moved@new.example", now)
    asked = session.scalars(select(Notice).where(Notice.kind == NoticeKind.CHANGE_ADDRESS)).one()
    found = find_move(session, asked.id)
    assert found
    move(session, found, now)
    brought = Import(newsletter_id=newsletter.id, file_name="a", path="a", created_at=now)
    session.add(brought)
    session.flush()
    for line, email in enumerate(("MOVED@new.example", ANN, BO)):
        bad = {"line": line, "value": email, "problem": f"{email}?", "cells": [email, "x"]}
        session.add(ImportProblem(import_id=brought.id, **bad))
    session.commit()
    erase(session, ann, now)
    session.commit()
    stored = everything_stored(session).lower()
    assert "moved@" not in stored
    assert "ann@" not in stored
    assert BO in stored


def test_it_keeps_what_is_counted(session: Session, ann: Subscriber, now: datetime) -> None:
    erase(session, ann, now)
    session.commit()
    for kind in (Delivery, Interaction):
        assert session.scalar(select(func.count()).select_from(kind)) == 2


def test_it_keeps_the_proof_and_the_suppression(
    session: Session, newsletter: Newsletter, ann: Subscriber, now: datetime
) -> None:
    erase(session, ann, now)
    session.commit()
    lines = ledger(session, newsletter.id, hash_of(HASHED))
    assert [line.kind for line in lines] == ["imported", "unsubscribed"]
    assert lines[-1].detail == {"how": "deleted"}
    assert verify(lines) is None
    assert is_suppressed(session, hash_of(HASHED))


def test_it_leaves_unsettled_events_to_be_settled(
    session: Session, ann: Subscriber, now: datetime
) -> None:
    delivery = session.scalars(select(Delivery).where(Delivery.subscriber_id == ann.id)).one()
    waiting = _event("w", ANN, now, delivery_id=delivery.id)
    waiting.outcome = EventOutcome.WAITING
    session.add(waiting)
    session.flush()
    erase(session, ann, now)
    session.refresh(waiting)
    assert ANN in waiting.raw


def everything_stored(session: Session) -> str:
    """Every row of every table, as text."""
    found: list[Any] = []
    for table in Base.metadata.sorted_tables:
        found += session.execute(select(table)).all()
    return repr(found)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has one writer
def test_it_waits_for_a_reader_who_leaves_at_that_moment(
    database: Engine, session: Session, ann: Subscriber, now: datetime
) -> None:
    session.commit()
    ended: list[str] = []

    def delete() -> None:
        with Session(database) as own, own.begin():
            erase(own, own.get_one(Subscriber, ann.id), now)
        ended.append("well")

    (row,) = ann.subscriptions
    session.execute(select(Subscription).where(Subscription.id == row.id).with_for_update())
    thread = threading.Thread(target=delete)
    thread.start()
    wait_until_it_waits(database)
    unsubscribe(session, row.id, now, how="page")
    session.commit()
    thread.join(timeout=30)
    assert ended == ["well"]
    lines = ledger(session, row.newsletter_id, ann.email_hash)
    assert [line.detail.get("how") for line in lines] == [None, "page", "deleted"]
    assert verify(lines) is None

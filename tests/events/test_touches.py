"""Opens and clicks: kept where tracking is on, as people's or machines', and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Delete, Engine, Update, delete, select, update
from sqlalchemy.orm import Session

from service.delivery.addressing import reader_links
from service.events.batch import NOT_KEPT
from service.events.touches import without_token
from service.models import (
    Delivery,
    DeliveryState,
    Event,
    EventOutcome,
    Interaction,
    InteractionKind,
    Issue,
    Newsletter,
    Subscriber,
    Subscription,
)
from tests.events.samples import event
from tests.events.test_apply import hear

Planned = Callable[..., Issue]
BASE = "http://news.example.org"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"
LINK = "https://example.org/a"


@pytest.fixture
def delivery(database: Engine, planned_issue: Planned) -> Delivery:
    """One that was sent and of which nothing has been heard, of a newsletter with tracking on."""
    planned_issue(count=1)
    with Session(database, expire_on_commit=False) as session, session.begin():
        session.execute(update(Newsletter).values(tracking=True))
        row = session.scalars(select(Delivery)).one()
        row.state, row.attempt = DeliveryState.UNKNOWN, 1
    return row


def opened(row: Delivery, at: datetime, agent: str = FIREFOX) -> str:
    told = {"timestamp": at.isoformat(), "userAgent": agent, "ipAddress": "192.0.2.7"}
    return event("Open", {"delivery": row.id}, **told)


def clicked(row: Delivery, at: datetime, link: str = LINK, agent: str = FIREFOX) -> str:
    told = {"timestamp": at.isoformat(), "userAgent": agent, "ipAddress": "192.0.2.7"}
    return event("Click", {"delivery": row.id}, link=link, **told)


def kept(database: Engine) -> list[Interaction]:
    with Session(database) as session:
        return list(session.scalars(select(Interaction).order_by(Interaction.at)))


def test_it_keeps_an_open_and_a_click_once_each(
    database: Engine, delivery: Delivery, now: datetime
) -> None:
    at = now + timedelta(hours=1)
    told = opened(delivery, at), clicked(delivery, at + timedelta(minutes=1))
    hear(now, *told, *told)
    hear(now, *told)
    first, second = kept(database)
    assert (first.kind, first.at, first.url) == (InteractionKind.OPEN, at, None)
    assert (second.kind, second.url) == (InteractionKind.CLICK, LINK)
    for row in (first, second):
        named = (row.delivery_id, row.issue_id, row.machine)
        assert named == (delivery.id, delivery.issue_id, False)
    with Session(database) as session:
        assert set(session.scalars(select(Event.outcome))) == {EventOutcome.APPLIED}


@pytest.mark.parametrize(
    "off",
    [
        update(Newsletter).values(tracking=False),
        update(Subscription).values(tracked=False),
        delete(Subscriber),
    ],
    ids=["newsletter", "reader", "deleted reader"],
)
def test_it_keeps_nothing_where_tracking_is_off(
    database: Engine, delivery: Delivery, now: datetime, off: Update | Delete
) -> None:
    with Session(database) as session, session.begin():
        session.execute(off)
    at = now + timedelta(hours=1)
    hear(now, opened(delivery, at), clicked(delivery, at))
    assert kept(database) == []
    with Session(database) as session:
        for row in session.scalars(select(Event)):
            assert row.outcome is EventOutcome.IGNORED
            assert row.note == NOT_KEPT.note
            assert "192.0.2.7" not in row.raw
            assert "Firefox" not in row.raw
            assert LINK not in row.raw
        known = session.get_one(Delivery, delivery.id)
        assert known.state is DeliveryState.ACCEPTED, "it proves that SES took the message"


def test_it_keeps_who_opened_out_of_what_is_stored_raw(
    database: Engine, delivery: Delivery, now: datetime
) -> None:
    hear(now, clicked(delivery, now))
    with Session(database) as session:
        raw = json.loads(session.scalars(select(Event.raw)).one())
    assert raw["click"] == {"timestamp": now.isoformat()}
    assert raw["mail"]["tags"] == {"delivery": [str(delivery.id)]}


def test_it_tells_what_a_machine_did(database: Engine, delivery: Delivery, now: datetime) -> None:
    at = now + timedelta(hours=1)
    hear(now, opened(delivery, at, "Mozilla/5.0"), opened(delivery, at + timedelta(hours=1)))
    assert [row.machine for row in kept(database)] == [True, False]


def test_it_tells_a_scanner_whose_clicks_come_one_by_one(
    database: Engine, delivery: Delivery, now: datetime
) -> None:
    at = now + timedelta(hours=1)
    for tenth, link in enumerate(["https://a.example", "https://b.example", "https://c.example"]):
        hear(now, clicked(delivery, at + timedelta(seconds=tenth / 10), link))
    hear(now, clicked(delivery, at + timedelta(hours=2)))
    assert [row.machine for row in kept(database)] == [True, True, True, False]


def test_it_keeps_a_readers_own_link_without_its_token(
    database: Engine, delivery: Delivery, now: datetime
) -> None:
    links = reader_links(delivery.subscription_id, secret=b"secret", base_url=BASE)
    hear(now, *(clicked(delivery, now, link) for link in links.values()))
    found = {row.url for row in kept(database)}
    assert found == {f"{BASE}/unsubscribe/", f"{BASE}/preferences/"}
    with Session(database) as session:
        for raw in session.scalars(select(Event.raw)):
            assert not any(link in raw for link in links.values())


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (f"{BASE}/unsubscribe/MTI.abc", f"{BASE}/unsubscribe/"),
        (f"{BASE}/preferences/MTI.abc?utm=1#x", f"{BASE}/preferences/"),
        (f"{BASE}/unsubscribe/MTI.abc/weekly", f"{BASE}/unsubscribe/"),
        (f"{BASE}/confirm/MTI.abc", f"{BASE}/confirm/"),
        (f"{BASE}/n/report/issues/7", f"{BASE}/n/report/issues/7"),
        (f"{BASE}/", f"{BASE}/"),
        ("https://example.org/unsubscribe/other", "https://example.org/unsubscribe/other"),
        (f"{BASE}.evil.example/unsubscribe/x", f"{BASE}.evil.example/unsubscribe/x"),
        ("", ""),
        ("https://[", "https://["),
    ],
)
def test_it_takes_the_token_out_of_our_links_alone(url: str, expected: str) -> None:
    assert without_token(url, BASE) == expected


def test_it_survives_an_open_that_says_nothing_of_itself(
    database: Engine, delivery: Delivery, now: datetime
) -> None:
    hear(now, event("Open", {"delivery": delivery.id}, timestamp="noon", userAgent=None))
    [row] = kept(database)
    assert (row.at, row.machine) == (now, True)

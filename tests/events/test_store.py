"""Events are kept raw before they are understood, once each, whatever is in them."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from service.events.store import store_events, waiting_events
from service.models import Event, EventOutcome
from tests.events.samples import event


def test_it_keeps_an_event_once(session: Session, now: datetime) -> None:
    first, second = event("Send", {"delivery": 7}), event("Delivery", {"delivery": 7})
    kept = store_events(session, [first, second, first], now)
    assert store_events(session, [second, first], now) == []
    rows = session.scalars(select(Event).order_by(Event.id)).all()
    assert [row.kind for row in rows] == ["Send", "Delivery"]
    assert [row.raw for row in rows] == [first, second]
    assert {row.delivery_id for row in rows} == {7}
    assert [one.id for one in kept] == [row.id for row in rows]
    assert waiting_events(session) == kept
    assert waiting_events(session, limit=1) == kept[:1]
    assert waiting_events(session, after=kept[0].id) == kept[1:]


def test_it_keeps_what_it_cannot_read_and_says_why(session: Session, now: datetime) -> None:
    kept = store_events(session, ["Hello", "Hello", event("Send")], now)
    assert kept == waiting_events(session)
    row = session.scalars(select(Event).where(Event.outcome == EventOutcome.UNREADABLE)).one()
    assert (row.raw, row.note, row.kind) == ("Hello", "not JSON", "")
    assert len(kept) == 1


@pytest.mark.parametrize("text", ["a\0b", '{"eventType": "Send", "mail": {}}\0', "half a \ud800"])
def test_it_keeps_the_rest_of_a_batch_when_one_holds_what_no_database_keeps(
    session: Session, now: datetime, text: str
) -> None:
    store_events(session, [event("Send"), text, event("Delivery")], now)
    assert len(session.scalars(select(Event)).all()) == 3


@given(st.lists(st.text(st.characters(exclude_categories=[])), max_size=4))
@hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None
)
def test_it_keeps_any_text(database: Engine, now: datetime, texts: list[str]) -> None:
    with Session(database) as session:  # rolled back after each example
        store_events(session, texts, now)
        stored = len(session.scalars(select(Event)).all())
        assert stored <= len(set(texts))
        assert stored >= bool(texts)

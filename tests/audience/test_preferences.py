"""What a reader may choose, and when the next issue comes by it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from service.audience.addresses import parse_address
from service.audience.choices import BadChoice, Wanted
from service.audience.consent import ledger
from service.audience.joining import Reader, add_confirmed
from service.audience.preferences import (
    Preferences,
    change_preferences,
    checked,
    next_issue_at,
    preferences_of,
)
from service.models import (
    Cadence,
    MailFormat,
    Newsletter,
    Subscription,
    SubscriptionState,
)

FRIDAY = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)  # 08:00 in Berlin: today's issue is out


def reader(session: Session, newsletter: Newsletter, now: datetime) -> Subscription:
    add_confirmed(session, newsletter, Reader(parse_address("ann@example.org")), now)
    return session.query(Subscription).one()


def test_it_stores_and_notes_what_changed(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    row = reader(session, newsletter, now)
    asked = Preferences(Wanted(MailFormat.TEXT), Cadence.WEEKDAYS, 6, "Asia/Tokyo")
    assert change_preferences(session, row, asked, now) is True
    assert preferences_of(row) == asked
    line = ledger(session, newsletter.id, row.subscriber.email_hash)[-1]
    assert line.detail["cadence"] == ["daily", "weekdays"]
    assert "sections" not in line.detail


def test_it_notes_nothing_when_nothing_changed(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    row = reader(session, newsletter, now)
    assert change_preferences(session, row, preferences_of(row), now) is False
    assert len(ledger(session, newsletter.id, row.subscriber.email_hash)) == 1


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Preferences(send_hour=24, timezone="UTC"), "from 0 to 23"),
        (Preferences(send_hour=7), "needs a time zone"),
        (Preferences(timezone="Mars/Base"), "no time zone “Mars/Base”"),
        (Preferences(timezone="../etc/passwd"), "no time zone"),
        (Preferences(paused_until=FRIDAY + timedelta(days=400)), "a year at most"),
        (Preferences(Wanted(sections=("sport",))), "no section “sport”"),
    ],
)
def test_it_says_what_cannot_be_chosen(
    asked: Preferences, said: str, newsletter: Newsletter
) -> None:
    with pytest.raises(BadChoice, match=said):
        checked(newsletter, asked, FRIDAY)


def test_it_has_no_weekly_issue_where_there_is_none(newsletter: Newsletter) -> None:
    newsletter.weekly_day = None
    with pytest.raises(BadChoice, match="no weekly issue"):
        checked(newsletter, Preferences(cadence=Cadence.WEEKLY), FRIDAY)


def test_it_lets_who_chose_what_is_gone_choose_something_else(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    row = reader(session, newsletter, now)
    chosen = Preferences(Wanted(sections=("labs", "wire"), topics=("cs.LG",)), Cadence.WEEKLY)
    change_preferences(session, row, chosen, now)
    kept = [spec for spec in newsletter.sections if spec["slug"] == "labs"]
    newsletter.sections, newsletter.weekly_day = kept, None
    paused = replace(preferences_of(row), paused_until=now + timedelta(days=7))
    assert change_preferences(session, row, paused, now)
    assert preferences_of(row) == paused
    assert change_preferences(session, row, Preferences(Wanted(sections=("labs",))), now)
    assert preferences_of(row).wanted == Wanted()


BERLIN_SEVEN = "06:00"  # in UTC, in winter


@pytest.mark.parametrize(
    ("preferences", "expected"),
    [
        (Preferences(), f"2026-11-21 {BERLIN_SEVEN}"),
        (Preferences(cadence=Cadence.WEEKDAYS), f"2026-11-23 {BERLIN_SEVEN}"),
        (Preferences(cadence=Cadence.WEEKLY), f"2026-11-21 {BERLIN_SEVEN}"),
        # Today's issue is out since 06:00 UTC and waits for 07:00 in New York.
        (Preferences(send_hour=7, timezone="America/New_York"), "2026-11-20 12:00"),
        # 07:00 in Tokyo is 22:00 UTC: the evening after the issue was out.
        (Preferences(send_hour=7, timezone="Asia/Tokyo"), "2026-11-20 22:00"),
        (Preferences(paused_until=FRIDAY + timedelta(days=7)), f"2026-11-28 {BERLIN_SEVEN}"),
    ],
)
def test_it_says_when_the_next_issue_comes(
    preferences: Preferences, expected: str, session: Session, newsletter: Newsletter
) -> None:
    row = reader(session, newsletter, FRIDAY - timedelta(days=30))
    change_preferences(session, row, preferences, FRIDAY)
    at = next_issue_at(row, FRIDAY)
    assert at is not None
    assert f"{at.astimezone(UTC):%Y-%m-%d %H:%M}" == expected


def test_it_promises_no_issue_that_was_planned_before_the_reader_came(
    session: Session, newsletter: Newsletter
) -> None:
    row = reader(session, newsletter, FRIDAY)
    hour = Preferences(send_hour=7, timezone="America/New_York")
    change_preferences(session, row, hour, FRIDAY)
    at = next_issue_at(row, FRIDAY)
    assert at is not None
    assert at.astimezone(UTC).date() == datetime(2026, 11, 21, tzinfo=UTC).date()


@pytest.mark.parametrize("state", [SubscriptionState.PENDING, SubscriptionState.UNSUBSCRIBED])
def test_it_promises_nothing_to_who_gets_nothing(
    state: SubscriptionState, session: Session, newsletter: Newsletter
) -> None:
    row = reader(session, newsletter, FRIDAY)
    row.state = state
    assert next_issue_at(row, FRIDAY) is None


def test_it_promises_nothing_when_no_day_is_set(session: Session, newsletter: Newsletter) -> None:
    row = reader(session, newsletter, FRIDAY)
    newsletter.send_days = []
    assert next_issue_at(row, FRIDAY) is None


def test_it_resumes_by_itself(session: Session, newsletter: Newsletter) -> None:
    row = reader(session, newsletter, FRIDAY - timedelta(days=30))
    paused = replace(preferences_of(row), paused_until=FRIDAY - timedelta(days=1))
    change_preferences(session, row, paused, FRIDAY - timedelta(days=8))
    at = next_issue_at(row, FRIDAY)
    assert at is not None
    assert at - FRIDAY < timedelta(days=1)

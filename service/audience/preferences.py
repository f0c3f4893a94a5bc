"""When and in what form a reader wants the mail, and when the next issue is due by that."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy.orm import Session

from service.audience.choices import BadChoice, Wanted, canonical, row_for, section_specs, wanted_by
from service.audience.consent import NOBODY, Line, Visitor, record
from service.languages import gettext
from service.localtime import DAY, due_at_local_hour, next_run
from service.models import (
    Cadence,
    ConsentKind,
    Newsletter,
    Subscription,
    SubscriptionState,
)

LONGEST_PAUSE = timedelta(days=366)
WEEKDAYS = range(5)


@dataclass(frozen=True)
class Preferences:
    """Everything that a reader may choose. ``send_hour`` None means the newsletter's own hour."""

    wanted: Wanted = field(default_factory=Wanted)
    cadence: Cadence = Cadence.DAILY
    send_hour: int | None = None
    timezone: str | None = None
    paused_until: datetime | None = None
    tracked: bool = True
    """Opens and clicks are kept, where the newsletter keeps any."""


def preferences_of(subscription: Subscription) -> Preferences:
    return Preferences(
        wanted=wanted_by(subscription.choice),
        cadence=subscription.cadence,
        send_hour=subscription.send_hour,
        timezone=subscription.timezone,
        paused_until=subscription.paused_until,
        tracked=subscription.tracked,
    )


def checked(
    newsletter: Newsletter, asked: Preferences, now: datetime, had: Preferences | None = None
) -> Preferences:
    """*asked* in canonical form; raises :class:`BadChoice` with a sentence for the reader.

    What they *had* is not refused: an editor may have taken it away since they chose it.
    """
    wanted, had = asked.wanted, had or Preferences()
    weekly = Cadence.WEEKLY
    if asked.cadence is weekly and newsletter.weekly_day is None and had.cadence is not weekly:
        raise BadChoice(
            gettext(
                "%(name)s has no weekly issue. Choose every day or weekdays.", name=newsletter.name
            )
        )
    if asked.send_hour is not None:
        if asked.send_hour not in range(24):
            raise BadChoice(gettext("The hour must be a whole number from 0 to 23."))
        if asked.timezone is None:
            raise BadChoice(gettext("An hour needs a time zone, such as Europe/Berlin."))
    if asked.timezone is not None and asked.timezone not in timezones():
        raise BadChoice(
            gettext("There is no time zone “%(name)s”. One is Europe/Berlin.", name=asked.timezone)
        )
    if asked.paused_until is not None and asked.paused_until > now + LONGEST_PAUSE:
        raise BadChoice(gettext("A pause may last a year at most."))
    return Preferences(
        wanted=wanted
        if wanted == had.wanted
        else canonical(
            section_specs(newsletter),
            wanted.mail_format,
            wanted.sections,
            wanted.topics,
            had.wanted,
        ),
        cadence=asked.cadence,
        send_hour=asked.send_hour,
        timezone=asked.timezone,
        paused_until=asked.paused_until,
        tracked=asked.tracked,
    )


@lru_cache(maxsize=1)
def timezones() -> frozenset[str]:
    """The names a reader may give; looked up once, for it reads a folder tree."""
    return frozenset(available_timezones() - {"localtime", "Factory"})


def change_preferences(
    session: Session,
    subscription: Subscription,
    asked: Preferences,
    now: datetime,
    by: Visitor | str = NOBODY,
) -> bool:
    """Store what a reader chose and note what changed; False when nothing did.

    *by* says in the ledger where the reader was, or who chose for them.
    Raises :class:`BadChoice`. A reader who is leaving may still choose: state is not touched here.
    """
    before = preferences_of(subscription)
    after = checked(subscription.newsletter, asked, now, before)
    if after == before:
        return False
    subscription.choice = row_for(session, subscription.newsletter_id, after.wanted)
    subscription.cadence = after.cadence
    subscription.send_hour = after.send_hour
    subscription.timezone = after.timezone
    subscription.paused_until = after.paused_until
    subscription.tracked = after.tracked
    old, new = _as_said(before), _as_said(after)
    record(
        session,
        Line(
            subscription.newsletter_id,
            subscription.subscriber.email_hash,
            ConsentKind.CHANGED,
            now,
            visitor=by if isinstance(by, Visitor) else NOBODY,
            detail={
                **{name: [old[name], new[name]] for name in new if old[name] != new[name]},
                **({"by": by} if isinstance(by, str) else {}),
            },
        ),
    )
    session.flush()
    return True


def next_issue_at(subscription: Subscription, now: datetime) -> datetime | None:
    """When (UTC) this reader's next issue should come; None when none is to come.

    A reader with an hour of their own gets the issue of a day the first time that their clock
    shows that hour once the issue is out.
    """
    newsletter = subscription.newsletter
    if subscription.state is not SubscriptionState.ACTIVE or newsletter.archived_at is not None:
        return None
    since = max(
        subscription.confirmed_at or now - DAY, subscription.paused_until or now - DAY, now - DAY
    )
    out_at = since
    while True:
        following = next_run(
            out_at,
            newsletter.timezone,
            newsletter.send_hour,
            newsletter.send_minute,
            issue_days(newsletter, subscription.cadence),
        )
        if following is None:
            return None
        out_at = at = following
        if subscription.send_hour is not None and subscription.timezone is not None:
            at = due_at_local_hour(out_at, subscription.timezone, subscription.send_hour)
        if at > now:
            return at


def issue_days(newsletter: Newsletter, cadence: Cadence) -> frozenset[int]:
    """Weekdays (Monday is 0) on which a reader of *cadence* gets an issue."""
    if cadence is Cadence.WEEKLY:
        return frozenset(() if newsletter.weekly_day is None else (newsletter.weekly_day,))
    days = frozenset(newsletter.send_days)
    return days & frozenset(WEEKDAYS) if cadence is Cadence.WEEKDAYS else days


def _as_said(preferences: Preferences) -> dict[str, Any]:
    """Plain JSON values, for the ledger."""
    said = asdict(preferences)
    wanted = said.pop("wanted")
    until = preferences.paused_until
    return {
        "mail_format": wanted["mail_format"].value,
        "sections": None if wanted["sections"] is None else list(wanted["sections"]),
        "topics": list(wanted["topics"]),
        "cadence": preferences.cadence.value,
        "send_hour": preferences.send_hour,
        "timezone": preferences.timezone,
        "paused_until": None if until is None else until.isoformat(),
        "tracked": preferences.tracked,
    }

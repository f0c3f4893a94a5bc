"""A newsletter's description and its rows: written, and read back.

Both ways to change a newsletter end here: a file that is loaded, and a form on the web. Storing is
idempotent. It never deletes: a source that is no longer named is paused, and issues, their numbers
and the readers stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.localtime import next_run
from service.models import Newsletter, Source, SourceState
from service.models.document import SectionSpec
from service.newsletters.spec import (
    DAYS,
    NewsletterSpec,
    PublishingSpec,
    ScheduleSpec,
    SenderSpec,
    SendingSpec,
    SourceSpec,
)

SCHEDULE = frozenset({"timezone", "send_hour", "send_minute", "send_days", "weekly_day"})
READ_ANEW = frozenset({"kind", "url", "config"})
"""A source that changed in one of these is asked again at once, as if for the first time."""


@dataclass(frozen=True)
class Stored:
    """What storing a description changed."""

    newsletter_id: int
    slug: str
    created: bool
    fields: tuple[str, ...] = ()
    """Of the newsletter, that changed."""
    added: tuple[str, ...] = ()
    """Slugs of sources."""
    changed: tuple[str, ...] = ()
    paused: tuple[str, ...] = ()
    """Sources that it no longer names."""
    edited_at: datetime | None = None
    """When the web had changed what a file now says anew; None when it had not."""

    @property
    def unchanged(self) -> bool:
        return not (self.created or self.fields or self.added or self.changed or self.paused)


def store(session: Session, spec: NewsletterSpec, now: datetime) -> Stored:
    """Create or update the newsletter that *spec* describes."""
    row = locked(session, spec.slug)
    created = row is None
    if row is None:
        row = Newsletter(slug=spec.slug, created_at=now)
        session.add(row)
    fields = _set(row, _newsletter_values(spec))
    _schedule(row, fields, now)
    session.flush()
    added, changed, paused = _store_sources(session, row, spec)
    session.flush()
    return Stored(
        row.id, row.slug, created, () if created else tuple(fields), added, changed, paused
    )


def locked(session: Session, slug: str) -> Newsletter | None:
    """The row as it is now, which nobody else changes before this transaction ends."""
    return session.scalar(
        select(Newsletter)
        .where(Newsletter.slug == slug)
        .with_for_update(of=Newsletter)
        .execution_options(populate_existing=True)  # it may have been read before the wait
    )


def reschedule(row: Newsletter, now: datetime) -> None:
    """Set the next run by the schedule; an archived newsletter has none."""
    days = {*row.send_days, *(() if row.weekly_day is None else (row.weekly_day,))}
    row.next_run = (
        None
        if row.archived_at is not None
        else next_run(now, row.timezone, row.send_hour, row.send_minute, days)
    )


def _newsletter_values(spec: NewsletterSpec) -> dict[str, Any]:
    return {
        "name": spec.name,
        "description": spec.description,
        "from_name": spec.sender.name or spec.name,
        "from_address": spec.sender.address,
        "reply_to": spec.sender.reply_to,
        "postal_address": spec.postal_address.strip(),
        "byline": spec.byline,
        "language": spec.language,
        "theme": spec.theme,
        "sections": [section.model_dump(mode="json") for section in spec.sections],
        "timezone": spec.schedule.timezone,
        "send_hour": spec.schedule.hour,
        "send_minute": spec.schedule.minute,
        "send_days": spec.schedule.weekdays,
        "weekly_day": spec.schedule.weekly_day,
        "approval": spec.publishing.approval,
        "hold_hours": spec.publishing.hold_hours,
        "unapproved_policy": spec.publishing.when_unapproved,
        "min_items": spec.publishing.min_items,
        "unknown_policy": spec.publishing.when_unknown,
        **spec.sending.model_dump(),
    }


def _set(row: Newsletter | Source, values: Mapping[str, Any]) -> list[str]:
    """Set what differs; the names of it."""
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    return changed


def _schedule(row: Newsletter, changed: list[str], now: datetime) -> None:
    if row.next_run is not None and row.next_run <= now:
        return  # due and not yet claimed: whoever claims it sets the next by the new schedule
    if row.next_run is None or SCHEDULE & set(changed):
        reschedule(row, now)


def _store_sources(
    session: Session, row: Newsletter, spec: NewsletterSpec
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Slugs of the sources that were added, changed and paused."""
    known = {
        source.slug: source
        for source in session.scalars(select(Source).where(Source.newsletter_id == row.id))
    }
    added, changed = [], []
    for wanted in spec.sources:
        source = known.pop(wanted.slug, None)
        if source is None:
            source = Source(newsletter_id=row.id, slug=wanted.slug)
            _set(source, _source_values(wanted, SourceState.ACTIVE))
            session.add(source)
            session.flush()  # one by one: a section shows its tables in that order
            added.append(wanted.slug)
        elif _update_source(source, wanted):
            changed.append(wanted.slug)
    gone = [source for source in known.values() if source.state is not SourceState.PAUSED]
    for source in gone:
        source.state = SourceState.PAUSED
    return tuple(added), tuple(changed), tuple(sorted(source.slug for source in gone))


def _update_source(source: Source, wanted: SourceSpec) -> bool:
    fields = _set(source, _source_values(wanted, source.state))
    if READ_ANEW & set(fields):
        source.etag = source.last_modified = source.body_hash = source.redirect_url = None
        source.redirect_count = source.failures = 0
        source.problem = source.next_check_at = None
        if source.state is SourceState.MUTED:
            source.state = SourceState.ACTIVE
    return bool(fields)


def _source_values(wanted: SourceSpec, state: SourceState) -> dict[str, Any]:
    if wanted.paused:
        state = SourceState.PAUSED
    elif state is SourceState.PAUSED:
        state = SourceState.ACTIVE
    return {
        "kind": wanted.kind,
        "name": wanted.name,
        "url": wanted.url,
        "section": wanted.section,
        "interval_minutes": wanted.interval_minutes,
        "config": wanted.config,
        "state": state,
    }


def describe(session: Session, row: Newsletter) -> NewsletterSpec:
    """What *row* and its sources are; storing it changes nothing."""
    sources = session.scalars(
        select(Source).where(Source.newsletter_id == row.id).order_by(Source.id)
    )
    return NewsletterSpec(
        slug=row.slug,
        name=row.name,
        description=row.description,
        byline=row.byline,
        language=row.language,
        postal_address=row.postal_address,
        sender=SenderSpec(name=row.from_name, address=row.from_address, reply_to=row.reply_to),
        schedule=ScheduleSpec(
            timezone=row.timezone,
            time=f"{row.send_hour:02}:{row.send_minute:02}",
            days=tuple(DAYS[day] for day in row.send_days),
            weekly=None if row.weekly_day is None else DAYS[row.weekly_day],
        ),
        publishing=PublishingSpec(
            approval=row.approval,
            hold_hours=row.hold_hours,
            when_unapproved=row.unapproved_policy,
            min_items=row.min_items,
            when_unknown=row.unknown_policy,
        ),
        sending=SendingSpec(
            canary_percent=row.canary_percent,
            canary_minutes=row.canary_minutes,
            lateness_hours=row.lateness_hours,
            tracking=row.tracking,
        ),
        theme=row.theme,
        sections=tuple(SectionSpec.model_validate(section) for section in row.sections),
        sources=tuple(_source_spec(source) for source in sources),
    )


def _source_spec(source: Source) -> SourceSpec:
    return SourceSpec(
        slug=source.slug,
        kind=source.kind,
        name=source.name,
        url=source.url,
        section=source.section,
        interval_minutes=source.interval_minutes,
        paused=source.state is SourceState.PAUSED,
        config=source.config,
    )

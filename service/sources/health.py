"""How a source fares, kept in its row: what it told us, when it is next, what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from service.models import Source, SourceState
from service.sources.backoff import next_check
from service.sources.fetch import Fetched
from service.sources.reading import Reading
from service.staff.alerts import alert_owners

REDIRECTS_UNTIL_KEPT = 5


@dataclass(frozen=True)
class Failure:
    """Why a check came to nothing."""

    reason: str
    retry_after: timedelta | None = None
    gone: bool = False


def mark_good(row: Source, reading: Reading, now: datetime) -> None:
    """After an answer that could be read, or that said that nothing changed."""
    row.etag = reading.known.etag
    row.last_modified = reading.known.last_modified
    row.body_hash = reading.known.body_hash
    row.checked_at = row.good_at = now
    row.failures = 0
    # A damaged answer leaves no validators, so that one which is unchanged was whole.
    row.problem = (reading.parsed.damage or None) if reading.parsed else None
    row.next_check_at = next_check(
        now,
        timedelta(minutes=row.interval_minutes),
        retry_after=reading.first.retry_after,
        max_age=reading.first.max_age,
    )
    _follow_the_move(row, reading.first)


def mark_failed(session: Session, row: Source, failure: Failure, now: datetime) -> None:
    """After a check that failed. What the last good answer left stays, for the next good one.

    One that is gone for good is muted, and the owners are told.
    """
    row.checked_at = now
    row.failures += 1
    row.problem = failure.reason
    row.next_check_at = next_check(
        now,
        timedelta(minutes=row.interval_minutes),
        failures=row.failures,
        retry_after=failure.retry_after,
    )
    if failure.gone and row.state is SourceState.ACTIVE:
        row.state = SourceState.MUTED
        text = (
            f"The source {row.name} ({row.slug}) says that it is gone for good, and is read no "
            "more. Give its new address in the newsletter's file, or take it out, and load it."
        )
        alert_owners(session, row.newsletter, "source_gone", text, now)


def _follow_the_move(row: Source, fetched: Fetched) -> None:
    """Keep a new address when it was given five times in a row: one may be a mistake of a day."""
    moved_to = fetched.permanent_url
    row.redirect_count = row.redirect_count + 1 if moved_to == row.redirect_url else 1
    row.redirect_url = moved_to
    if moved_to is None:
        row.redirect_count = 0
    elif row.redirect_count >= REDIRECTS_UNTIL_KEPT and _may_follow(row, moved_to):
        row.url, row.redirect_url, row.redirect_count = moved_to, None, 0


def _may_follow(row: Source, moved_to: str) -> bool:
    """A key goes to the server that the file names: only the file may name another."""
    return not row.config.get("header_env") or urlsplit(moved_to)[:2] == urlsplit(row.url)[:2]

"""Collecting: one check of one source, from claim to report."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from service.db import read_scope, session_scope
from service.models import Source, SourceState
from service.sources.due import due
from service.sources.fetch import Fetcher, FetchFailed, fetch
from service.sources.health import Failure, mark_failed, mark_good
from service.sources.kinds import BadFeed, BadSource, Parsed, SourceView, kind_named
from service.sources.reading import Known, MissingKey, Reading, read_source
from service.sources.report import CollectReport
from service.sources.storing import Counts, keep_snapshot_of_day, store_items, store_snapshot
from service.sources.turns import NotOurTurn, in_turn, queue_of

RECENT = timedelta(days=1)
"""How long something is news that was published before its source was first read."""
CLAIM = timedelta(minutes=10)
"""How long a source is one worker's; more than its pages can take. A crash leaves it until then."""
WAITS = "It waits for its turn."

log = logging.getLogger(__name__)


def collect_source(
    source_id: int, now: datetime, *, fetcher: Fetcher = fetch, force: bool = False
) -> CollectReport:
    """Check one source: claim it, read it outside any transaction, write what came.

    What goes wrong with the source is in the report and in its row, and is never raised; an error
    of our own database is. With *force* it is checked although it is paused, muted or not due.
    """
    started = time.monotonic()
    taken = _take(source_id, now, force=force)
    if isinstance(taken, CollectReport):
        return taken
    result = _read(taken, fetcher)
    with session_scope() as session:
        report = _record(session, taken, result, now)
    return replace(report, seconds=time.monotonic() - started)


def try_source(
    source_id: int, now: datetime, *, fetcher: Fetcher = fetch
) -> tuple[str, Parsed | str]:
    """A source's slug with all that it answers now, whatever it answered before, or why nothing.

    Nothing of it is stored, and the source stays as it is: paused, or due when it was.
    """
    with read_scope() as session:
        taken = _taken(session.get_one(Source, source_id), now)
    result = _read(replace(taken, known=Known()), fetcher)
    if isinstance(result, Reading):
        return taken.view.slug, result.parsed or Parsed()
    return taken.view.slug, result.reason if isinstance(result, Failure) else WAITS


@dataclass(frozen=True)
class _Taken:
    """A source as it stood when we took it."""

    id: int
    kind: str
    view: SourceView
    known: Known


def _taken(row: Source, now: datetime) -> _Taken:
    return _Taken(
        row.id,
        row.kind,
        SourceView(row.slug, row.name, row.url, row.config, row.good_at, now),
        Known(row.etag, row.last_modified, row.body_hash),
    )


def _take(source_id: int, now: datetime, *, force: bool) -> _Taken | CollectReport:
    """Claim the source by moving its next check, which only one worker's UPDATE can do."""
    claim = update(Source).where(Source.id == source_id).values(next_check_at=now + CLAIM)
    if not force:
        claim = claim.where(Source.state == SourceState.ACTIVE, due(now))
    with session_scope() as session:
        claimed = session.scalar(claim.returning(Source.id))
        row = session.get(Source, source_id)
        if row is None:
            return CollectReport(str(source_id), "", "not due", reason="there is no such source")
        if claimed is None:
            return CollectReport(row.slug, row.name, "not due")
        return _taken(row, now)


def _read(taken: _Taken, fetcher: Fetcher) -> Reading | Failure | NotOurTurn:
    try:
        kind = kind_named(taken.kind)
        queue = queue_of(kind.queue, taken.view.url)
        fetcher = in_turn(queue, fetcher) if queue else fetcher
        return read_source(kind, taken.view, taken.known, fetcher)
    except NotOurTurn as error:
        return error
    except FetchFailed as error:
        return Failure(error.reason, error.retry_after, error.gone)
    except (BadFeed, MissingKey) as error:
        return Failure(str(error))
    except BadSource as error:
        return Failure(f"The source is not described rightly: {error}.")
    except Exception as error:
        # A mistake of ours in a kind, met by what one server sent, must not keep that source in
        # its claim for ever and silently: it is shown like any other failure, and logged.
        log.exception("reading the source %s failed", taken.view.slug)
        return Failure(f"Reading it failed by a mistake of this service ({type(error).__name__}).")


def _record(
    session: Session, taken: _Taken, result: Reading | Failure | NotOurTurn, now: datetime
) -> CollectReport:
    report = CollectReport(taken.view.slug, taken.view.name, "failed")
    row = session.get(Source, taken.id, with_for_update=True)
    if row is None:
        return replace(report, reason="It was removed while it was read.")
    if (row.url, row.config) != (taken.view.url, taken.view.config):
        row.next_check_at = None
        return replace(report, outcome="not due", reason="It was changed while it was read.")
    if isinstance(result, NotOurTurn):
        row.next_check_at = result.free_at
        return replace(report, outcome="not due", reason=WAITS)
    if isinstance(result, Failure):
        mark_failed(session, row, result, now)
        return replace(report, reason=result.reason)
    counts = _store(session, row, result, now)
    mark_good(row, result, now)
    if result.parsed is None:
        return replace(report, outcome="unchanged")
    return replace(
        report,
        outcome="new",
        new=counts.new,
        updated=counts.updated,
        skipped=result.parsed.skipped,
        reason=result.parsed.damage,
    )


def _old(row: Source, now: datetime) -> datetime | None:
    """Until when what was published is no news; None where all that is not known yet is news.

    A source's whole past is not: of a new one, and of one that is read anew by another address or
    other rules, which gave the news until its last good answer.
    """
    if row.good_at is None:
        return now - RECENT
    if row.body_hash is not None or not row.url:  # without an address it stands in the file itself
        return None
    return row.good_at - RECENT


def _store(session: Session, row: Source, reading: Reading, now: datetime) -> Counts:
    """Write what was read; of a table, a new state counts as one new thing."""
    parsed = reading.parsed
    if parsed is None:
        keep_snapshot_of_day(session, row.id, now)
        return Counts()
    counts = store_items(session, row.id, parsed.items, now, old=_old(row, now))
    if parsed.snapshot is not None and store_snapshot(session, row.id, parsed.snapshot, now):
        counts = Counts(counts.new + 1, counts.updated)
    return counts

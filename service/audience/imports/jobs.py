"""An import's life: uploaded, checked, run, undone. Asked for here, and done in ``run``.

What is asked for is a state; a worker that finds it takes a lease, and one that dies leaves it to
the next.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import CursorResult, delete, or_, select, update
from sqlalchemy.orm import Session

from service.audience.imports.plan import Plan
from service.audience.imports.presets import (
    BY_NAME,
    Preset,
    meanings,
    recognised,
    standing_by_name,
)
from service.audience.imports.records import Sheet, first_rows, open_sheet
from service.audience.imports.seen import forget
from service.audience.imports.upload import BadFile, store
from service.config import settings
from service.doorbell import Bell, ring
from service.models import Import, ImportProblem, ImportState, Newsletter
from service.webhooks.announce import Happening, announce

LEASE = timedelta(seconds=120)
KEPT = timedelta(days=14)
"""So long an upload waits that nobody goes on with: it is full of addresses."""

STRAY = timedelta(days=1)
"""A file without a row is older than this: a younger one may be on its way."""

UPLOADS = "imports"
"""In the data folder."""

UNDER_WAY = (ImportState.CHECKING, ImportState.RUNNING, ImportState.UNDOING)
BEFORE_WRITING = (ImportState.UPLOADED, ImportState.CHECKED, ImportState.FAILED)
FIRST_ROWS = 5


class NotNow(ValueError):
    """Not a step that this import can take; the text says why."""


@dataclass(frozen=True)
class Brought:
    """A file in the data folder, what it was called, and the service it is said to be from."""

    path: str
    file_name: str
    preset: str = ""


def bring(source: BinaryIO, file_name: str, preset: str = "") -> Brought:
    """Keep an upload in the data folder. Raises :class:`BadFile`, and keeps nothing then."""
    path = f"{UPLOADS}/{secrets.token_hex(12)}.csv"
    try:
        store(source, settings().data_dir / path)
        open_sheet(settings().data_dir / path)
    except BadFile:
        (settings().data_dir / path).unlink(missing_ok=True)
        raise
    name = "".join(char for char in Path(file_name).name if char.isprintable())[-200:]
    return Brought(path, name or "readers.csv", preset)


def add_import(
    session: Session,
    newsletter: Newsletter,
    brought: Brought,
    now: datetime,
    user_id: int | None = None,
) -> Import:
    """The row of a file that was brought, with the plan that its columns suggest."""
    job = Import(
        newsletter_id=newsletter.id, user_id=user_id, file_name=brought.file_name,
        path=brought.path, state=ImportState.UPLOADED, mapping={}, counts={}, position=0,
        created_at=now,
    )  # fmt: skip
    sheet = sheet_of(job)
    preset = BY_NAME.get(brought.preset) or recognised(sheet.columns)
    job.mapping = suggested(sheet, job.file_name, preset).model_dump(mode="json")
    job.line, job.byte = sheet.line, sheet.byte
    session.add(job)
    session.flush()
    return job


def suggested(sheet: Sheet, file_name: str, preset: Preset | None) -> Plan:
    """The plan for a file that nobody said anything about yet."""
    return Plan(
        names=sheet.columns,
        delimiter=sheet.delimiter,
        preset=preset.name if preset else "",
        columns=meanings(sheet.columns, preset, first_rows(sheet, FIRST_ROWS)),
        rows_are=standing_by_name(file_name),
    )


def file_of(job: Import) -> Path:
    return settings().data_dir / job.path


def sheet_of(job: Import) -> Sheet:
    """The file's beginning, read; raises :class:`BadFile` when it is not there any more."""
    try:
        return open_sheet(file_of(job))
    except FileNotFoundError:
        raise BadFile(
            "The upload is not in the data folder any more. Bring the file once more."
        ) from None


def plan_of(job: Import) -> Plan:
    return Plan.model_validate(job.mapping)


def seen_of(job: Import) -> Path:
    """Where the addresses that a step has met are kept, until it is done."""
    return file_of(job).with_suffix(".seen")


def check(session: Session, job: Import, plan: Plan, *, ring_for: bool = True) -> None:
    """Have every row read and nothing written. Raises ``BadPlan`` or :class:`NotNow`.

    With *ring_for* a worker is told; who does the work itself needs none.
    """
    _hold(session, job)
    _insist_on_open_plan(job)
    _insist_on_newsletter(session, job)
    plan.check()
    job.mapping = plan.model_dump(mode="json")
    job.counts = {}
    _begin(session, job, ImportState.CHECKING, ring_for)


def replan(session: Session, job: Import, plan: Plan) -> None:
    """Keep another plan, and have the file to be checked by it. Raises :class:`NotNow`."""
    _hold(session, job)
    _insist_on_open_plan(job)
    _forget_problems(session, job)
    job.mapping, job.counts = plan.model_dump(mode="json"), {}
    job.state, job.reason = ImportState.UPLOADED, None


def start(session: Session, job: Import, now: datetime, *, ring_for: bool = True) -> None:
    """Have the readers written. Raises :class:`NotNow` for what was not checked."""
    _hold(session, job)
    if job.state is not ImportState.CHECKED:
        raise NotNow("Have the file checked first; then it can be brought in.")
    _insist_on_newsletter(session, job)
    _begin(session, job, ImportState.RUNNING, ring_for)
    job.started_at = now


def stop(session: Session, job: Import, now: datetime) -> None:
    """Read no further. Who is in stays in, until the import is undone."""
    _hold(session, job)
    if job.state is not ImportState.RUNNING:
        raise NotNow("It is not running.")
    job.state, job.finished_at, job.lease_until = ImportState.DONE, now, None
    job.reason = f"Stopped after {job.position:,} rows; the rest was not read."
    session.flush()
    announce_end(session, job, "stopped", now)
    remove_files(job)


def undo(session: Session, job: Import) -> None:
    """Have taken out what came in and was not touched since. Raises :class:`NotNow`."""
    _hold(session, job)
    if job.state is not ImportState.DONE and not (
        job.state is ImportState.FAILED and job.started_at is not None
    ):
        raise NotNow("Only an import that is done can be undone.")
    job.state, job.reason, job.lease_until, job.byte = ImportState.UNDOING, None, None, 0
    session.flush()
    ring(session, Bell.IMPORT, job.id)


def discard(session: Session, job: Import) -> None:
    """Throw away an upload from which nobody came in."""
    _hold(session, job)
    if job.state not in BEFORE_WRITING or job.started_at is not None:
        raise NotNow("Readers came in with this import: undo it instead.")
    remove_files(job)
    session.delete(job)


def discard_forgotten(session: Session, now: datetime) -> int:
    """Throw away the uploads with which nobody went on; how many."""
    forgotten = session.scalars(
        select(Import).where(
            Import.state.in_(BEFORE_WRITING),
            Import.started_at.is_(None),
            Import.created_at < now - KEPT,
        )
    ).all()
    for job in forgotten:
        discard(session, job)
    _remove_strays(session, now)
    return len(forgotten)


def _remove_strays(session: Session, now: datetime) -> None:
    """The files that a process left which died between a file and its row."""
    needed = or_(
        Import.state.in_((*BEFORE_WRITING, ImportState.CHECKING)) & Import.started_at.is_(None),
        Import.state == ImportState.RUNNING,
    )
    kept = {Path(path).stem for path in session.scalars(select(Import.path).where(needed))}
    for file in (settings().data_dir / UPLOADS).glob("*"):
        written = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        if file.name.partition(".")[0] not in kept and written < now - STRAY:
            file.unlink(missing_ok=True)


def announce_end(session: Session, job: Import, ended: str, now: datetime) -> None:
    """Tell webhooks that it writes no further: ``done``, ``stopped`` or ``failed``."""
    data = {"import_id": job.id, "ended": ended, "counts": job.counts.get("run", {})}
    announce(session, Happening.IMPORT_DONE, data, now)


def remove_files(job: Import) -> None:
    """A file of addresses lies about no longer than it is of use."""
    file_of(job).unlink(missing_ok=True)
    forget(seen_of(job))


def due_imports(session: Session, now: datetime) -> list[int]:
    """Those that somebody asked a step of and that no worker is at."""
    return list(session.scalars(select(Import.id).where(*_free(now)).order_by(Import.id)))


def claim(session: Session, import_id: int, now: datetime) -> Import | None:
    """Take an import that waits; None when there is nothing to do, or another worker does it."""
    taken = session.execute(
        update(Import)
        .where(Import.id == import_id, *_free(now))
        .values(lease_until=now + LEASE)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(taken, CursorResult)
    return session.get_one(Import, import_id) if taken.rowcount else None


def _free(now: datetime) -> tuple[Any, ...]:
    return (
        Import.state.in_(UNDER_WAY),
        or_(Import.lease_until.is_(None), Import.lease_until < now),
    )


def _hold(session: Session, job: Import) -> None:
    """The row as it is now, until the transaction ends: a step may be asked for in two tabs."""
    session.refresh(job, with_for_update=True)


def _insist_on_open_plan(job: Import) -> None:
    if job.started_at is not None:
        raise NotNow("This import has begun to write; what its columns mean is settled.")
    if job.state not in BEFORE_WRITING:
        raise NotNow("The file is being checked: wait until that is done.")


def _insist_on_newsletter(session: Session, job: Import) -> None:
    newsletter = session.get_one(Newsletter, job.newsletter_id)
    if newsletter.archived_at is not None:
        raise NotNow(f"{newsletter.name} is archived: take it up again before readers come in.")


def _forget_problems(session: Session, job: Import) -> None:
    session.execute(delete(ImportProblem).where(ImportProblem.import_id == job.id))


def _begin(session: Session, job: Import, state: ImportState, ring_for: bool) -> None:
    sheet = sheet_of(job)
    forget(seen_of(job))
    _forget_problems(session, job)
    job.state, job.reason, job.lease_until = state, None, None
    job.position, job.line, job.byte = 0, sheet.line, sheet.byte
    session.flush()
    if ring_for:
        ring(session, Bell.IMPORT, job.id)

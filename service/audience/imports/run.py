"""Do what an import waits for, a chunk of rows in a transaction, from wherever it stands.

Each chunk moves the import's place on in the transaction that writes its readers, and only from the
place where it began: whoever was thought dead and comes back moves nothing, and nobody comes in
twice. While the database writes a chunk, the next is read and decided on: no reader is in two
chunks, and who signs up meanwhile makes the write fail, which is then done anew.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import CursorResult, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from service.audience.addresses import address_hash
from service.audience.imports.bulk import Collision, wait_for_no_disk, write_rows
from service.audience.imports.jobs import (
    LEASE,
    announce_end,
    claim,
    plan_of,
    remove_files,
    seen_of,
    sheet_of,
)
from service.audience.imports.people import BadRow, RowReader
from service.audience.imports.records import Record, Sheet, records
from service.audience.imports.seen import Seen, forget
from service.audience.imports.standing import Outcome
from service.audience.imports.undo import undo_some
from service.audience.imports.upload import BadFile
from service.audience.imports.write import Decided, Hashed, Writer
from service.config import settings
from service.db import read_scope, session_scope
from service.models import Audit, Import, ImportProblem, ImportState, Newsletter

CHUNK = 10_000
TURN = 0.0005
"""Seconds."""
TRIES = 5
MOST_PROBLEMS = 50_000
"""Kept of one file. Nobody mends more by hand, and more are one mistake in all rows."""

Clock = Callable[[], datetime]


class Lost(Exception):
    """Somebody else goes on with this import, or it was stopped."""


@dataclass
class Chunk:
    """Some rows that were read, and where the next ones begin."""

    position: int
    line: int
    byte: int
    people: list[Hashed] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    problems: list[tuple[int, str, str, list[str]]] = field(default_factory=list)
    repeated: int = 0


def work(import_id: int, clock: Clock, over: Callable[[], bool] = lambda: False) -> bool:
    """Take the import as far as it goes until *over*; False when it is to be taken further."""
    with session_scope() as session:
        job = claim(session, import_id, clock())
        newsletter = None if job is None else session.get_one(Newsletter, job.newsletter_id)
    if job is None or newsletter is None:
        return True
    try:
        if job.state is ImportState.UNDOING:
            done = _undo(job, clock, over)
        else:
            done = _read(job, newsletter, clock, over)
    except Lost:
        return True
    except BadFile as error:
        _give_up(job, str(error), clock())
        return True
    if not done:
        _let_go(job)
    return done


def _read(job: Import, newsletter: Newsletter, clock: Clock, over: Callable[[], bool]) -> bool:
    sheet = sheet_of(job)
    step = Step(job, newsletter, clock)
    seen = Seen(seen_of(job))
    waiting: Future[None] | None = None
    try:
        with ThreadPoolExecutor(1) as database, quick_turns():
            for chunk in chunks(job, newsletter, sheet, seen, clock()):
                decided = step.decide(chunk)
                if waiting is not None:
                    waiting.result()
                waiting = database.submit(step.take, chunk, decided)
                if over():
                    break
            else:
                if waiting is not None:
                    waiting.result()
                step.finish()
                return True
            waiting.result()
    finally:
        seen.close()
    return False


@contextmanager
def quick_turns() -> Iterator[None]:
    """Let the two threads take turns ten times as often as Python would by itself.

    The one that feeds the database has little to do each time, and would wait 5 ms for its turn
    while the other reads on: longer than the database has work for.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(TURN)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def chunks(
    job: Import, newsletter: Newsletter, sheet: Sheet, seen: Seen, now: datetime
) -> Iterator[Chunk]:
    """The rows from the import's place on, :data:`CHUNK` at a time."""
    secret, reader = settings().secret, RowReader(plan_of(job), newsletter, now)
    chunk = Chunk(job.position, job.line, job.byte)
    for place, record in enumerate(records(sheet, job.line, job.byte), start=1):
        try:
            person = reader.read(_readable(record, sheet))
        except BadRow as error:
            chunk.problems.append((record.line, error.value, str(error), record.cells))
        else:
            chunk.people.append((address_hash(secret, person.address.key), person))
            chunk.lines.append(record.line)
        chunk.line, chunk.byte = record.next_line, record.next_byte
        if place % CHUNK == 0:
            yield _without_repeated(chunk, seen)
            chunk = Chunk(chunk.position, chunk.line, chunk.byte)
    if chunk.people or chunk.problems:
        yield _without_repeated(chunk, seen)


def _readable(record: Record, sheet: Sheet) -> list[str]:
    if record.problem:
        raise BadRow(record.problem, sheet.delimiter.join(record.cells))
    return record.cells


def _without_repeated(chunk: Chunk, seen: Seen) -> Chunk:
    """*chunk* without the rows whose address the file had before, and its place behind all."""
    chunk.position += len(chunk.people) + len(chunk.problems)
    again = seen.repeated([one for one, _ in chunk.people], chunk.lines)
    if again:
        chunk.repeated = len(again)
        kept = [line not in again for line in chunk.lines]
        chunk.people = [one for one, keep in zip(chunk.people, kept, strict=True) if keep]
    return chunk


class Step:
    """Checks or writes chunk after chunk."""

    def __init__(self, job: Import, newsletter: Newsletter, clock: Clock) -> None:
        self._job, self._clock = job, clock
        self._writes = job.state is ImportState.RUNNING
        self._name = "run" if self._writes else "checked"
        self._writer = Writer(job, newsletter, plan_of(job), clock(), careful=not self._writes)
        self._position = job.position
        self._counts: Counter[str] = Counter(job.counts.get(self._name, {}))

    def decide(self, chunk: Chunk) -> Decided:
        """What is to become of the chunk, as things stand."""
        with read_scope() as session:
            return self._writer.decide(session, chunk.people)

    def take(self, chunk: Chunk, decided: Decided) -> None:
        """One transaction; decided anew when a reader of the chunk signed up in that moment."""
        for tries_left in reversed(range(TRIES)):
            try:
                with session_scope() as session:
                    wait_for_no_disk(session)
                    counts = self._counts + self._take(session, chunk, decided)
                    self._move(session, chunk, counts)
                break
            except (Collision, OperationalError):
                self._writer.forget()
                if not tries_left:
                    raise
                decided = self.decide(chunk)
        self._position, self._counts = chunk.position, counts

    def _take(self, session: Session, chunk: Chunk, decided: Decided) -> Counter[str]:
        counts = Counter(
            {Outcome.REPEATED.value: chunk.repeated, Outcome.BAD.value: len(chunk.problems)}
        )
        if self._writes:
            asked = self._counts[Outcome.ASKED.value]
            counts += self._writer.write(session, chunk.people, decided, asked)
        else:
            counts += Counter(outcome.value for outcome in decided[1])
        if (room := MOST_PROBLEMS - self._counts[Outcome.BAD.value]) > 0:
            self._note(session, chunk.problems[:room])
        return counts

    def _note(self, session: Session, problems: Sequence[tuple[int, str, str, list[str]]]) -> None:
        rows = [
            (self._job.id, line, value[:500], problem[:500], json.dumps(cells))
            for line, value, problem, cells in problems
        ]
        write_rows(session, ImportProblem, ("import_id", "line", "value", "problem", "cells"), rows)

    def _move(self, session: Session, chunk: Chunk, counts: Counter[str]) -> None:
        _change(
            session,
            self._job,
            self._position,
            position=chunk.position,
            line=chunk.line,
            byte=chunk.byte,
            counts={**self._job.counts, self._name: dict(counts)},
            lease_until=self._clock() + LEASE,
        )

    def finish(self) -> None:
        """Every row was taken."""
        now = self._clock()
        state = ImportState.DONE if self._writes else ImportState.CHECKED
        counts = {**self._job.counts, self._name: dict(self._counts)}
        with session_scope() as session:
            _change(
                session, self._job, self._position, state=state, counts=counts,
                total=self._position, lease_until=None, finished_at=now if self._writes else None,
            )  # fmt: skip
            if self._writes:
                _audit(session, self._job, "import.done", dict(self._counts), now)
                announce_end(session, session.get_one(Import, self._job.id), "done", now)
        if self._writes:
            remove_files(self._job)
        else:
            forget(seen_of(self._job))


def _undo(job: Import, clock: Clock, over: Callable[[], bool]) -> bool:
    counts: Counter[str] = Counter(job.counts.get("undone", {}))
    after = job.byte
    while True:
        with session_scope() as session:
            taken = undo_some(session, job, after, clock())
            counts += taken.counts
            values = {"counts": {**job.counts, "undone": dict(counts)}}
            if taken.last is None:
                _change(
                    session, job, job.position, state=ImportState.UNDONE, lease_until=None, **values
                )
                _audit(session, job, "import.undone", dict(counts), clock())
                return True
            _change(
                session, job, job.position, byte=taken.last, lease_until=clock() + LEASE, **values
            )
        after = taken.last
        if over():
            return False


def _change(session: Session, job: Import, row: int, /, **values: object) -> None:
    """Change the import's row, if it stands where it is thought to; else raise :class:`Lost`."""
    done = session.execute(
        update(Import)
        .where(Import.id == job.id, Import.state == job.state, Import.position == row)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(done, CursorResult)
    if not done.rowcount:
        raise Lost(f"import {job.id} is not at row {row} any more")


def _let_go(job: Import) -> None:
    with session_scope() as session:
        session.execute(
            update(Import)
            .where(Import.id == job.id, Import.state == job.state)
            .values(lease_until=None)
            .execution_options(synchronize_session=False)
        )


def _give_up(job: Import, reason: str, now: datetime) -> None:
    with session_scope() as session:
        known = session.get_one(Import, job.id, with_for_update=True)
        if known.state is not job.state:
            return
        known.state, known.reason, known.lease_until = ImportState.FAILED, reason, None
        if known.started_at is not None:
            announce_end(session, known, "failed", now)


def _audit(
    session: Session, job: Import, action: str, detail: dict[str, int], now: datetime
) -> None:
    session.add(
        Audit(user_id=job.user_id, action=action, subject=f"import {job.id}", detail=detail, at=now)
    )

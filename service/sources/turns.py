"""One request at a time to a host, and to a service that several sources share, with pauses.

arXiv asks for one connection and at most one request in three seconds, over all that somebody runs
(info.arxiv.org/help/api/tou.html). So the queue is a row that a worker claims by one UPDATE before
it asks: that holds across machines, and while Redis is away.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast
from urllib.parse import urlsplit

from sqlalchemy import Table, select, update

from service.db import insert_ignoring, read_scope, session_scope
from service.models import FetchQueue
from service.sources.backoff import LONGEST
from service.sources.fetch import Ask, Fetched, Fetcher, FetchFailed

HELD = timedelta(seconds=60)
"""How long a request holds the queue at most: more than a fetch can take. A crash frees it then."""
FIRST_REST = timedelta(seconds=30)
LONGEST_REST = timedelta(hours=1)
"""After many refusals; what the server itself asks for may be longer."""
_BUSY = frozenset({429, 503})
_LOOK_AGAIN = 0.1


@dataclass(frozen=True)
class Queue:
    name: str
    pause: timedelta
    """From the end of a request to the beginning of the next."""
    patience: timedelta = timedelta(seconds=15)
    """How long a worker waits for its turn before it does something else."""
    rests: bool = True
    """A refusal is one to all that stand in it."""


QUEUES = {"arxiv": Queue("arxiv", timedelta(seconds=3))}


def queue_of(kind_queue: str, url: str) -> Queue | None:
    """The queue in which a source stands: its kind's, else its host's; None where there is none.

    A host's has no pause: it keeps us to one connection, and each source backs off for itself.
    """
    if kind_queue:
        return QUEUES[kind_queue]
    try:
        host = urlsplit(url).netloc.rpartition("@")[2].lower()
    except ValueError:
        return None
    return Queue(host[:63], timedelta(0), rests=False) if host else None


class NotOurTurn(Exception):
    """The queue is not free soon enough; ``free_at`` is when to come back. No failure at all."""

    def __init__(self, free_at: datetime) -> None:
        super().__init__(f"the queue is free at {free_at}")
        self.free_at = free_at


def in_turn(queue: Queue, fetcher: Fetcher) -> Fetcher:
    """*fetcher*, one request at a time for all workers; it raises :class:`NotOurTurn` as well."""

    def fetch_in_turn(ask: Ask) -> Fetched:
        with _turn(queue):
            return fetcher(ask)

    return fetch_in_turn


@contextmanager
def _turn(queue: Queue) -> Iterator[None]:
    held_until = _wait_for(queue)
    rest, refused = queue.pause, False
    try:
        yield
    except FetchFailed as error:
        refused = queue.rests and error.status in _BUSY
        rest = max(queue.pause, (refused and error.retry_after) or timedelta())
        raise
    finally:
        _give_back(queue, held_until, rest, refused=refused)


def _wait_for(queue: Queue) -> datetime:
    """Take the queue and say until when it is ours, or raise :class:`NotOurTurn`."""
    give_up = time.monotonic() + queue.patience.total_seconds()
    while True:
        held_until = _take(queue)
        if held_until is not None:
            return held_until
        with read_scope() as session:
            free_at = session.scalars(
                select(FetchQueue.free_at).where(FetchQueue.name == queue.name)
            ).one()
        wait = max((free_at - datetime.now(UTC)).total_seconds(), 0.01)
        # Whoever asks holds it for longer than they need: it may be free sooner than it says.
        known_rest = wait > HELD.total_seconds()
        if known_rest or time.monotonic() >= give_up:
            raise NotOurTurn(free_at)
        time.sleep(min(wait, _LOOK_AGAIN))


def _take(queue: Queue) -> datetime | None:
    now = datetime.now(UTC)
    with session_scope() as session:
        table = cast("Table", FetchQueue.__table__)
        insert_ignoring(session, table, [{"name": queue.name, "free_at": now, "refusals": 0}])
        taken = session.scalar(
            update(FetchQueue)
            .where(FetchQueue.name == queue.name, FetchQueue.free_at <= now)
            .values(free_at=now + HELD)
            .returning(FetchQueue.name)
        )
    return now + HELD if taken else None


def _give_back(queue: Queue, held_until: datetime, rest: timedelta, *, refused: bool) -> None:
    """Free the queue after *rest*. Refusals come in runs, so each in a row doubles the rest."""
    with session_scope() as session:
        row = session.get(FetchQueue, queue.name, with_for_update=True)
        if row is None or row.free_at != held_until:
            return  # we took too long, and it is another's by now
        row.refusals = row.refusals + 1 if refused else 0
        if refused:
            run = FIRST_REST * 2.0 ** min(row.refusals - 1, 10)
            rest = max(rest, min(run, LONGEST_REST))
        row.free_at = datetime.now(UTC) + min(rest, LONGEST)

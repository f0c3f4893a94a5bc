"""The whole way of an issue: planned, claimed, paced, sent and recorded by two worker processes.

Over PostgreSQL and Redis of our own, with the lightest SES there can be, beside the bare loop of
boto3's bulk call in the same run. ``READERS=…`` sets the sizes, such as ``10000,100000,1000000``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import psutil
from sqlalchemy import func, select, text

from benchmarks.bare import bare_loop
from benchmarks.stage import add_newsletter, add_readers, approved_issue, stage
from benchmarks.table import Row, show
from service.config import child_environment
from service.db import engine, read_scope, session_scope
from service.delivery.plan import plan_issue
from service.doorbell import Bell, publish
from service.models import BatchState, Delivery, DeliveryBatch, DeliveryState, Issue

SIZES = tuple(int(size) for size in os.environ.get("READERS", "10000,100000").split(","))
WARM = 5_000
"""Of an issue before: both processes have loaded, compiled and connected what they need."""
BARE = 20_000
PATIENCE = 1200.0
CELERY = """
import sys
sys.modules["rich"] = None  # of the development packages; structlog would load its 7 MB
sys.argv[0] = "celery"
from celery.__main__ import main
main()
"""


def run() -> None:
    with stage() as url, workers() as watched:
        newsletter = add_newsletter()
        have = WARM
        add_readers(newsletter, 1, have)
        issue, first = approved_issue(newsletter)
        send(issue, watched)
        bare, bare_cpu = bare_loop(url, first, BARE)
        print(f"\nThe bare loop of SendBulkEmail: {1e6 / bare:,.0f} messages a second")
        costs: list[float] = []
        for readers in SIZES:
            add_readers(newsletter, have + 1, readers)
            have = readers
            planning(newsletter, readers)
            costs.append(sending(newsletter, readers, bare, bare_cpu, watched))
        dearest = max(costs) / min(costs) - 1
        sizes = " to ".join(f"{size:,}" for size in (SIZES[0], SIZES[-1]))
        print(f"From {sizes} readers, CPU a message differs by {dearest:.0%} (target 15%)")


def planning(newsletter: int, readers: int) -> None:
    issue, _ = approved_issue(newsletter)
    start, memory = time.perf_counter(), psutil.Process().memory_info().rss
    with session_scope() as session:
        plan_issue(session, issue, datetime.now(UTC), batch_size=500)
    took, more = time.perf_counter() - start, psutil.Process().memory_info().rss - memory
    show(
        f"Plan {readers:,} deliveries ({more / 1e6:.0f} MB more memory in the worker)",
        [Row("plan", took / readers * 1e6, bare_insert() / readers * 1e6, "bare INSERT … SELECT")],
    )
    with engine().begin() as connection:  # so that the workers leave this one alone
        connection.execute(text("UPDATE issue SET state = 'stopped' WHERE id = :id"), {"id": issue})


def bare_insert() -> float:
    """Seconds for the same rows into the same indexes, with nothing asked about them."""
    with engine().begin() as connection:
        connection.execute(text("CREATE TABLE bare (LIKE delivery INCLUDING ALL)"))
        start = time.perf_counter()
        connection.execute(
            text(
                "INSERT INTO bare (id, issue_id, batch_id, subscriber_id, subscription_id, state,"
                " attempt, resends, changed_at)"
                " SELECT nextval('delivery_id_seq'), 1, 1 + row_number() OVER () / 500,"
                " subscriber_id, id, 'queued', 0, 0, now() FROM subscription"
            )
        )
        took = time.perf_counter() - start
        connection.execute(text("DROP TABLE bare"))
    return took


def send(issue: int, watched: Watched) -> tuple[float, float, float]:
    """Seconds to the first mark, to the last outcome, and of the workers' CPU."""
    watched.peak = 0
    before, start = watched.cpu(), time.perf_counter()
    publish(Bell.DISPATCH, issue)
    first = wait_until(lambda: moved(issue), start)
    took = wait_until(lambda: not open_batches(issue), start)
    return first, took, watched.cpu() - before


def sending(newsletter: int, readers: int, bare: float, bare_cpu: float, watched: Watched) -> float:
    """Microseconds of the workers' CPU a message."""
    issue, variant = approved_issue(newsletter)
    first, took, cpu = send(issue, watched)
    with read_scope() as session:
        states = dict(
            session.execute(
                select(Delivery.state, func.count())
                .where(Delivery.issue_id == issue)
                .group_by(Delivery.state)
            ).all()
        )
    if states != {DeliveryState.ACCEPTED: readers}:
        raise RuntimeError(f"not everything was sent: {states}")
    show(
        f"Send {readers:,} messages of {len(variant.html or ''):,} bytes of HTML, two processes "
        f"({readers / took:,.0f} a second; first mark after {first:.2f} s; "
        f"at most {watched.peak / 1e6:.0f} MB a process)",
        [
            Row("from the ring to the last outcome", took / readers * 1e6, bare, "bare loop"),
            Row("  CPU of the workers (target 120)", cpu / readers * 1e6, bare_cpu, "its CPU"),
        ],
    )
    return cpu / readers * 1e6


@dataclass
class Watched:
    """Worker processes: their CPU time, and the largest any of them has been."""

    root: psutil.Process
    peak: int = 0
    done: threading.Event = field(default_factory=threading.Event)

    def cpu(self) -> float:
        return sum(sum(process.cpu_times()[:2]) for process in self._all())

    def watch(self) -> None:
        while not self.done.wait(0.5):
            self.peak = max([self.peak, *(p.memory_info().rss for p in self._all())])

    def _all(self) -> list[psutil.Process]:
        return [self.root, *self.root.children(recursive=True)]


@contextmanager
def workers() -> Iterator[Watched]:
    process = subprocess.Popen(
        [
            sys.executable, "-c", CELERY, "--quiet", "-A", "workers.app", "worker",
            "-Q", "publish,send", "--concurrency", "2", "--without-gossip", "--without-mingle",
            "--without-heartbeat", "--loglevel", "ERROR",
        ],
        env=child_environment(),
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    watched = Watched(psutil.Process(process.pid))
    try:
        deadline = time.monotonic() + 60
        while len(watched.root.children()) < 2 and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(1)
        thread = threading.Thread(target=watched.watch)
        thread.start()
        yield watched
        watched.done.set()
        thread.join()
    finally:
        watched.done.set()
        process.terminate()
        process.wait()


def moved(issue: int) -> bool:
    with read_scope() as session:
        return bool(
            session.execute(
                select(Delivery.id)
                .where(Delivery.issue_id == issue, Delivery.state != DeliveryState.QUEUED)
                .limit(1)
            ).first()
        )


def open_batches(issue: int) -> bool:
    """Whether something of the issue is still to be planned or sent."""
    with read_scope() as session:
        if session.get_one(Issue, issue).planned_at is None:
            return True
        states = set(
            session.scalars(
                select(DeliveryBatch.state).where(DeliveryBatch.issue_id == issue).distinct()
            )
        )
    return states != {BatchState.DONE}


def wait_until(true: object, start: float) -> float:
    assert callable(true)
    while not true():
        if time.perf_counter() - start > PATIENCE:
            raise RuntimeError("it takes too long")
        time.sleep(0.02)
    return time.perf_counter() - start

"""``kill -9`` of the worker in the middle of a send, then nothing but waiting."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import psutil
import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from service.config import child_environment
from service.delivery.finish import counts
from service.issues.approve import approve, compose_manual
from service.models import DeliveryState, Issue, IssueState, Timing, UnknownPolicy
from service.sandbox import Sandbox
from tests.delivery.rows import a_newsletter, add_readers
from tests.servers.leash import Leash
from tests.servers.ports import free_port

READERS = 1500
PATIENCE = 90.0


@contextmanager
def running_service(folder: Path) -> Iterator[psutil.Process]:
    """``broadsheet up`` on what the environment says; its log is shown when the test fails."""
    port = free_port()
    log = folder / "up.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "service.cli", "up"],
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=child_environment(
                BROADSHEET_BIND=f"127.0.0.1:{port}",
                BROADSHEET_TICK_SECONDS="1",
                BROADSHEET_LEASE_SECONDS="4",
                BROADSHEET_SES_TIMEOUT="1.5",
                BROADSHEET_GRACE_MINUTES="0.1",
                BROADSHEET_WORKER_PROCESSES="2",
            ),
        )
    leash = Leash()
    leash.hold(process.pid)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
        leash.let_go()
        print(log.read_text(errors="replace")[-20_000:])


def wait_for(look: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not look():
        assert time.monotonic() < deadline, f"waited {PATIENCE:.0f} s for {what}"
        time.sleep(0.05)


def wait_for_more(sandbox: Sandbox, messages: int) -> None:
    reached = sum(ledger(sandbox).values()) + messages
    wait_for(lambda: sum(ledger(sandbox).values()) >= reached, f"{reached} messages")


def worker_group(supervisor: psutil.Process) -> list[psutil.Process]:
    """Celery's main process and its pool, as they are now."""
    for child in supervisor.children():
        if "worker" in child.cmdline() and "celery" in child.cmdline():
            return [child, *child.children(recursive=True)]
    return []


def ledger(sandbox: Sandbox) -> Counter[str]:
    found = httpx2.get(f"{sandbox.url}/control/ledger").json()
    return Counter(found["recipients"])


@pytest.mark.timeout(240)
def test_it_still_sends_exactly_one_message_to_everyone(
    database: Engine,
    redis: object,
    sandbox: Sandbox,
    tmp_path: Path,
) -> None:
    chance = random.Random(1)
    at = datetime.now(UTC)
    # Each call takes a while, so that a kill finds some of them in flight.
    httpx2.post(f"{sandbox.url}/control/faults", json={"send_delay_ms": 100})
    with Session(database, expire_on_commit=False) as session, session.begin():
        newsletter = a_newsletter(session, at, unknown_policy=UnknownPolicy.RETRY)
        readers = add_readers(session, newsletter, READERS, at)
        issue = compose_manual(session, newsletter, "A note", "Good *morning*.", at)
        approve(session, issue, at, scheduled_at=at, timing=Timing.NOW)

    with running_service(tmp_path) as supervisor:
        for _ in range(2):
            wait_for_more(sandbox, chance.randrange(100, 400))
            for process in worker_group(supervisor):
                os.kill(process.pid, signal.SIGKILL)
            tally_of(database, issue.id)

        def finished() -> bool:
            tally_of(database, issue.id)
            with Session(database) as session:
                return session.get_one(Issue, issue.id).state is IssueState.SENT

        wait_for(finished, "the issue to be sent")

    got = ledger(sandbox)
    assert not (set(readers) - set(got)), "lost"
    assert not {address: count for address, count in got.items() if count != 1}, "sent twice"
    assert set(got) == set(readers)


def tally_of(database: Engine, issue_id: int) -> dict[DeliveryState, int]:
    """The counts at this moment; once planned they add up to the audience, whatever was killed."""
    with Session(database) as session:
        issue = session.get_one(Issue, issue_id)
        tally = counts(session, issue_id)
        if issue.audience_count is not None:
            assert sum(tally.values()) == issue.audience_count == READERS
        return tally

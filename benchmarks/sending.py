"""Sending an issue: our batches over SQLite, beside a bare loop of boto3's bulk call.

Both speak to the sandbox's SES in a process of its own, with the same mail of the same size.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
from sqlalchemy import select

from benchmarks.bare import BULK, bare_loop
from benchmarks.stage import BODY, LINES, add_newsletter
from benchmarks.table import Row, show
from service import migrations
from service.audience.addresses import parse_address
from service.audience.joining import Reader, add_all_confirmed
from service.config import apply_environment, settings
from service.db import close_engine, engine, session_scope
from service.delivery.claim import claim_batch
from service.delivery.pace import Turn
from service.delivery.plan import plan_issue
from service.delivery.send import Sender
from service.delivery.transports.choose import make_transport
from service.issues.approve import approve, compose_manual
from service.models import Delivery, Newsletter, Timing, Variant
from service.rendering.variants import render_missing_variants

READERS = 10_000


class AllOfIt:
    """No pace: what is measured is how fast we could go."""

    def take(self, count: int, rate: float) -> Turn:
        return Turn(granted=True, wait=0.0)

    def take_first(self, rate: float) -> Turn:
        return Turn(granted=True, wait=0.0)


def run() -> None:
    with tempfile.TemporaryDirectory() as folder, sandbox(Path(folder)) as url:
        apply_environment(
            BROADSHEET_DATA_DIR=folder,
            BROADSHEET_DATABASE_URL="",
            BROADSHEET_REDIS_URL="",
            AWS_ENDPOINT_URL_SESV2=url,
            AWS_ACCESS_KEY_ID="sandbox",
            AWS_SECRET_ACCESS_KEY="sandbox",  # noqa: S106 (the sandbox takes any)
            AWS_REGION="us-east-1",
        )
        variant = _plan()
        bare, bare_cpu = bare_loop(url, variant, READERS)
        ours, cpu = _our_batches()
        close_engine()
    size = len((variant.html or "").encode())
    show(
        f"{READERS:,} messages of {size:,} bytes of HTML, one process, SQLite",
        [
            Row("claimed, marked, sent, recorded", ours, bare, "bare SendBulkEmail loop"),
            Row("  of which CPU of the worker", cpu, bare_cpu, "its CPU"),
        ],
    )


@contextmanager
def sandbox(folder: Path) -> Iterator[str]:
    ready = folder / "sandbox.url"
    process = subprocess.Popen(
        [sys.executable, "-m", "service.sandbox", "--ready-file", str(ready)],
        stdout=subprocess.DEVNULL,
    )
    try:
        while not ready.exists():
            if process.poll() is not None:
                raise RuntimeError("the sandbox did not start")
            time.sleep(0.05)
        url = ready.read_text().strip()
        httpx2.post(f"{url}/control/faults", json={"max_send_rate": 1e9, "max_24h": -1})
        httpx2.post(f"{url}/control/faults", json={"events": {"enabled": False}})
        yield url
    finally:
        process.terminate()
        process.wait()


def _plan() -> Variant:
    now = datetime.now(UTC)
    migrations.upgrade(engine())
    newsletter_id = add_newsletter()
    with session_scope() as session:
        newsletter = session.get_one(Newsletter, newsletter_id)
        for start in range(0, READERS, BULK * 10):
            readers = [
                Reader(parse_address(f"reader{number}@example.org"))
                for number in range(start, start + BULK * 10)
            ]
            add_all_confirmed(session, newsletter, readers, now)
        issue = compose_manual(session, newsletter, "A note", BODY * LINES, now)
        approve(session, issue, now, scheduled_at=now, timing=Timing.NOW)
        render_missing_variants(session, issue, now)
        issue_id = issue.id
    with session_scope() as session:
        plan_issue(session, issue_id, now, batch_size=500)
        return session.query(Variant).one()


def _our_batches() -> tuple[float, float]:
    """Everything between planned rows and recorded outcomes; µs of clock and of CPU a message."""
    transport = make_transport(settings())
    sender = Sender(transport=transport, pace=AllOfIt(), settings=settings(), rate=lambda: 1e9)
    start, cpu = time.perf_counter(), sum(os.times()[:2])
    tally: Counter[str] = Counter()
    while True:
        with session_scope() as session:
            claim = claim_batch(session, datetime.now(UTC), timedelta(seconds=120))
        if claim is None:
            break
        tally += sender.send_batch(claim)
    took, used = time.perf_counter() - start, sum(os.times()[:2]) - cpu
    transport.close()
    if tally["accepted"] != READERS:
        with session_scope() as session:
            reasons = set(session.scalars(select(Delivery.reason)))
        raise RuntimeError(f"not everything was sent: {dict(tally)}, {reasons}")
    return took / READERS * 1e6, used / READERS * 1e6

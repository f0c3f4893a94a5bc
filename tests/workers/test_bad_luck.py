"""The doorways on a bad day: SES silent, an editor who changes their mind, rings without number."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from redis import Redis
from sqlalchemy import Engine, select
from sqlalchemy.event import listen
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from time_machine import travel

from service import config
from service.audience.choices import Wanted
from service.db import session_scope
from service.delivery.claim import claim_batch
from service.delivery.plan import plan_issue
from service.delivery.transports import AccountUnavailable
from service.doorbell import QUEUES, RING_LIVES, Bell, broker_settings
from service.doorbell import publish as ring_now
from service.issues.approve import approve, hold, reopen, resume
from service.issues.curate import write
from service.models import BatchState, DeliveryBatch, DeliveryState, Issue, IssueState, Variant
from service.rendering.variants import render_missing_variants
from service.sandbox import Sandbox
from tests.delivery.rows import a_newsletter, add_readers, an_approved_issue, states
from tests.servers.redis import RedisServer
from workers import app, publish, send, tend

QUEUED, UNKNOWN = DeliveryState.QUEUED, DeliveryState.UNKNOWN


@pytest.fixture
def worker(database: Engine, redis: Redis, sandbox: Sandbox) -> Iterator[None]:
    """A worker process that has just been forked, without a broker's loop around it."""
    send.sender.cache_clear()
    yield
    if send.sender.cache_info().currsize:
        send.sender().transport.close()
    send.sender.cache_clear()


def an_issue_of(readers: int, batch_size: int) -> Issue:
    now = datetime.now(UTC)
    with session_scope() as session:
        owner = a_newsletter(session, now)
        add_readers(session, owner, readers, now)
        issue = an_approved_issue(session, owner, now)
    with session_scope() as session:
        plan_issue(session, issue.id, now, batch_size=batch_size)
    return issue


def waiting_rings(redis: Redis, bell: Bell) -> int:
    found = redis.llen(QUEUES[bell])
    assert isinstance(found, int)
    return found


def test_it_sends_one_chunk_into_silence_and_leaves_the_rest_to_the_tick(
    worker: None, redis: Redis, sandbox: Sandbox, database: Engine
) -> None:
    issue = an_issue_of(readers=30, batch_size=10)
    httpx2.post(
        f"{sandbox.url}/control/faults", json={"fail_next": [{"kind": "error500", "times": 9}]}
    ).raise_for_status()
    send.send_batch(issue.id)
    with Session(database) as session:
        assert states(session, issue.id) == [QUEUED] * 20 + [UNKNOWN] * 10
    assert waiting_rings(redis, Bell.BATCH) == 0


def test_it_sends_no_longer_than_it_may_when_the_clock_is_put_back(
    worker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROADSHEET_MAX_SEND_RATE", "30")
    monkeypatch.setattr(send, "SENDING_TIME", timedelta(seconds=3))
    config.settings.cache_clear()
    issue = an_issue_of(900, 500)  # half a minute at this rate
    with travel(datetime.now(UTC), tick=True) as clock, ThreadPoolExecutor(1) as task:
        began = time.monotonic()
        sending = task.submit(send.send_batch, issue.id)
        wait([sending], timeout=1)
        clock.shift(timedelta(hours=-1))
        sending.result(timeout=60)
        took = time.monotonic() - began
    assert took < 20, "a task that outlives its limit is killed in the middle of a call"


def test_it_does_not_run_through_all_batches_while_nothing_can_be_sent(
    worker: None, database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send, "SENDING_TIME", timedelta(seconds=3))
    issue = an_issue_of(60, 1)
    send.sender().rate = _no_rate
    transactions = Counter[str]()
    listen(database, "commit", lambda _: transactions.update(["commit"]))
    send.send_batch(issue.id)
    assert transactions["commit"] < 60, "each of an issue's 2,000 batches claimed and given back"


def _no_rate() -> float:
    raise AccountUnavailable("SES does not tell the account's limits")


def test_it_sends_what_was_approved_last(database: Engine) -> None:
    """Rendered, then taken back before it was planned, changed, and approved again."""
    now = datetime.now(UTC)
    with session_scope() as session:
        owner = a_newsletter(session, now)
        add_readers(session, owner, 1, now)
        issue = an_approved_issue(session, owner, now)
    with session_scope() as session:
        issue = session.get_one(Issue, issue.id)
        reopen(session, issue)
        write(session, issue, subject="Corrected", editorial="Good *evening*.")
        approve(session, issue, now)
    assert publish.render_and_plan(issue.id, now).deliveries == 1
    with Session(database) as session:
        sent = session.scalars(select(Variant)).one()
        assert sent.subject == "Corrected"
        assert "Good evening." in sent.text


def test_it_plans_nothing_that_was_taken_back_while_it_was_rendered(database: Engine) -> None:
    now = datetime.now(UTC)
    with session_scope() as session:
        owner = a_newsletter(session, now)
        add_readers(session, owner, 1, now)
        issue = an_approved_issue(session, owner, now)
        reopen(session, issue)
    assert publish.render_and_plan(issue.id, now).deliveries == 0
    with Session(database) as session:
        assert session.get_one(Issue, issue.id).state is IssueState.DRAFT


def test_it_lets_others_write_while_it_renders(
    database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite has one writer: hundreds of renderings in one transaction stop every sign-up."""
    now = datetime.now(UTC)
    monkeypatch.setattr(publish, "AT_ONCE", 2)
    rendered: list[int] = []
    with session_scope() as session:
        topics = {"slug": "papers", "kind": "papers", "heading": "Papers", "topics": list("abcde")}
        owner = a_newsletter(session, now, sections=[topics])
        issue = an_approved_issue(session, owner, now)
        for topic in ("a", "b", "c", "d", "e"):
            add_readers(session, owner, 1, now, name=topic, wanted=Wanted(topics=(topic,)))

    def watching(session: Session, issue: Issue, now: datetime, limit: int) -> int:
        rendered.append(render_missing_variants(session, issue, now, limit=limit))
        return rendered[-1]

    monkeypatch.setattr(publish, "render_missing_variants", watching)
    assert publish.render_and_plan(issue.id, now).deliveries == 5
    assert rendered == [2, 2, 1, 0]


def test_it_goes_on_at_once_when_an_issue_is_resumed(database: Engine, redis: Redis) -> None:
    issue = an_issue_of(readers=1, batch_size=10)
    with session_scope() as session:
        held = session.get_one(Issue, issue.id)
        hold(session, held, "Wait.")
        resume(session, held, datetime.now(UTC))
    publish.dispatch_issue(issue.id)
    assert waiting_rings(redis, Bell.BATCH) > 0


def test_it_rings_though_the_sweep_failed(
    database: Engine, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deadlock with a worker, or one row that cannot be moved, must not stop all sending."""
    an_issue_of(readers=1, batch_size=10)

    def deadlock(now: datetime) -> None:
        raise OperationalError("UPDATE", {}, Exception("deadlock detected"))

    monkeypatch.setattr(tend, "sweep", deadlock)
    with pytest.raises(OperationalError):
        tend.tick()
    assert waiting_rings(redis, Bell.BATCH) == 1


def test_it_lets_a_ring_grow_old_only_so_far(redis: Redis) -> None:
    """The tick rings again each minute; while workers are busy or gone, the old ones must go."""
    assert ring_now(Bell.COLLECT, 1)
    queued = redis.lindex(QUEUES[Bell.COLLECT], 0)
    assert isinstance(queued, bytes)
    expires = datetime.fromisoformat(json.loads(queued)["headers"]["expires"])
    left = expires - datetime.now(UTC)
    assert timedelta(seconds=RING_LIVES - 60) < left <= timedelta(seconds=RING_LIVES)


def test_it_waits_only_a_moment_for_a_redis_that_is_frozen(data_dir: Path) -> None:
    """It still takes connections, and a web request or a sender must not hang for it."""
    server = RedisServer()
    config.settings.cache_clear()
    with pytest.MonkeyPatch.context() as setting:
        setting.setenv("BROADSHEET_REDIS_URL", server.url)
        assert ring_now(Bell.COLLECT, 1)
        server.freeze()
        began = time.monotonic()
        assert not ring_now(Bell.COLLECT, 2)
        waited = time.monotonic() - began
    server.close()
    assert waited < 12


def test_it_leaves_an_issue_to_the_worker_who_is_planning_it(
    postgres_url: str, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long plan is rung for at every tick: the other processes must not all wait for it."""
    monkeypatch.setenv("BROADSHEET_DATABASE_URL", postgres_url)
    config.settings.cache_clear()
    now = datetime.now(UTC)
    with session_scope() as session:
        issue = an_approved_issue(session, a_newsletter(session, now), now)
    with ThreadPoolExecutor(1) as pool, session_scope() as planning:
        planning.get_one(Issue, issue.id, with_for_update=True)
        pool.submit(publish.dispatch_issue, issue.id).result(timeout=20)


def test_it_gives_a_long_plan_more_time_than_a_batch() -> None:
    """A million readers are one transaction: cut off each time, they would never be planned."""
    limits = publish.dispatch_issue.soft_time_limit, publish.dispatch_issue.time_limit
    assert limits == (publish.PLANNING_LIMIT, publish.PLANNING_LIMIT + 60)
    comes_again = broker_settings()["broker_transport_options"]["visibility_timeout"]
    assert 5 * app.SOFT_LIMIT < publish.PLANNING_LIMIT < comes_again - 60


def test_it_gives_leases_back_though_another_part_of_the_sweep_fails(
    database: Engine, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    an_issue_of(2, 500)
    with session_scope() as session:
        assert claim_batch(session, datetime.now(UTC), timedelta(seconds=-1))

    def fails(*_: object) -> None:
        raise ValueError("a row that nobody expected")

    monkeypatch.setattr(tend, "skip_late", fails)
    tend.tick()
    with Session(database) as session:
        assert session.scalars(select(DeliveryBatch.state)).one() is BatchState.READY

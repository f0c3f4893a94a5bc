"""Hurry a worker along, after the commit. Best effort: the minute's tick finds all that is due.

The database is the queue. A ring carries a name and one id, and a ring that is lost, doubled or
late changes nothing but time; so Redis may be down, and a web request never fails or hangs for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from functools import lru_cache
from threading import Timer
from typing import Any

import structlog
from celery import Celery
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError
from sqlalchemy import event
from sqlalchemy.orm import Session

from service.config import settings

log = structlog.get_logger(__name__)


class Bell(StrEnum):
    """What may be rung: the task's name. Its queue is :data:`QUEUES`' entry for it."""

    TICK = "workers.tend.tick"
    COLLECT = "workers.collect.collect_source"
    BUILD = "workers.publish.build_issue"
    DISPATCH = "workers.publish.dispatch_issue"
    BATCH = "workers.send.send_batch"
    NOTICE = "workers.send.send_notice"
    DRAFT = "workers.draft.draft_editorial"
    IMPORT = "workers.imports.run_import"
    WEBHOOK = "workers.webhooks.call_webhook"
    EXAMINE = "workers.examine.examine_installation"


QUEUES: dict[Bell, str] = {
    Bell.TICK: "tend",
    Bell.COLLECT: "collect",
    Bell.BUILD: "publish",
    Bell.DISPATCH: "publish",
    Bell.BATCH: "send",
    Bell.NOTICE: "notice",
    Bell.DRAFT: "draft",
    Bell.IMPORT: "import",
    Bell.WEBHOOK: "webhook",
    Bell.EXAMINE: "examine",
}
"""One queue a concern, so that a slow feed never keeps a confirmation waiting."""

RING_LIVES = 600
"""Seconds after which nobody answers a ring. The tick rings anew each minute for what is due, so
what busy workers have not taken by then is only in the way."""

Rings = list[tuple[Bell, int]]

PENDING = "doorbell"
PENDING_LATER = "doorbell later"


def ring(session: Session, bell: Bell, identity: int) -> None:
    """Once *session* has committed, tell a worker that row *identity* is ready for *bell*."""
    rings: Rings = session.info.setdefault(PENDING, [])
    if (bell, identity) not in rings:
        rings.append((bell, identity))


def ring_later(session: Session, bell: Bell, identity: int, seconds: float) -> None:
    """As :func:`ring`, so long after the commit, if this process still lives then."""
    session.info.setdefault(PENDING_LATER, []).append((bell, identity, seconds))


def publish(bell: Bell, *args: int) -> bool:
    """Send the ring now; False when Redis could not be reached (which is no error)."""
    try:
        producer().send_task(
            bell.value, args=args, queue=QUEUES[bell], retry=False, expires=RING_LIVES
        )
    except (OperationalError, RedisError, OSError) as error:
        log.warning("doorbell.unreachable", bell=bell.value, args=args, error=str(error))
        return False
    return True


@lru_cache(maxsize=1)
def producer() -> Celery:
    """A Celery app that only publishes; the workers' own is :mod:`workers.app`."""
    app = Celery("broadsheet-doorbell", broker=settings().broker, set_as_current=False)
    app.conf.update(broker_settings())
    # kombu would try for seconds to reach a Redis that is away, and a web request waits for it.
    app.conf.broker_transport_options = {
        **app.conf.broker_transport_options,
        "socket_timeout": 2,  # a Redis that is frozen takes the connection and says nothing
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0.1,
        "interval_max": 0.1,
    }
    return app


def broker_settings() -> dict[str, Any]:
    """How either side speaks to Redis: bounded waits, so that an outage is seen, not suffered."""
    return {
        "broker_pool_acquire_timeout": 5,  # celery#4296: publishing hung while Redis was down
        "broker_connection_timeout": 3,
        "broker_transport_options": {
            "visibility_timeout": 900,
            # kombu looks for unacknowledged messages about every 100 s unless told otherwise.
            "unacked_restore_interval": 30,
            "unacked_restore_throttle": 10,
            "socket_timeout": 30,
            "socket_connect_timeout": 3,
            "socket_keepalive": True,
            "health_check_interval": 25,
        },
        "task_ignore_result": True,
        "task_default_queue": "tend",
        "task_create_missing_queues": True,
    }


_held: ContextVar[Rings | None] = ContextVar("rings held back", default=None)


@contextmanager
def holding() -> Iterator[Rings]:
    """Within it nothing is published after a commit: whoever asked does it, when nobody waits."""
    rings: Rings = []
    token = _held.set(rings)
    try:
        yield rings
    finally:
        _held.reset(token)


def publish_all(rings: Rings) -> None:
    for bell, identity in rings:
        publish(bell, identity)


@event.listens_for(Session, "after_commit")
def _ring_pending(session: Session) -> None:
    pending, held = session.info.pop(PENDING, ()), _held.get()
    if held is None:
        publish_all(pending)
    else:
        held.extend(pending)
    for bell, identity, seconds in session.info.pop(PENDING_LATER, ()):
        later = Timer(seconds, publish, (bell, identity))
        later.daemon = True
        later.start()


@event.listens_for(Session, "after_rollback")
def _forget_pending(session: Session) -> None:
    session.info.pop(PENDING, None)
    session.info.pop(PENDING_LATER, None)

"""Celery and its settings. Each answers a pitfall; the numbers are the projects' own issues."""

from __future__ import annotations

import gc
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_init, worker_process_init

from service import doorbell
from service.config import settings
from service.db import forget_engine_after_fork
from service.log import set_up_logging
from workers.broker import keep_room
from workers.schedule import beat_schedule

SOFT_LIMIT, HARD_LIMIT = 90, 120
"""Seconds. A task stops by itself well before; see ``workers.send``."""

keep_room()
app = Celery(
    "broadsheet",
    broker=settings().broker,
    include=[
        "workers.collect",
        "workers.draft",
        "workers.examine",
        "workers.imports",
        "workers.publish",
        "workers.send",
        "workers.tend",
        "workers.webhooks",
    ],
)
app.conf.update(
    doorbell.broker_settings(),
    beat_schedule=beat_schedule(settings().tick_seconds),
    beat_max_loop_interval=min(5.0, settings().tick_seconds),
    beat_scheduler="celery.beat:Scheduler",  # keeps no file: there is nothing to be remembered
    broker_connection_retry_on_startup=True,
    task_acks_late=True,  # a ring that was being answered when the worker died comes again
    task_reject_on_worker_lost=False,  # celery#1628: it loops; the sweep recovers
    task_soft_time_limit=SOFT_LIMIT,
    task_time_limit=HARD_LIMIT,
    timezone="UTC",
    worker_cancel_long_running_tasks_on_connection_loss=False,
    worker_concurrency=settings().worker_processes,
    worker_enable_remote_control=False,
    worker_eta_task_limit=100,  # kombu#337: no countdowns here, and none let in
    worker_hijack_root_logger=False,
    worker_max_tasks_per_child=1000,  # celery#8521
    worker_prefetch_multiplier=1,  # celery#4537: a waiting ring belongs to whoever is free
    worker_send_task_events=False,
    worker_soft_shutdown_timeout=20,  # celery#3802: SIGTERM drains the batch in hand
    worker_state_db=None,
)


@setup_logging.connect
def _log(**_: Any) -> None:
    set_up_logging()


@worker_init.connect
def _set_apart(**_: Any) -> None:
    """What is loaded by now stays: the processes forked from here share it, and look through none
    of it for garbage."""
    gc.collect()
    gc.freeze()


@worker_process_init.connect
def _after_fork(**_: Any) -> None:
    """Nothing that was opened in the parent may be used here (celery#1564, botocore#1246)."""
    forget_engine_after_fork()
    doorbell.producer.cache_clear()

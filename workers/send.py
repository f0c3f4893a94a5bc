"""Doorways to delivery: batches of issues, and service mail."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from threading import Event

import structlog
from celery.signals import worker_process_init, worker_process_shutdown
from redis import Redis

from service.config import settings
from service.db import session_scope
from service.delivery.account import AccountRate
from service.delivery.claim import claim_batch, due_issues_with_batches
from service.delivery.finish import finish_issues, halt_issue
from service.delivery.notices import send_notice as send_one_notice
from service.delivery.pace import PaceUnavailable, RedisPace
from service.delivery.send import Sender
from service.delivery.transports import AccountRefused, AccountUnavailable, Verdict
from service.delivery.transports.choose import make_transport
from service.doorbell import Bell, publish
from workers.app import app
from workers.notices import mail_of_notice

log = structlog.get_logger(__name__)

SENDING_TIME = timedelta(seconds=15)
"""A task takes no more chunks after this and rings for the rest, so that a stop is never far."""


@lru_cache(maxsize=1)
def sender() -> Sender:
    """This process's transport and pace, made at the first use (after the fork)."""
    chosen = settings()
    transport = make_transport(chosen)
    client = Redis.from_url(chosen.redis, socket_timeout=5, socket_connect_timeout=3)
    rate = AccountRate(transport, client, share=chosen.rate_share, limit=chosen.max_send_rate)
    return Sender(
        transport=transport,
        pace=RedisPace(client),
        settings=chosen,
        rate=rate,
        slow_down=rate.slow_down,
    )


@app.task(name=Bell.BATCH.value)
def send_batch(issue_id: int) -> None:
    """Send due batches of any issue for a while; *issue_id* is only what was rung for."""
    try:
        carrier = sender()  # before a batch is claimed: settings that are wrong hold none up
    except AccountRefused as error:
        _hold_what_is_due(str(error))
        return
    line = Line(SENDING_TIME)
    with ThreadPoolExecutor(settings().chunks_in_flight) as lanes:
        sent = [lanes.submit(_send_batches, carrier, line)]
        line.tried.wait()
        if line.answers.is_set():
            more = range(settings().chunks_in_flight - 1)
            sent += [lanes.submit(_send_batches, carrier, line) for _ in more]
    for lane in sent:
        lane.result()
    if line.silent.is_set():
        return  # each chunk may be lost: the tick tries with one again
    with session_scope() as session:
        now = datetime.now(UTC)
        finish_issues(session, now)
        waiting = due_issues_with_batches(session, now)
    for waiting_id in waiting:
        publish(Bell.BATCH, waiting_id)


class Line:
    """What the lanes of one task know of SES. One goes ahead: what is said into silence is lost."""

    def __init__(self, time_to_send: timedelta) -> None:
        self.answers, self.silent, self.tried = Event(), Event(), Event()
        # Not by the wall's clock: put back by an hour, it would let the task run into its limit.
        self._until = time.monotonic() + time_to_send.total_seconds()

    def over(self) -> bool:
        """Whether no lane is to begin another chunk."""
        return self.silent.is_set() or time.monotonic() >= self._until

    def answered(self) -> None:
        self.answers.set()
        self.tried.set()


def _send_batches(carrier: Sender, line: Line) -> None:
    """One lane: batch after batch, one chunk in flight, until nothing is due or SES is silent."""
    try:
        _send_what_is_due(carrier, line)
    finally:
        line.tried.set()


def _send_what_is_due(carrier: Sender, line: Line) -> None:
    lease = timedelta(seconds=settings().lease_seconds)
    while not line.over():
        with session_scope() as session:
            claim = claim_batch(session, datetime.now(UTC), lease)
        if claim is None:
            return
        tally = carrier.send_batch(claim, stop=line.over, answered=line.answered)
        if tally:
            log.info("batch.sent", issue=claim.issue_id, batch=claim.batch_id, **tally)
        if tally[Verdict.UNKNOWN.value]:
            line.silent.set()


def _hold_what_is_due(reason: str) -> None:
    """Show with every issue that should be going out why none of it can."""
    log.error("send.refused", reason=reason)
    with session_scope() as session:
        for issue_id in due_issues_with_batches(session, datetime.now(UTC)):
            halt_issue(session, issue_id, reason)


@app.task(name=Bell.NOTICE.value)
def send_notice(notice_id: int) -> None:
    """Send one piece of service mail; when it cannot be sent now, the tick rings again."""
    try:
        outcome = send_one_notice(sender(), notice_id, mail_of_notice)
    except (PaceUnavailable, AccountRefused, AccountUnavailable) as error:
        log.warning("notice.no_pace", notice=notice_id, error=str(error))
        return
    if outcome is not None:
        log.info("notice.sent", notice=notice_id, verdict=outcome.verdict.value)


@worker_process_init.connect
def _after_fork(**_: object) -> None:
    sender.cache_clear()


@worker_process_shutdown.connect
def _before_exit(**_: object) -> None:
    if sender.cache_info().currsize:
        sender().transport.close()

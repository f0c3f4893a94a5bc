"""``kill -9`` between the call and its record: told at least once, by an id that stays."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from sqlalchemy import select

from service.config import child_environment
from service.db import session_scope
from service.models import Webhook, WebhookCall, WebhookCallState
from service.web.asking import now as wall_clock
from service.webhooks.announce import Happening, announce
from tests.webhooks.receiver import Receiver
from workers.webhooks import call_webhook

PATIENCE = 60.0

WORKER = "from workers.webhooks import call_webhook; call_webhook({})"


def only_call() -> WebhookCall:
    with session_scope() as session:
        return session.scalars(select(WebhookCall)).one()


@pytest.mark.timeout(180)
def test_it_makes_the_call_again_with_the_same_id(webhook: Webhook, receiver: Receiver) -> None:
    with session_scope() as session:
        announce(session, Happening.ISSUE_SENT, {"issue_id": 7}, wall_clock())
    receiver.held.clear()  # the receiver has it, and its answer is not there yet
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER.format(webhook.id)], env=child_environment()
    )
    try:
        deadline = time.monotonic() + PATIENCE
        while not receiver.calls:
            assert worker.poll() is None, "the worker ended by itself"
            assert time.monotonic() < deadline, "the worker made no call"
            time.sleep(0.02)
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait(PATIENCE)
    receiver.held.set()

    left = only_call()
    assert left.state is WebhookCallState.WAITING
    assert left.lease_until is not None
    call_webhook(webhook.id)
    assert len(receiver.calls) == 1, "called again while the dead worker's lease held"

    with session_scope() as session:
        over = wall_clock() - timedelta(seconds=1)
        session.scalars(select(WebhookCall)).one().lease_until = over
        session.get_one(Webhook, webhook.id).calling_until = over
    call_webhook(webhook.id)
    first, second = receiver.calls
    assert (first.identity, first.body) == (second.identity, second.body)
    assert only_call().state is WebhookCallState.DONE

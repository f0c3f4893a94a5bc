"""What happens is told: once it is committed, signed, again until it is taken."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from service import config
from service.db import session_scope
from service.models import (
    Notice,
    NoticeKind,
    Role,
    Webhook,
    WebhookCall,
    WebhookCallState,
)
from service.staff.users import add_user
from service.web.asking import now as wall_clock
from service.webhooks import deliver, endpoints
from service.webhooks.announce import Happening, announce
from service.webhooks.deliver import (
    LEASE,
    claim_call,
    due_webhooks,
    forget_old_calls,
    make_call,
    record,
)
from service.webhooks.deliver import (
    Answer as Came,
)
from service.webhooks.endpoints import add_webhook, replay, send_test, switch_on
from service.webhooks.patience import MOST_TRIES
from tests.delivery.rows import a_newsletter
from tests.webhooks.conftest import one_database
from tests.webhooks.receiver import Answer, Receiver
from workers.webhooks import call_webhook

SAID = {"issue_id": 7}


def tell(now: datetime, **data: object) -> None:
    with session_scope() as session:
        announce(session, Happening.ISSUE_SENT, data or SAID, now)


def calls() -> list[WebhookCall]:
    with session_scope() as session:
        return list(session.scalars(select(WebhookCall).order_by(WebhookCall.id)))


def hook(webhook: Webhook) -> Webhook:
    with session_scope() as session:
        return session.get_one(Webhook, webhook.id)


def try_call(webhook: Webhook, now: datetime) -> Came | None:
    """Claim, call and record as the worker does; None when nothing was due."""
    with session_scope() as session:
        claim = claim_call(session, webhook.id, now)
    if claim is None:
        return None
    came = make_call(claim, now)
    with session_scope() as session:
        record(session, claim, came, now, 0.0)
    return came


def test_it_tells_what_happened(webhook: Webhook, receiver: Receiver, now: datetime) -> None:
    tell(now)
    assert try_call(webhook, now) == Came(200, "ok")
    (call,) = receiver.calls
    assert call.said == {
        "type": "issue.sent",
        "timestamp": "2026-11-20T07:00:00+00:00",
        "data": SAID,
    }
    assert call.headers["content-type"] == "application/json"
    (row,) = calls()
    assert (row.state, row.status, row.attempt) == (WebhookCallState.DONE, 200, 1)
    assert try_call(webhook, now) is None


@one_database
def test_it_signs_what_it_tells(webhook: Webhook, receiver: Receiver, now: datetime) -> None:
    tell(now, subject="Grüße — «ok»")
    try_call(webhook, now)
    (call,) = receiver.calls
    signed = f"{call.identity}.{call.headers['webhook-timestamp']}.".encode() + call.body
    key = base64.b64decode(webhook.secret.removeprefix("whsec_"))
    mac = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert call.headers["webhook-signature"] == f"v1,{mac}"
    assert int(call.headers["webhook-timestamp"]) == int(now.timestamp())


def test_it_tells_nothing_that_was_rolled_back(
    database: Engine, webhook: Webhook, now: datetime
) -> None:
    with Session(database) as session:
        announce(session, Happening.ISSUE_SENT, SAID, now)
        session.rollback()
    assert calls() == []


@one_database
def test_it_tells_only_what_is_wanted(
    database: Engine, private: None, receiver: Receiver, now: datetime
) -> None:
    with session_scope() as session:
        add_webhook(session, receiver.url, ["issue.held"], now)
        off = add_webhook(session, receiver.url, ["issue.sent"], now)
        endpoints.switch_off(off, "Not needed.")
        assert announce(session, Happening.ISSUE_SENT, SAID, now) == 0
        assert announce(session, Happening.ISSUE_HELD, SAID, now) == 1


@one_database
@pytest.mark.parametrize("status", [300, 302, 400, 404, 429, 500, 503])
def test_it_tries_again_what_was_not_taken(
    webhook: Webhook, receiver: Receiver, now: datetime, status: int
) -> None:
    tell(now)
    receiver.answer = Answer(status, b"no", {"Location": receiver.url} if status < 400 else {})
    try_call(webhook, now)
    (row,) = calls()
    assert (row.state, row.status) == (WebhookCallState.WAITING, status)
    assert len(receiver.calls) == 1, "a redirect was followed"
    assert row.due_at == now + timedelta(minutes=1)
    assert try_call(webhook, now + timedelta(seconds=59)) is None
    receiver.answer = Answer()
    assert try_call(webhook, now + timedelta(seconds=61)) == Came(200, "ok")
    first, second = receiver.calls
    assert first.identity == second.identity
    assert first.body == second.body
    assert calls()[0].state is WebhookCallState.DONE


@one_database
def test_it_waits_as_long_as_it_is_asked_to(
    webhook: Webhook, receiver: Receiver, now: datetime
) -> None:
    tell(now)
    receiver.answer = Answer(429, b"", {"Retry-After": "600"})
    try_call(webhook, now)
    assert calls()[0].due_at == now + timedelta(minutes=10)


@one_database
def test_it_gives_a_call_up_in_the_end(webhook: Webhook, receiver: Receiver, now: datetime) -> None:
    tell(now)
    receiver.answer = Answer(500)
    tries = 0
    while try_call(webhook, now) is not None:
        tries += 1
        now += timedelta(hours=13)
        if hook(webhook).reason is not None:  # three days of failures came first
            with session_scope() as session:
                switch_on(session, session.get_one(Webhook, webhook.id), now)
    assert tries == MOST_TRIES
    assert calls()[0].state is WebhookCallState.FAILED


@one_database
def test_it_says_why_nobody_could_be_reached(
    webhook: Webhook, receiver: Receiver, now: datetime
) -> None:
    tell(now)
    receiver.close()
    came = try_call(webhook, now)
    assert came is not None
    assert came.status is None
    assert "failed" in came.text
    assert calls()[0].answer == came.text


@one_database
def test_it_refuses_private_addresses(
    webhook: Webhook, receiver: Receiver, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(now)
    monkeypatch.setenv("BROADSHEET_ALLOW_PRIVATE_WEBHOOKS", "false")
    config.settings.cache_clear()
    came = try_call(webhook, now)
    assert came is not None
    assert "not on the public internet" in came.text
    assert receiver.calls == []


@one_database
def test_it_does_not_wait_for_an_answer_without_end(
    webhook: Webhook, receiver: Receiver, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "SECONDS", 0.3)
    receiver.held.clear()
    tell(now)
    came = try_call(webhook, now)
    assert came == Came(None, "No answer within 0.3 seconds.")


@one_database
def test_it_keeps_little_of_a_long_answer(
    webhook: Webhook, receiver: Receiver, now: datetime
) -> None:
    tell(now)
    receiver.answer = Answer(500, b"\x00\r\n" + b"x" * 100_000)
    try_call(webhook, now)
    assert calls()[0].answer == "x" * 500


def test_it_lets_one_worker_make_a_call(webhook: Webhook, now: datetime) -> None:
    tell(now)
    tell(now)
    with session_scope() as session:
        first = claim_call(session, webhook.id, now)
    with session_scope() as session:
        assert claim_call(session, webhook.id, now) is None, "one slow receiver holds two workers"
        assert due_webhooks(session, now) == []
        assert first is not None
        record(session, first, Came(200), now, 0.0)
    with session_scope() as session:
        assert claim_call(session, webhook.id, now) is not None


def test_it_calls_again_when_a_worker_died(webhook: Webhook, now: datetime) -> None:
    tell(now)
    with session_scope() as session:
        first = claim_call(session, webhook.id, now)
    later = now + LEASE + timedelta(seconds=1)
    with session_scope() as session:
        assert due_webhooks(session, later) == [webhook.id]
        second = claim_call(session, webhook.id, later)
        assert first is not None
        assert second is not None
        assert (second.identity, second.attempt) == (first.identity, 2)
        record(session, first, Came(200), later, 0.0)  # it was only slow
    assert calls()[0].state is WebhookCallState.WAITING


@pytest.fixture
def owner(database: Engine, now: datetime) -> str:
    with session_scope() as session:
        a_newsletter(session, now)
        return add_user(session, "owner@example.org", "correct horse", Role.OWNER, now).email


@pytest.mark.parametrize(("status", "days"), [(410, 0), (500, 3)])
def test_it_switches_a_dead_endpoint_off_and_tells_the_owners(
    webhook: Webhook, receiver: Receiver, owner: str, status: int, days: int
) -> None:
    tell(wall_clock())
    with session_scope() as session:
        failing_since = wall_clock() - timedelta(days=days, minutes=1)
        session.get_one(Webhook, webhook.id).failing_since = failing_since
    receiver.answer = Answer(status, b"enough")
    call_webhook(webhook.id)
    now_is = hook(webhook)
    assert not now_is.active
    assert now_is.reason
    assert "enough" in now_is.reason
    with session_scope() as session:
        notice = session.scalars(select(Notice)).one()
    assert (notice.kind, notice.address) == (NoticeKind.ALERT, owner)
    assert receiver.url in notice.payload["text"]
    assert len(receiver.calls) == 1


def test_it_forgives_failures_that_a_good_call_followed(
    webhook: Webhook, receiver: Receiver, now: datetime
) -> None:
    tell(now)
    receiver.answer = Answer(500)
    try_call(webhook, now)
    receiver.answer = Answer()
    try_call(webhook, now + timedelta(hours=1))
    receiver.answer = Answer(500)
    later = now + timedelta(days=5)
    tell(later)
    try_call(webhook, later)
    assert hook(webhook).active


@pytest.mark.parametrize("days", [2, 10])
def test_it_counts_days_of_failing_and_not_the_age_of_a_call(
    webhook: Webhook, receiver: Receiver, now: datetime, days: int
) -> None:
    tell(now)
    receiver.answer = Answer(500)
    try_call(webhook, now)
    first = hook(webhook).failing_since
    later, (call,) = now + timedelta(days=days), calls()
    with session_scope() as session:
        if days > 3:
            switch_on(session, session.get_one(Webhook, webhook.id), later)
        replay(session, webhook, call.id, later)
    try_call(webhook, later)
    assert hook(webhook).active
    assert hook(webhook).failing_since == (first if days < 3 else later)


def test_it_makes_what_waited_once_it_is_switched_on(
    webhook: Webhook, receiver: Receiver, now: datetime
) -> None:
    tell(now)
    receiver.answer = Answer(410)
    try_call(webhook, now)
    assert try_call(webhook, now + timedelta(days=1)) is None
    receiver.answer = Answer()
    with session_scope() as session:
        switch_on(session, session.get_one(Webhook, webhook.id), now + timedelta(days=1))
    assert try_call(webhook, now + timedelta(days=1)) == Came(200, "ok")


def test_it_asks_a_server_that_does_not_answer_once_a_minute(
    webhook: Webhook, receiver: Receiver
) -> None:
    for _ in range(3):
        tell(wall_clock())
    receiver.close()
    call_webhook(webhook.id)
    assert sorted(row.attempt for row in calls()) == [0, 0, 1]


def test_it_goes_on_with_others_after_one_that_was_refused(
    webhook: Webhook, receiver: Receiver
) -> None:
    for _ in range(3):
        tell(wall_clock())
    receiver.answer = Answer(422)
    call_webhook(webhook.id)
    assert [row.attempt for row in calls()] == [1, 1, 1]


def test_it_replays_a_call_with_the_same_id(
    webhook: Webhook, receiver: Receiver, now: datetime
) -> None:
    tell(now)
    try_call(webhook, now)
    with session_scope() as session:
        assert replay(session, webhook, calls()[0].id, now)
        assert not replay(session, webhook, 999, now)
    try_call(webhook, now)
    first, second = receiver.calls
    assert (first.identity, first.body) == (second.identity, second.body)


def test_it_sends_a_test(webhook: Webhook, receiver: Receiver) -> None:
    with session_scope() as session:
        send_test(session, webhook, wall_clock())
    call_webhook(webhook.id)
    assert receiver.calls[0].said["type"] == "test"


def test_it_forgets_calls_of_a_month_ago(
    webhook: Webhook, receiver: Receiver, now: datetime
) -> None:
    tell(now)
    tell(now)
    try_call(webhook, now)
    with session_scope() as session:
        assert forget_old_calls(session, now + timedelta(days=29)) == 0
        assert forget_old_calls(session, now + timedelta(days=31)) == 1
        left = session.execute(select(func.count()).select_from(WebhookCall)).scalar_one()
    assert left == 1, "what waits is kept"


def test_it_calls_nothing_new_by_the_number_of_what_was_forgotten(
    webhook: Webhook, receiver: Receiver, now: datetime
) -> None:
    for _ in range(2):
        tell(now)
        try_call(webhook, now)
        with session_scope() as session:
            forget_old_calls(session, now + timedelta(days=31))
    first, second = (call.headers["webhook-id"] for call in receiver.calls)
    assert first != second

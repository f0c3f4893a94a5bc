"""Calls to webhooks, at least once each: claimed with a lease, signed, made, written down.

A worker that dies between the call and its record leaves a lease that runs out; then the call is
made again, with the same id, by which its receiver knows it. Redirects are not followed, and
addresses that are not public are refused (OWASP, Server-Side Request Forgery Prevention).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpcore2
import httpx2
from sqlalchemy import ColumnElement, CursorResult, and_, delete, or_, select, update
from sqlalchemy.orm import Session

from service.config import settings
from service.models import Webhook, WebhookCall, WebhookCallState
from service.network import Deadline, GuardedTransport, RefusedAddress
from service.webhooks import signing
from service.webhooks.patience import wait_after, why_off

SECONDS = 10.0
"""For a whole call: the name, the connection, the answer."""

LEASE = timedelta(seconds=60)
MOST_SHOWN = 500
"""Characters of an answer that are kept."""

MOST_READ = 8 * 1024
KEPT_FOR = timedelta(days=30)
"""Calls that are over: payloads hold addresses."""


@dataclass(frozen=True)
class Claim:
    """A call that this process makes; ``attempt`` counts from 1."""

    call_id: int
    webhook_id: int
    url: str
    secret: str
    payload: dict[str, Any]
    attempt: int

    @property
    def identity(self) -> str:
        """``webhook-id``: the same each time that this call is made, unlike any other's."""
        return f"msg_{settings().site}_{self.call_id}"


@dataclass(frozen=True)
class Answer:
    """What came back. ``status`` None: nothing did, and ``text`` says why."""

    status: int | None
    text: str = ""
    retry_after: timedelta | None = None

    @property
    def taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def due_webhooks(session: Session, now: datetime) -> list[int]:
    """Ids of the webhooks for which a call is due."""
    query = (
        select(WebhookCall.webhook_id)
        .join(Webhook, Webhook.id == WebhookCall.webhook_id)
        .where(_callable(now), _due(now))
        .distinct()
    )
    return sorted(session.scalars(query))


def claim_call(session: Session, webhook_id: int, now: datetime) -> Claim | None:
    """Take the oldest call that is due for a webhook; None when there is none left.

    None too while another worker is at a call of it, who goes on with the next: workers send
    issues besides, and a server that is slow to answer would hold all of them.
    """
    found = session.execute(
        select(WebhookCall, Webhook)
        .join(Webhook, Webhook.id == WebhookCall.webhook_id)
        .where(WebhookCall.webhook_id == webhook_id, _callable(now), _due(now))
        .order_by(WebhookCall.due_at, WebhookCall.id)
        .limit(1)
        .with_for_update(of=(WebhookCall, Webhook), skip_locked=True)
    ).one_or_none()
    if found is None:
        return None
    call, webhook = found
    call.attempt += 1
    call.lease_until = webhook.calling_until = now + LEASE
    call.changed_at = now
    return Claim(call.id, webhook.id, webhook.url, webhook.secret, call.payload, call.attempt)


def make_call(claim: Claim, now: datetime) -> Answer:
    """Post one claimed call and say what came back; raises nothing for what a server does."""
    body = json.dumps(claim.payload, ensure_ascii=False, separators=(",", ":")).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"Broadsheet/0.1 (+{settings().base_url})",
        **signing.headers(claim.secret, claim.identity, now, body),
    }
    private = settings().allow_private_webhooks
    transport = GuardedTransport(Deadline(SECONDS), allow_private=private)
    try:
        with httpx2.Client(transport=transport, trust_env=False, timeout=None) as client:
            request = client.build_request("POST", claim.url, content=body, headers=headers)
            response = client.send(request, stream=True, follow_redirects=False)
            try:
                return _answer(response)
            finally:
                response.close()
    except RefusedAddress as error:
        return Answer(None, f"The address is not on the public internet ({error}).")
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol, httpcore2.UnsupportedProtocol) as error:
        return Answer(None, f"The address cannot be read: {error}")
    except (httpx2.TimeoutException, httpcore2.TimeoutException):
        return Answer(None, f"No answer within {SECONDS:g} seconds.")
    except (httpx2.HTTPError, httpcore2.NetworkError, httpcore2.ProtocolError) as error:
        return Answer(None, f"The connection failed: {error or 'no reason given'}")


def record(
    session: Session, claim: Claim, answer: Answer, now: datetime, chance: float
) -> Webhook | None:
    """Write down what came of a call; the webhook, when that switches it off.

    *chance* (0 to 1) spreads the next try a little.
    """
    wait = None if answer.taken else wait_after(claim.attempt, chance, answer.retry_after)
    state = WebhookCallState.WAITING if wait else WebhookCallState.FAILED
    written = session.execute(
        update(WebhookCall)
        .where(
            WebhookCall.id == claim.call_id,
            WebhookCall.attempt == claim.attempt,
            WebhookCall.state == WebhookCallState.WAITING,
        )
        .values(
            state=WebhookCallState.DONE if answer.taken else state,
            status=answer.status,
            answer=answer.text,
            due_at=now + (wait or timedelta(0)),
            lease_until=None,
            changed_at=now,
        )
    )
    assert isinstance(written, CursorResult)
    if not written.rowcount:
        return None
    webhook = session.get(Webhook, claim.webhook_id, with_for_update=True)
    if webhook is None:
        return None
    webhook.calling_until = None
    if answer.taken:
        webhook.failing_since = None
    if answer.taken or not webhook.active:
        return None
    webhook.failing_since = webhook.failing_since or now
    reason = why_off(answer.status, webhook.failing_since, now)
    if reason is None:
        return None
    webhook.active, webhook.reason = False, f"{reason} {answer.text}".strip()
    return webhook


def forget_old_calls(session: Session, now: datetime) -> int:
    """Delete calls that were over a month ago; how many."""
    done = session.execute(
        delete(WebhookCall).where(
            WebhookCall.state.in_([WebhookCallState.DONE, WebhookCallState.FAILED]),
            WebhookCall.due_at < now - KEPT_FOR,
        )
    )
    assert isinstance(done, CursorResult)
    return done.rowcount


def _callable(now: datetime) -> ColumnElement[bool]:
    free = or_(Webhook.calling_until.is_(None), Webhook.calling_until < now)
    return and_(Webhook.active, free)


def _due(now: datetime) -> ColumnElement[bool]:
    free = or_(WebhookCall.lease_until.is_(None), WebhookCall.lease_until < now)
    waits = WebhookCall.state == WebhookCallState.WAITING
    return and_(waits, WebhookCall.due_at <= now, free)


def _answer(response: httpx2.Response) -> Answer:
    if 300 <= response.status_code < 400:
        return Answer(
            response.status_code, "It redirects, which is not followed: give the final address."
        )
    read = b""
    for piece in response.iter_raw():
        read += piece
        if len(read) >= MOST_READ:
            break
    said = re.sub(r"[\x00-\x1f\x7f]+", " ", read.decode(errors="replace")).strip()
    asked = response.headers.get("retry-after", "")
    seconds = int(asked) if re.fullmatch("[0-9]{1,6}", asked) else None
    return Answer(
        response.status_code,
        said[:MOST_SHOWN],
        None if seconds is None else timedelta(seconds=seconds),
    )

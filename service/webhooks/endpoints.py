"""The webhooks of this installation: made, changed, switched on again, tried, replayed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from service.config import settings
from service.doorbell import Bell, ring
from service.models import Webhook, WebhookCall, WebhookCallState
from service.network import is_public
from service.webhooks.announce import TEST, Happening, put
from service.webhooks.signing import new_secret

LONGEST_URL = 2_000


class BadWebhook(ValueError):
    """What was asked for cannot be had; the text says what to give instead."""


def add_webhook(session: Session, url: str, events: Iterable[str], now: datetime) -> Webhook:
    """A new webhook with a secret of its own; raises :class:`BadWebhook`."""
    webhook = Webhook(
        url=checked_url(url),
        secret=new_secret(),
        events=checked_events(events),
        active=True,
        created_at=now,
    )
    session.add(webhook)
    session.flush()
    return webhook


def change_webhook(webhook: Webhook, url: str, events: Iterable[str]) -> None:
    """Another address or other events, with the same secret; raises :class:`BadWebhook`."""
    was, webhook.url, webhook.events = webhook.url, checked_url(url), checked_events(events)
    if webhook.url != was:
        webhook.failing_since = None


def renew_secret(webhook: Webhook) -> None:
    """For one that others may have seen: every call from now on is signed with a new one."""
    webhook.secret = new_secret()


def switch_off(webhook: Webhook, reason: str) -> None:
    """Make no calls from now on; what waits stays, and what happens meanwhile is not told."""
    webhook.active, webhook.reason = False, reason


def switch_on(session: Session, webhook: Webhook, now: datetime) -> None:
    """Make calls again, those that wait at once."""
    webhook.active, webhook.reason, webhook.failing_since = True, None, None
    session.execute(
        update(WebhookCall)
        .where(WebhookCall.webhook_id == webhook.id, WebhookCall.state == WebhookCallState.WAITING)
        .values(due_at=now)
        .execution_options(synchronize_session=False)
    )
    ring(session, Bell.WEBHOOK, webhook.id)


def send_test(session: Session, webhook: Webhook, now: datetime) -> None:
    """Queue a call that says nothing but that it is a test."""
    put(session, webhook.id, TEST, [{"said": "Hello from Broadsheet."}], now)


def replay(session: Session, webhook: Webhook, call_id: int, now: datetime) -> bool:
    """Make a call of this webhook once more, with the same id; False when there is none."""
    again = session.execute(
        update(WebhookCall)
        .where(WebhookCall.id == call_id, WebhookCall.webhook_id == webhook.id)
        .values(
            state=WebhookCallState.WAITING,
            attempt=0,
            due_at=now,
            lease_until=None,
            changed_at=now,
        )
        .execution_options(synchronize_session=False)
    )
    assert isinstance(again, CursorResult)
    if again.rowcount:
        ring(session, Bell.WEBHOOK, webhook.id)
    return bool(again.rowcount)


def calls_of(
    session: Session, webhook: Webhook, *, limit: int, before: int | None = None
) -> list[WebhookCall]:
    """The latest calls, each below the id *before*."""
    query = select(WebhookCall).where(WebhookCall.webhook_id == webhook.id)
    if before is not None:
        query = query.where(WebhookCall.id < before)
    return list(session.scalars(query.order_by(WebhookCall.id.desc()).limit(limit)))


def checked_url(text: str) -> str:
    """*text* as an address that may be called; raises :class:`BadWebhook`."""
    text = text.strip()
    schemes = {"https", "http"} if settings().allow_private_webhooks else {"https"}
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise BadWebhook(f"The address cannot be read: {error}.") from error
    if parts.scheme not in schemes or not host:
        raise BadWebhook("Give an address that begins with https://, such as https://example.org/x")
    if not settings().allow_private_webhooks and _is_private(host):
        raise BadWebhook(f"{host} is not on the public internet: give an address that is.")
    if parts.username is not None or len(text) > LONGEST_URL or not text.isprintable():
        raise BadWebhook("Give an address of one line, without a user name and a password in it.")
    return text


def _is_private(host: str) -> bool:
    """Whether *host* is written as an address that no call goes to; the call judges names."""
    try:
        return not is_public(ip_address(host))
    except ValueError:
        return host == "localhost"


def checked_events(events: Iterable[str]) -> list[str]:
    """*events* in their usual order, each once; raises :class:`BadWebhook`."""
    asked = set(events)
    known = [happening.value for happening in Happening]
    if unknown := sorted(asked - set(known)):
        raise BadWebhook(f"There is no event “{unknown[0]}”. There is: {', '.join(known)}.")
    if not asked:
        raise BadWebhook("Choose at least one event.")
    return [name for name in known if name in asked]

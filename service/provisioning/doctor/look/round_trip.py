"""A message to SES's mailbox simulator, and the wait for what SES tells of it.

It goes the way of every issue: our transport, our configuration set, our tags. Its events come by
our own poller or ``/hooks/ses`` into the table of events, where they are looked for by the tag.
Source: SES developer guide, "Using the mailbox simulator".
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from service.config import Settings
from service.db import read_scope
from service.delivery.transports import AccountRefused, Outcome, Recipient, Shipment, Verdict
from service.delivery.transports.choose import make_transport
from service.events.queue import Poller
from service.message.mail import Mail
from service.message.slots import new_nonce
from service.models import Event
from service.provisioning.aws import Refused, refusals
from service.provisioning.doctor.finding import Unread
from service.provisioning.doctor.wiring import RoundTrip

SIMULATOR = {"Delivery": "success@simulator.amazonses.com",
             "Bounce": "bounce@simulator.amazonses.com"}  # fmt: skip
TAG = "doctor"
LONG_POLL = 2
"""Seconds; another who polls the same queue may get the event, and stores it just as well."""
PAUSE = 0.2
LEFT_TO_OTHERS = 1 / 6
"""Of the time to wait: 10 s of 60."""
TEXT = "broadsheet doctor sent this to see whether SES's events come back."


def send_and_wait(
    settings: Settings,
    sender: str,
    wanted: str,
    timeout: float,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> RoundTrip | Unread:
    """Send from the address *sender*, and wait for the event *wanted* at most *timeout* seconds.

    A part of them is left to whoever takes events here all day; then the queue is looked into.
    """
    token, seen = secrets.token_hex(8), dict[str, float]()
    patience = timeout * LEFT_TO_OTHERS if settings.sqs_queue_url else timeout
    poller, by_us = None, False
    try:
        last = _last_event()
        outcome = _send(settings, sender, SIMULATOR[wanted], token)
        begun = clock()
        while outcome.verdict is Verdict.ACCEPTED and wanted not in seen:
            waited = clock() - begun
            if waited >= timeout:
                break
            if waited < patience:
                time.sleep(PAUSE)
            else:
                poller = poller or Poller(settings.sqs_queue_url, wait_seconds=LONG_POLL)
                by_us = _take(poller) > 0 or by_us
            for kind in _kinds(token, last):
                seen.setdefault(kind, clock() - begun)
    except Refused as error:
        return Unread(str(error), certain=error.certain)
    except SQLAlchemyError as error:
        return Unread(f"The events could not be stored: {str(error).splitlines()[0]}")
    return RoundTrip(outcome, seen, clock() - begun, by_us)


def _send(settings: Settings, sender: str, recipient: str, token: str) -> Outcome:
    shipment = Shipment(
        mail=Mail.of(new_nonce(), "A check by broadsheet doctor", None, TEXT),
        sender=sender,
        reply_to=None,
        headers={"Auto-Submitted": "auto-generated"},
        tags={"site": settings.site, TAG: token},
    )
    try:
        transport = make_transport(settings)
    except AccountRefused as error:
        return Outcome(Verdict.HALT, reason=str(error))
    try:
        return transport.send(shipment, [Recipient(recipient, {})])[0]
    finally:
        transport.close()


def _take(poller: Poller) -> int:
    """Store what the queue has, as the worker would; how many messages it had."""
    with refusals("sqs", "ReceiveMessage"):
        return poller.poll_once()


def _last_event() -> int:
    with read_scope() as session:
        return session.scalar(select(func.max(Event.id))) or 0


def _kinds(token: str, after: int) -> list[str]:
    """Kinds of the events that carry *token*, of those stored since the one numbered *after*."""
    ours = select(Event.kind).where(Event.id > after, Event.raw.contains(token))
    with read_scope() as session:
        return list(session.scalars(ours))

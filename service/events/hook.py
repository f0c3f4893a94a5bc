"""The HTTPS endpoint for SNS, without its web framework: a body in, an answer out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import httpx2
import structlog

from service.config import aws_sns_endpoint, settings
from service.db import session_scope
from service.events import sns
from service.events.apply import apply_events
from service.events.store import store_events

log = structlog.get_logger(__name__)

FORBIDDEN, UNAVAILABLE, OK = 403, 503, 200


@dataclass(frozen=True)
class Receipt:
    """What to answer. SNS tries again after a 5xx, and forgets the post after a 2xx or 4xx."""

    status: int
    text: str


def receive(
    body: bytes,
    now: datetime,
    *,
    fetch_certificate: sns.Fetch = sns.fetch_certificate,
    visit: Callable[[str], bytes] = sns.get,
) -> Receipt:
    """Prove a post of SNS, keep its event, and only then say so."""
    try:
        post = sns.prove(
            body,
            topics=settings().topic_arns,
            now=now,
            fetch=fetch_certificate,
            extra_endpoint=aws_sns_endpoint(),
        )
    except sns.Refused as error:
        log.warning("sns.refused", reason=str(error))
        return Receipt(FORBIDDEN, f"Refused: {error}.")
    except httpx2.HTTPError as error:
        log.warning("sns.no_certificate", error=str(error))
        return Receipt(UNAVAILABLE, "The signing certificate could not be fetched; try again.")
    if post.kind == "Notification":
        with session_scope() as session:
            stored = store_events(session, [post.message], now)
        apply_events(stored, now)
        return Receipt(OK, "Stored.")
    if post.kind == "SubscriptionConfirmation" and post.subscribe_url:
        try:
            visit(post.subscribe_url)
        except httpx2.HTTPError as error:
            log.warning("sns.not_confirmed", error=str(error))
            return Receipt(UNAVAILABLE, "The subscription could not be confirmed; try again.")
        return Receipt(OK, "Subscribed.")
    return Receipt(OK, "Noted.")

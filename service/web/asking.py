"""What a request says: when it came, from where, about which newsletter or subscription."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NamedTuple

from flask import abort, request
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from service.audience import tokens
from service.audience.consent import Visitor
from service.audience.subscribe import subscription_with_reader
from service.config import settings
from service.models import Newsletter, Subscription
from service.web.language import speak_of, speak_to
from service.web.limits import Limit, insist, network

CHANGES_AN_HOUR = 60
"""By one reader's link: each change is a line in the consent ledger for ever."""
BAD_TOKENS_AN_HOUR = 300
"""By one network. No number of tries finds a token of 128 bits; this spares us the work."""

_NEWSLETTER = select(Newsletter).where(Newsletter.slug == bindparam("slug"))
_BRIEF = select(Newsletter.id, Newsletter.archived_at, Newsletter.language).where(
    Newsletter.slug == bindparam("slug")
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def now() -> datetime:
    return datetime.now(UTC)


def visitor() -> Visitor:
    """Where the request came from, for the consent ledger."""
    agent = request.headers.get("User-Agent", "")
    return Visitor(ip=request.remote_addr, user_agent=_CONTROL.sub("", agent)[:500] or None)


def field(name: str, most: int = 500) -> str:
    """A text field of the form, without control characters (PostgreSQL stores no NUL)."""
    return _CONTROL.sub("", request.form.get(name, ""))[:most]


def newsletter_or_404(session: Session, slug: str) -> Newsletter:
    found = session.scalars(_NEWSLETTER, {"slug": slug}).one_or_none()
    if found is None:
        abort(404)
    speak_of(found)
    return found


class Brief(NamedTuple):
    """What most forms need of their newsletter, read at a quarter of the cost of the whole."""

    id: int
    archived_at: datetime | None
    language: str


def brief_or_404(session: Session, slug: str) -> Brief:
    found = session.connection().execute(_BRIEF, {"slug": slug}).one_or_none()
    if found is None:
        abort(404)
    brief = Brief(*found)
    speak_of(brief)
    return brief


def token_or_404(purpose: tokens.Purpose, token: str, count: int) -> tuple[int, ...]:
    """The numbers in a link's token. A bad one and a vanished subscription look the same: 404.

    Who tries tokens, or writes again and again by one, is stopped; but never who unsubscribes, for
    a mail program's servers do that for thousands of readers at once.
    """
    try:
        numbers = tokens.read(settings().secret, purpose, token, count=count)
    except tokens.BadToken:
        insist(Limit("bad-token", network(request.remote_addr), BAD_TOKENS_AN_HOUR))
        abort(404)
    if request.method == "POST" and request.endpoint != "public.unsubscribe_now":
        insist(Limit("by-token", f"{purpose}:{numbers[0]}", CHANGES_AN_HOUR))
    return numbers


def subscription_or_404(session: Session, subscription_id: int) -> Subscription:
    found = subscription_with_reader(session, subscription_id)
    if found is None:
        abort(404)
    speak_to(found.subscriber, found.newsletter)
    return found

"""What a reader gets and when, by the link in every issue; no login."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from flask import redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.audience import tokens
from service.audience.choices import BadChoice, Wanted, section_specs
from service.audience.preferences import (
    Preferences,
    change_preferences,
    next_issue_at,
    preferences_of,
    timezones,
)
from service.audience.suppression import is_suppressed
from service.config import settings
from service.db import read_scope, session_scope
from service.languages import gettext
from service.models import Cadence, MailFormat, Subscription
from service.web.asking import field, now, subscription_or_404, token_or_404
from service.web.public import public

PAUSES = (7, 30, 90)
"""Days."""


@public.get("/preferences/<token>")
def preferences(token: str) -> str:
    with read_scope() as session:
        return _page(session, _subscription(session, token), token)


@public.post("/preferences/<token>")
def save_preferences(token: str) -> str | Response | tuple[str, int]:
    with session_scope() as session:
        subscription = _subscription(session, token)
        try:
            asked = _asked(preferences_of(subscription), now())
            change_preferences(session, subscription, asked, now())
        except BadChoice as error:
            return _page(session, subscription, token, problem=str(error)), 400
    return redirect(url_for("public.preferences", token=token, saved=1), 303)


def _subscription(session: Session, token: str) -> Subscription:
    return subscription_or_404(session, token_or_404("preferences", token, 1)[0])


def _asked(current: Preferences, at: datetime) -> Preferences:
    """What the form says; raises :class:`BadChoice` for what no form of ours sends."""
    try:
        cadence, mail_format = Cadence(field("cadence")), MailFormat(field("format"))
        hour = int(field("hour")) if field("hour") else None
        days = {"keep": None, "none": 0}.get(field("pause", 10), field("pause", 10))
        paused_until = current.paused_until if days is None else _in_days(int(days), at)
    except (ValueError, OverflowError) as error:
        why = gettext("Something in the form was not one of its choices. Try again.")
        raise BadChoice(why) from error
    return Preferences(
        wanted=Wanted(
            mail_format=mail_format,
            sections=tuple(request.form.getlist("sections")),
            topics=tuple(request.form.getlist("topics")),
        ),
        cadence=cadence,
        send_hour=hour,
        timezone=field("timezone") or None,
        paused_until=paused_until,
    )


def _in_days(days: int, at: datetime) -> datetime | None:
    return at + timedelta(days=days) if days > 0 else None


def _page(session: Session, subscription: Subscription, token: str, problem: str = "") -> str:
    current = preferences_of(subscription)
    at = now()
    if current.paused_until is not None and current.paused_until <= at:
        current = replace(current, paused_until=None)
    return render_template(
        "public/preferences.html",
        subscription=subscription,
        current=current,
        sections=section_specs(subscription.newsletter),
        zones=zones_by_region(),
        pauses=PAUSES,
        next_at=next_issue_at(subscription, at),
        suppressed=is_suppressed(session, subscription.subscriber.email_hash),
        unsubscribe_token=tokens.sign(settings().secret, "unsubscribe", subscription.id),
        token=token,
        problem=problem,
        saved="saved" in request.args and not problem,
    )


def zones_by_region() -> dict[str, list[str]]:
    """Time zones that people live in, by continent; old aliases are left out."""
    regions = ("Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
    found: dict[str, list[str]] = {region: [] for region in regions}
    for name in sorted(timezones()):
        region, _, place = name.partition("/")
        if place and region in found:
            found[region].append(name)
    return {"UTC": ["UTC"], **found}

"""What a reader gets and when, by the link in every issue; no login.

One page shows every newsletter that the reader has. Each has a form of its own, which is sent to
the link of that newsletter.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from flask import redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.audience.choices import BadChoice, Wanted
from service.audience.data_link import closed_until
from service.audience.preferences import Preferences, change_preferences, preferences_of
from service.audience.suppression import is_suppressed
from service.db import read_scope, session_scope
from service.languages import called, code_of, gettext, there
from service.models import Cadence, MailFormat, Subscription
from service.web.asking import field, now, subscription_or_404, token_or_404, visitor
from service.web.public.blueprint import public
from service.web.public.panels import panels
from service.web.zones import hour_options, zone_options

PAUSES = (7, 30, 90)
"""Days."""


@public.get("/preferences/<token>")
def preferences(token: str) -> str:
    with read_scope() as session:
        return preferences_page(session, subscription_of(session, token), token)


@public.post("/preferences/<token>")
def save_preferences(token: str) -> str | Response | tuple[str, int]:
    with session_scope() as session:
        subscription = subscription_of(session, token)
        asked = None
        try:
            asked = _asked(preferences_of(subscription), now())
            change_preferences(session, subscription, asked, now(), visitor())
        except BadChoice as error:
            page = preferences_page(session, subscription, token, problem=str(error), asked=asked)
            return page, 400
    return redirect(url_for("public.preferences", token=token, said="saved"), 303)


@public.post("/preferences/<token>/start")
def start(token: str) -> str | Response | tuple[str, int]:
    """What a new reader is asked for at once: hour, time zone, topics. The rest stays."""
    with session_scope() as session:
        subscription = subscription_of(session, token)
        asked = None
        try:
            was = preferences_of(subscription)
            asked = replace(
                was,
                send_hour=_hour(),
                timezone=field("timezone") or None,
                wanted=replace(was.wanted, topics=tuple(request.form.getlist("topics"))),
            )
            change_preferences(session, subscription, asked, now(), visitor())
        except BadChoice as error:
            page = preferences_page(session, subscription, token, problem=str(error), asked=asked)
            return page, 400
    return redirect(url_for("public.preferences", token=token, said="saved"), 303)


@public.post("/preferences/<token>/language")
def choose_language(token: str) -> Response:
    """Of these pages and of our messages; '' is each newsletter's own."""
    chosen = field("language", 16)
    with session_scope() as session:
        reader = subscription_of(session, token).subscriber
        reader.language = chosen if chosen and code_of(chosen) in there() else None
    return redirect(url_for("public.preferences", token=token, said="saved"), 303)


def subscription_of(session: Session, token: str) -> Subscription:
    """The one that a link to the preferences names; 404 without it."""
    return subscription_or_404(session, token_or_404("preferences", token, 1)[0])


def preferences_page(
    session: Session,
    subscription: Subscription,
    token: str,
    *,
    asked: Preferences | None = None,
    **said: Any,
) -> str:
    """With *said*: a ``problem``, or what was typed as a new address and is wrong with it."""
    return render_template(
        "public/preferences.html",
        subscription=subscription,
        panels=panels(session, subscription, now(), asked),
        zone_options=zone_options(),
        hour_options=hour_options,
        pauses=PAUSES,
        suppressed=is_suppressed(session, subscription.subscriber.email_hash),
        closed_until=closed_until(session, subscription.subscriber, now()),
        languages={code: called(code) for code in there()},
        token=token,
        said="" if said else request.args.get("said", ""),
        **said,
    )


def _asked(current: Preferences, at: datetime) -> Preferences:
    """What the form says; raises :class:`BadChoice` for what no form of ours sends."""
    try:
        cadence, mail_format = Cadence(field("cadence")), MailFormat(field("format"))
        days = {"keep": None, "none": 0}.get(field("pause", 10), field("pause", 10))
        paused_until = current.paused_until if days is None else _in_days(int(days), at)
    except (ValueError, OverflowError) as error:
        raise BadChoice(_no_choice()) from error
    return Preferences(
        wanted=Wanted(
            mail_format=mail_format,
            sections=tuple(request.form.getlist("sections")),
            topics=tuple(request.form.getlist("topics")),
        ),
        cadence=cadence,
        send_hour=_hour(),
        timezone=field("timezone") or None,
        paused_until=paused_until,
        # Only asked where the newsletter keeps any.
        tracked=field("tracking") != "off" if "tracking" in request.form else current.tracked,
    )


def _hour() -> int | None:
    try:
        return int(field("hour")) if field("hour") else None
    except ValueError as error:
        raise BadChoice(_no_choice()) from error


def _no_choice() -> str:
    return gettext("Something in the form was not one of its choices. Try again.")


def _in_days(days: int, at: datetime) -> datetime | None:
    return at + timedelta(days=days) if days > 0 else None

"""The link of a confirmation mail. Opening it changes nothing: scanners open every link."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import abort, redirect, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.audience import tokens
from service.audience.choices import section_specs
from service.audience.preferences import next_issue_at, preferences_of
from service.audience.subscribe import ConfirmResult, can_confirm, confirm
from service.audience.suppression import is_suppressed
from service.config import settings
from service.db import read_scope, session_scope
from service.models import Subscription
from service.web.asking import now, subscription_or_404, token_or_404, visitor
from service.web.public import editions
from service.web.public.blueprint import public
from service.web.public.sign_up import ask_reader
from service.web.zones import hour_options, zone_options

NEW = timedelta(hours=1)
"""So long after the confirmation a reader is asked for hour and topics."""


@public.get("/confirm/<token>")
def confirm_page(token: str) -> str | Response:
    with read_scope() as session:
        subscription, issued_at = _asked(session, token)
        result = can_confirm(subscription, issued_at, now())
        if result is ConfirmResult.CONFIRMED and not _has_ended(subscription):
            return render_template("public/confirm.html", subscription=subscription, token=token)
        return _answer(session, subscription, token, result)


@public.post("/confirm/<token>")
def confirm_now(token: str) -> str | Response:
    with session_scope() as session:
        subscription, issued_at = _asked(session, token)
        result = (
            can_confirm(subscription, issued_at, now())
            if _has_ended(subscription)
            else confirm(session, subscription.id, issued_at, now(), visitor())
        )
        return _answer(session, subscription, token, result)


@public.post("/confirm/<token>/again")
def confirm_again(token: str) -> str | Response:
    """A new link for one that ran out, to the same mailbox."""
    with session_scope() as session:
        return ask_reader(session, _asked(session, token)[0])


def _asked(session: Session, token: str) -> tuple[Subscription, datetime]:
    subscription_id, seconds = token_or_404("confirm", token, 2)
    return subscription_or_404(session, subscription_id), tokens.unstamp(seconds)


def _has_ended(subscription: Subscription) -> bool:
    return subscription.newsletter.archived_at is not None


def _answer(
    session: Session, subscription: Subscription, token: str, result: ConfirmResult
) -> str | Response:
    if result is ConfirmResult.GONE:
        abort(404)
    if _has_ended(subscription):  # there is nothing left to subscribe to, and its page says so
        return redirect(url_for("public.landing", newsletter=subscription.newsletter.slug), 303)
    if result is ConfirmResult.EXPIRED:
        return render_template(
            "public/confirm_expired.html", subscription=subscription, token=token
        )
    since = subscription.confirmed_at
    return render_template(
        "public/confirmed.html",
        subscription=subscription,
        suppressed=is_suppressed(session, subscription.subscriber.email_hash),
        again=result is ConfirmResult.ALREADY,
        # Who clicked twice is shown the second answer, and has chosen nothing yet.
        new=since is not None and now() - since < NEW,
        next_at=next_issue_at(subscription, now()),
        preferences_token=tokens.sign(settings().secret, "preferences", subscription.id),
        current=preferences_of(subscription),
        sections=section_specs(subscription.newsletter),
        zone_options=zone_options(),
        hour_options=hour_options,
        issues=editions.listed(session, subscription.newsletter, 1),
    )

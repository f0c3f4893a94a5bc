"""The link of a confirmation mail. Opening it changes nothing: scanners open every link."""

from __future__ import annotations

from datetime import datetime

from flask import abort, render_template
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
from service.web.public import editions, public
from service.web.public.sign_up import ask_reader
from service.web.zones import hour_options, zone_options


@public.get("/confirm/<token>")
def confirm_page(token: str) -> str:
    with read_scope() as session:
        subscription, issued_at = _asked(session, token)
        result = can_confirm(subscription, issued_at, now())
        if result is ConfirmResult.CONFIRMED:
            return render_template("public/confirm.html", subscription=subscription, token=token)
        return _answer(session, subscription, token, result)


@public.post("/confirm/<token>")
def confirm_now(token: str) -> str:
    with session_scope() as session:
        subscription, issued_at = _asked(session, token)
        result = confirm(session, subscription.id, issued_at, now(), visitor())
        return _answer(session, subscription, token, result)


@public.post("/confirm/<token>/again")
def confirm_again(token: str) -> str | Response:
    """A new link for one that ran out, to the same mailbox."""
    with session_scope() as session:
        return ask_reader(session, _asked(session, token)[0])


def _asked(session: Session, token: str) -> tuple[Subscription, datetime]:
    subscription_id, seconds = token_or_404("confirm", token, 2)
    return subscription_or_404(session, subscription_id), tokens.unstamp(seconds)


def _answer(session: Session, subscription: Subscription, token: str, result: ConfirmResult) -> str:
    if result is ConfirmResult.GONE:
        abort(404)
    if result is ConfirmResult.EXPIRED:
        return render_template(
            "public/confirm_expired.html", subscription=subscription, token=token
        )
    return render_template(
        "public/confirmed.html",
        subscription=subscription,
        suppressed=is_suppressed(session, subscription.subscriber.email_hash),
        again=result is ConfirmResult.ALREADY,
        next_at=next_issue_at(subscription, now()),
        preferences_token=tokens.sign(settings().secret, "preferences", subscription.id),
        current=preferences_of(subscription),
        sections=section_specs(subscription.newsletter),
        zone_options=zone_options(),
        hour_options=hour_options,
        issues=editions.listed(session, subscription.newsletter, 1),
    )

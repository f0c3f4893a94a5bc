"""Leaving. A mail program's one click (RFC 8058) and the page's own button post to one address.

RFC 8058: the post carries no cookie and no form of ours, in any encoding, and must not be
redirected. The token in the path is the key, so there is nothing that CSRF protection could add.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from flask import Response, abort, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from service.audience import tokens
from service.audience.choices import BadChoice
from service.audience.preferences import (
    Preferences,
    change_preferences,
    next_issue_at,
    preferences_of,
)
from service.audience.subscribe import (
    Leaving,
    keep_reason,
    subscription_with_reader,
    undo_unsubscribe,
    unsubscribe,
)
from service.config import settings
from service.db import read_scope, session_scope
from service.languages import gettext, later
from service.models import Cadence, Newsletter, Subscription, SubscriptionState
from service.web.asking import field, now, subscription_or_404, token_or_404, visitor
from service.web.public.blueprint import public
from service.web.public.sign_up import ask_reader
from service.web.security import csrf

PAUSE_DAYS = 30
BY_PAGE = "page"
UNDO_OFFERED = timedelta(hours=1)
"""After leaving; what was offered then holds for as long as ``undo_unsubscribe`` takes it."""

REASONS = {
    "often": later("It comes too often"),
    "content": later("It is not what I expected"),
    "elsewhere": later("I read this elsewhere"),
    "never": later("I never asked for it"),
}


@public.get("/unsubscribe/<token>")
def unsubscribe_page(token: str) -> str | tuple[str, int]:
    """Shows the button. Opening the link, as scanners do, changes nothing."""
    (subscription_id,) = token_or_404("unsubscribe", token, 1)
    with read_scope() as session:
        if subscription_with_reader(session, subscription_id) is None:
            return _gone()
        subscription = subscription_or_404(session, subscription_id)
        return render_template(
            "public/unsubscribe.html",
            subscription=subscription,
            token=token,
            offer_weekly=subscription.newsletter.weekly_day is not None
            and subscription.cadence is not Cadence.WEEKLY,
            pause_days=PAUSE_DAYS,
        )


@public.post("/unsubscribe/<token>")
def unsubscribe_now(token: str) -> str | Response | tuple[str, int]:
    (subscription_id,) = token_or_404("unsubscribe", token, 1)
    by_page = request.form.get("by") == BY_PAGE
    with session_scope() as session:
        how: Leaving = "page" if by_page else "one_click"
        left = unsubscribe(session, subscription_id, now(), how=how, visitor=visitor())
        if not by_page:
            # Also to whoever deleted their data: a mail program would show an error for a 404.
            return Response(
                gettext("You are unsubscribed.") + "\n", content_type="text/plain; charset=utf-8"
            )
        return _gone() if left is None else _left_page(session, subscription_id, token)


csrf.exempt(unsubscribe_now)


@public.post("/unsubscribe/<token>/reason")
def give_reason(token: str) -> str:
    with session_scope() as session:
        subscription = _subscription(session, token)
        if subscription.unsubscribed_at is None:
            abort(404)  # taken back meanwhile: there is nothing to give a reason for
        if reason := _reason():
            keep_reason(subscription, reason)
        return _left_page(session, subscription.id, token, thanked=bool(reason))


def _reason() -> str:
    """In English, whatever the reader's language: editors read it in a list of them all."""
    chosen, own_words = REASONS.get(field("why", 20), ""), field("reason").strip()
    return ": ".join(part for part in (chosen, own_words) if part)


@public.post("/unsubscribe/<token>/again")
def come_back(token: str) -> str | AnyResponse:
    """Ask for it anew: a message goes to the reader's mailbox and is to be confirmed there."""
    with session_scope() as session:
        return ask_reader(session, _subscription(session, token))


@public.post("/unsubscribe/<token>/undo")
def undo(token: str) -> str | AnyResponse:
    (subscription_id,) = token_or_404("unsubscribe", token, 1)
    undone_id, left_at = token_or_404("undo", field("undo"), 2)
    if undone_id != subscription_id:
        abort(404)
    with session_scope() as session:
        back = undo_unsubscribe(session, subscription_id, tokens.unstamp(left_at), now(), visitor())
        if back is None:
            newsletter = _subscription(session, token).newsletter.slug
            return redirect(url_for("public.landing", newsletter=newsletter), 303)
        return _kept_page(session, subscription_id, gettext("Welcome back. Nothing has changed."))


@public.post("/unsubscribe/<token>/weekly")
def weekly_instead(token: str) -> str:
    return _instead(
        token,
        later("From now on you get the weekly issue only."),
        lambda asked: replace(asked, cadence=Cadence.WEEKLY),
    )


@public.post("/unsubscribe/<token>/pause")
def pause_instead(token: str) -> str:
    return _instead(
        token,
        later("Paused for %(days)s days. Then it goes on by itself."),
        lambda asked: replace(asked, paused_until=now() + timedelta(days=PAUSE_DAYS)),
    )


def _instead(token: str, said: str, change: Callable[[Preferences], Preferences]) -> str:
    with session_scope() as session:
        subscription = _subscription(session, token)
        try:
            asked = change(preferences_of(subscription))
            change_preferences(session, subscription, asked, now(), visitor())
        except BadChoice:
            abort(400)
        return _kept_page(session, subscription.id, gettext(said, days=PAUSE_DAYS))


def _subscription(session: Session, token: str) -> Subscription:
    return subscription_or_404(session, token_or_404("unsubscribe", token, 1)[0])


def _gone() -> tuple[str, int]:
    """To a link of ours whose reader is here no more."""
    title = gettext("Nothing is sent to you")
    advice = gettext("This link is of a subscription that was deleted, with all that was known.")
    return render_template("error.html", code=404, title=title, advice=advice), 404


def _left_page(session: Session, subscription_id: int, token: str, *, thanked: bool = False) -> str:
    subscription = subscription_or_404(session, subscription_id)
    left_at = subscription.unsubscribed_at or now()
    undo = tokens.sign(settings().secret, "undo", subscription.id, tokens.stamp(left_at))
    return render_template(
        "public/unsubscribed.html",
        subscription=subscription,
        token=token,
        # Who comes to the link later may hold a mail that was passed on: the mailbox is asked then.
        undo=undo if now() - left_at <= UNDO_OFFERED else "",
        thanked=thanked,
        reasons=REASONS,
        still=_still_read(session, subscription),
        preferences_token=tokens.sign(settings().secret, "preferences", subscription.id),
    )


def _still_read(session: Session, left: Subscription) -> Sequence[str]:
    """The names of the other newsletters that this reader goes on getting."""
    return session.scalars(
        select(Newsletter.name)
        .join(Subscription, Subscription.newsletter_id == Newsletter.id)
        .where(
            Subscription.subscriber_id == left.subscriber_id,
            Subscription.state == SubscriptionState.ACTIVE,
            Newsletter.archived_at.is_(None),
        )
        .order_by(Newsletter.name)
    ).all()


def _kept_page(session: Session, subscription_id: int, said: str) -> str:
    subscription = subscription_or_404(session, subscription_id)
    return render_template(
        "public/kept.html",
        subscription=subscription,
        said=said,
        next_at=next_issue_at(subscription, now()),
        preferences_token=tokens.sign(settings().secret, "preferences", subscription.id),
    )

"""What an editor does about one subscription, as its reader could: choose, pause, leave."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from flask import abort, render_template, request
from sqlalchemy.orm import Session

from service.audience.choices import BadChoice, Wanted, section_specs
from service.audience.preferences import Preferences, change_preferences, preferences_of
from service.audience.subscribe import subscription_with_reader, unsubscribe
from service.db import read_scope, session_scope
from service.models import Cadence, MailFormat, Subscription, SubscriptionState
from service.web.admin.blueprint import admin
from service.web.admin.readers.reader_changes import Answer, back, note
from service.web.admin.team.accounts import account, editors_only
from service.web.asking import field, now
from service.web.zones import zones_by_region

SUBSCRIPTION = "/subscriptions/<int(max=2147483647):subscription_id>"
PAUSES = (7, 30, 90)
"""Days."""


@admin.get(f"{SUBSCRIPTION}/choices")
@editors_only
def reader_choices(subscription_id: int) -> str:
    with read_scope() as session:
        subscription = _or_404(session, subscription_id)
        return _form(subscription, preferences_of(subscription))


@admin.post(f"{SUBSCRIPTION}/choices")
@editors_only
def save_reader_choices(subscription_id: int) -> Answer:
    with session_scope() as session:
        subscription = _or_404(session, subscription_id)
        current = preferences_of(subscription)
        try:
            asked = _asked(current)
            changed = _change(session, subscription, asked, now())
        except BadChoice as error:
            return _form(subscription, current, str(error)), 400
        name = subscription.newsletter.name
    said = f"Saved: {name} comes so from the next issue on." if changed else "That is how it was."
    return back(subscription.subscriber_id, said)


@admin.post(f"{SUBSCRIPTION}/pause")
@editors_only
def pause_reader(subscription_id: int) -> Answer:
    """For so many days; 0 ends a pause."""
    days = request.form.get("days", type=int)
    if days not in {0, *PAUSES}:
        abort(400)
    with session_scope() as session:
        subscription, at = _or_404(session, subscription_id), now()
        until = at + timedelta(days=days) if days else None
        _change(
            session, subscription, replace(preferences_of(subscription), paused_until=until), at
        )
        name = subscription.newsletter.name
    said = f"Paused for {days} days: {name} comes again after that." if days else "It goes on."
    return back(subscription.subscriber_id, said)


@admin.post(f"{SUBSCRIPTION}/unsubscribe")
@editors_only
def unsubscribe_reader(subscription_id: int) -> Answer:
    with session_scope() as session:
        subscription = _or_404(session, subscription_id)
        name = subscription.newsletter.name
        if subscription.state is SubscriptionState.UNSUBSCRIBED:
            return back(subscription.subscriber_id, f"They had left {name} already.")
        unsubscribe(session, subscription_id, now(), how="admin")
        detail = {"newsletter": subscription.newsletter.slug, "why": field("why").strip()}
        note(session, subscription.subscriber_id, "reader.unsubscribe", **detail)
    return back(
        subscription.subscriber_id,
        f"Unsubscribed from {name}. Only they can come back, by signing up again.",
    )


def _change(session: Session, subscription: Subscription, asked: Preferences, at: datetime) -> bool:
    changed = change_preferences(session, subscription, asked, at, by=account().email)
    if changed:
        slug = subscription.newsletter.slug
        note(session, subscription.subscriber_id, "reader.choose", newsletter=slug)
    return changed


def _or_404(session: Session, subscription_id: int) -> Subscription:
    return subscription_with_reader(session, subscription_id) or abort(404)


def _asked(current: Preferences) -> Preferences:
    """What the form says; raises :class:`BadChoice` for what no form of ours sends."""
    try:
        cadence, mail_format = Cadence(field("cadence")), MailFormat(field("format"))
        hour = int(field("hour")) if field("hour") else None
    except ValueError as error:
        raise BadChoice("Something in the form was not one of its choices. Try again.") from error
    return replace(
        current,
        wanted=Wanted(
            mail_format=mail_format,
            sections=tuple(request.form.getlist("sections")),
            topics=tuple(request.form.getlist("topics")),
        ),
        cadence=cadence,
        send_hour=hour,
        timezone=field("timezone") or None,
    )


def _form(subscription: Subscription, current: Preferences, problem: str = "") -> str:
    if problem:
        current = _as_typed(current)
    return render_template(
        "admin/readers/reader_choices.html",
        subscription=subscription,
        current=current,
        sections=section_specs(subscription.newsletter),
        zones=zones_by_region(),
        problem=problem,
    )


def _as_typed(current: Preferences) -> Preferences:
    """What was sent, as far as it can be shown again."""
    try:
        return _asked(current)
    except BadChoice:
        return current

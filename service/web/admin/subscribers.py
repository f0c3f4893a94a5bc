"""Who reads, who left, who is left alone."""

from __future__ import annotations

from flask import render_template, request
from sqlalchemy import exists, select
from sqlalchemy.orm import joinedload

from service.db import read_scope
from service.models import Subscriber, Subscription, SubscriptionState, Suppression
from service.web.admin import admin

PAGE = 50


@admin.get("/subscribers")
def subscribers() -> str:
    """Newest first; the page after one begins below its last id, so no page is ever slow."""
    asked = "".join(char for char in request.args.get("q", "")[:254] if char.isprintable())
    state = request.args.get("state", "")
    before = request.args.get("before", type=int)
    suppressed = exists().where(Suppression.email_hash == Subscriber.email_hash)
    query = (
        select(Subscription, suppressed)
        .join(Subscription.subscriber)
        .options(joinedload(Subscription.subscriber), joinedload(Subscription.newsletter))
        .order_by(Subscription.id.desc())
        .limit(PAGE + 1)
    )
    if asked:
        query = query.where(Subscriber.email_key.contains(asked.strip().lower(), autoescape=True))
    if state in set(SubscriptionState):
        query = query.where(Subscription.state == SubscriptionState(state))
    if before is not None and 0 < before < 2**62:
        query = query.where(Subscription.id < before)
    with read_scope() as session:
        rows = session.execute(query).all()
        return render_template(
            "admin/subscribers.html",
            rows=rows[:PAGE],
            more=len(rows) > PAGE,
            asked=asked,
            state=state,
            states=list(SubscriptionState),
        )

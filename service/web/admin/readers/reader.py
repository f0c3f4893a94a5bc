"""A reader's whole story on one page: what they agreed to and chose, and every message to them."""

from __future__ import annotations

from flask import abort, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from service.audience.choices import section_specs
from service.audience.preferences import next_issue_at
from service.audience.story import done_by_staff, ledgers, notices, suppression_of
from service.audience.tags import known_tags, tags_of
from service.db import read_scope
from service.delivery.history import of_reader, told, told_of_notices, touches
from service.languages.catalogs import called, there
from service.models import Newsletter, Subscriber, Subscription
from service.web.admin.blueprint import admin
from service.web.admin.issue.progress import LABELS
from service.web.asking import now

PAGE = 50
NOTICES = 10
LEDGER = 5
"""Lines of each ledger that are shown before the rest is asked for."""


@admin.get("/readers/<int(max=2147483647):subscriber_id>")
def reader(subscriber_id: int) -> str:
    with read_scope() as session:
        return story_page(session, subscriber_id)


def story_page(session: Session, subscriber_id: int, problem: str = "", about: str = "") -> str:
    """The page; after a *problem* with the form called *about*, with what was typed there."""
    subscriber = session.get(Subscriber, subscriber_id)
    found = of_reader(session, subscriber_id, before=_number("before"), limit=PAGE + 1)
    if subscriber is None and not found:
        abort(404)
    shown = found[:PAGE]
    deliveries = [line.delivery_id for _, line in shown]
    return render_template(
        "admin/readers/reader.html",
        subscriber=subscriber,
        subscriber_id=subscriber_id,
        found=shown,
        told=told(session, deliveries),
        touches=touches(session, deliveries),
        more=len(found) > PAGE,
        labels=LABELS,
        problem=problem,
        about=about,
        typed=request.form if problem else {},
        now=now(),
        **({} if subscriber is None else _of(session, subscriber)),
    )


def subject_of(subscriber_id: int) -> str:
    """What the audit log calls a reader: it outlives their data, and says nothing of them."""
    return f"reader {subscriber_id}"


def headings(newsletter: Newsletter) -> dict[str, str]:
    """The newsletter's sections by their slugs."""
    return {spec.slug: spec.heading for spec in section_specs(newsletter)}


def _of(session: Session, subscriber: Subscriber) -> dict[str, object]:
    """What is there as long as the reader's data are."""
    subscriptions = session.scalars(
        select(Subscription)
        .where(Subscription.subscriber_id == subscriber.id)
        .options(joinedload(Subscription.newsletter), joinedload(Subscription.choice))
        .order_by(Subscription.id)
    ).all()
    letters = notices(session, subscriber.id, before=_number("notices"), limit=NOTICES + 1)
    return {
        "subscriptions": [(row, next_issue_at(row, now())) for row in subscriptions],
        "headings": {row.newsletter_id: headings(row.newsletter) for row in subscriptions},
        "tags": tags_of(session, [subscriber.id]).get(subscriber.id, []),
        "tags_in_use": known_tags(session),
        "suppression": suppression_of(session, subscriber.email_hash),
        "ledgers": ledgers(session, subscriber.email_hash),
        "first_lines": None if request.args.get("ledger") == "all" else LEDGER,
        "letters": letters[:NOTICES],
        "more_letters": len(letters) > NOTICES,
        "told_of_letters": told_of_notices(session, [letter.id for letter in letters]),
        "done": done_by_staff(session, [subject_of(subscriber.id), subscriber.email_hash]),
        "languages": {code: called(code) for code in there()},
    }


def _number(name: str) -> int | None:
    """A place to go on from; None when none is given, or none that there can be."""
    given = request.args.get(name, 0, type=int)
    return given if 0 < given < 2**62 else None

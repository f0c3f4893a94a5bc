"""A reader added by hand: asked to confirm, or with the note of how they agreed."""

from __future__ import annotations

from datetime import datetime

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.audience.addresses import Address, BadAddress, parse_address
from service.audience.consent import Visitor
from service.audience.joining import Joined, Reader, add_confirmed, standing
from service.audience.sign_up import sign_up
from service.audience.tags import BadTag, clean_tags, tag
from service.db import read_scope, session_scope
from service.models import Newsletter, Notice, NoticeKind, Subscriber, Subscription
from service.web.admin.blueprint import admin
from service.web.admin.readers.going_on import ENDED, going_on
from service.web.admin.readers.reader_changes import note
from service.web.admin.team.accounts import account, editors_only
from service.web.asking import field, newsletter_or_404, now

REFUSED = {
    Joined.PRESENT: "{email} gets {name} already, or was asked to confirm it.",
    Joined.LEFT: "{email} left {name}. Only they can come back: choose to ask them.",
    Joined.SUPPRESSED: "Nothing may be sent to {email}: it bounced, was reported, or somebody "
    "suppressed it. Find it among the subscribers and allow it again first.",
}


class NotAdded(ValueError):
    """The reader cannot be added so; the text says what to do."""


@admin.get("/subscribers/add")
@editors_only
def add_reader_form() -> str:
    with read_scope() as session:
        return _form(session)


@admin.post("/subscribers/add")
@editors_only
def add_reader() -> str | Response | tuple[str, int]:
    with session_scope() as session:
        newsletter = newsletter_or_404(session, field("newsletter"))
        try:
            with session.begin_nested():  # of which nothing stays when something is not right
                person, said = _add_as_typed(session, newsletter)
        except (BadAddress, BadTag, NotAdded) as error:
            return _form(session, str(error)), 400
        note(session, person.id, "reader.add", newsletter=newsletter.slug, how=field("how"))
    flash(said, "done")
    return redirect(url_for("admin.reader", subscriber_id=person.id), 303)


def _add_as_typed(session: Session, newsletter: Newsletter) -> tuple[Subscriber, str]:
    """The reader, and what was done."""
    address, tags = parse_address(field("email")), clean_tags(field("tags"))
    said = _add(session, newsletter, address)
    person = session.scalars(select(Subscriber).where(Subscriber.email_key == address.key)).one()
    person.name = " ".join(field("name", 200).split()) or person.name
    tag(session, person.id, tags)
    return person, said


def _add(session: Session, newsletter: Newsletter, address: Address) -> str:
    if newsletter.archived_at is not None:
        raise NotAdded(ENDED.format(name=newsletter.name))
    found = standing(session, newsletter, [address])[0]
    names = {"email": address.email, "name": newsletter.name}
    if field("how") == "agreed":
        why = field("agreed").strip()
        if not why:
            raise NotAdded("Say how they agreed, such as “signed the list at our stand, 3 May”.")
        if found is not Joined.ADDED:
            raise NotAdded(REFUSED[found].format(**names))
        origin = f"added by {account().email}: {why}"
        add_confirmed(session, newsletter, Reader(address), now(), origin)
        return f"{address.email} gets {newsletter.name} from the next issue on."
    if found is Joined.SUPPRESSED:
        raise NotAdded(REFUSED[found].format(**names))
    at, visitor = now(), Visitor(form=f"the admin, by {account().email}")
    sign_up(session, newsletter, address.email, now=at, visitor=visitor)
    if not _was_asked(session, address, newsletter, at):
        raise NotAdded(REFUSED[Joined.PRESENT].format(**names))
    return f"We ask {address.email} to confirm. They get {newsletter.name} once they did."


def _was_asked(session: Session, address: Address, newsletter: Newsletter, at: datetime) -> bool:
    """Whether that wrote a confirmation: it writes none to a reader, nor twice in a short time."""
    query = (
        select(Notice.id)
        .join(Subscription, Subscription.id == Notice.subscription_id)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(
            Subscriber.email_key == address.key,
            Subscription.newsletter_id == newsletter.id,
            Notice.kind == NoticeKind.CONFIRM,
            Notice.created_at >= at,
        )
    )
    return session.scalar(query.limit(1)) is not None


def _form(session: Session, problem: str = "") -> str:
    return render_template(
        "admin/readers/add_reader.html",
        newsletters=going_on(session),
        typed=request.values,
        problem=problem,
    )

"""What an editor changes about one reader: tags, name, address, suppression."""

from __future__ import annotations

from flask import abort, flash, redirect, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.audience.addresses import BadAddress
from service.audience.moving import ask_to_move
from service.audience.suppression import lift, suppress
from service.audience.tags import BadTag, clean_tag, clean_tags, tag, untag
from service.db import session_scope
from service.languages.catalogs import there
from service.models import Subscriber, Subscription, SubscriptionState, SuppressionReason
from service.staff.users import audit
from service.web.admin.blueprint import admin
from service.web.admin.readers.reader import story_page, subject_of
from service.web.admin.team.accounts import account, editors_only
from service.web.asking import field, now

READER = "/readers/<int(max=2147483647):subscriber_id>"
Answer = Response | tuple[str, int]

ALLOWED = (
    "Mail may go to this address again. If Amazon SES has it on its own list for the account, "
    "the next issue bounces with OnAccountSuppressionList: take it off there too."
)


@admin.post(f"{READER}/tags")
@editors_only
def tag_reader(subscriber_id: int) -> Answer:
    with session_scope() as session:
        reader_or_404(session, subscriber_id)
        try:
            wanted = clean_tags(field("tags")) or (clean_tag(""),)
            tag(session, subscriber_id, wanted)
        except BadTag as error:
            said = str(error)
            return story_page(session, subscriber_id, said[:1].upper() + said[1:], "tags"), 400
        note(session, subscriber_id, "reader.tag", tags=list(wanted))
    return back(subscriber_id, f"Tagged {', '.join(wanted)}.")


@admin.post(f"{READER}/untag")
@editors_only
def untag_reader(subscriber_id: int) -> Answer:
    with session_scope() as session:
        reader_or_404(session, subscriber_id)
        if untag(session, subscriber_id, field("tag")):
            note(session, subscriber_id, "reader.untag", tags=[field("tag")])
    return back(subscriber_id, f"The tag “{field('tag')}” is off.")


@admin.post(f"{READER}/person")
@editors_only
def change_person(subscriber_id: int) -> Answer:
    """Their name, and the language they are written to in."""
    with session_scope() as session:
        person = reader_or_404(session, subscriber_id)
        before = {"name": person.name, "language": person.language}
        person.name = " ".join(field("name", 200).split())
        if field("language") in {"", *there()}:
            person.language = field("language") or None
        after = {"name": person.name, "language": person.language}
        changed = sorted(name for name in after if after[name] != before[name])
        if changed:
            note(session, subscriber_id, "reader.edit", changed=changed)
    return back(subscriber_id, "Saved." if changed else "That is how it was.")


@admin.post(f"{READER}/address")
@editors_only
def change_address(subscriber_id: int) -> Answer:
    """Only who reads mail there can say so: they are asked, and until then nothing moves."""
    with session_scope() as session:
        reader_or_404(session, subscriber_id)
        subscription = _one_of(session, subscriber_id)
        try:
            ask_to_move(session, subscription, field("address"), now())
        except BadAddress as error:
            return story_page(session, subscriber_id, str(error), "address"), 400
        note(session, subscriber_id, "reader.ask_to_move")
    said = f"We asked {field('address').strip()} to confirm. Until then mail goes where it went."
    return back(subscriber_id, said)


@admin.post(f"{READER}/suppress")
@editors_only
def suppress_reader(subscriber_id: int) -> Answer:
    with session_scope() as session:
        person, why = reader_or_404(session, subscriber_id), field("why").strip()
        if not why:
            said = "Say why nothing may be sent to this address: whoever finds it so will ask."
            return story_page(session, subscriber_id, said, "suppress"), 400
        suppress(session, person.email_hash, SuppressionReason.MANUAL, why, now())
        note(session, subscriber_id, "reader.suppress", why=why)
    return back(subscriber_id, "Suppressed: nothing is sent to this address from now on.")


@admin.post(f"{READER}/allow")
@editors_only
def allow_reader(subscriber_id: int) -> Answer:
    with session_scope() as session:
        person = reader_or_404(session, subscriber_id)
        try:
            lifted = lift(session, person.email_hash, field("why"), now(), account().id)
        except ValueError as error:
            said = str(error)
            return story_page(
                session, subscriber_id, f"{said[:1].upper()}{said[1:]}.", "allow"
            ), 400
    if not lifted:
        return back(subscriber_id, "It was not suppressed: nothing was changed.")
    return back(subscriber_id, ALLOWED)


def reader_or_404(session: Session, subscriber_id: int) -> Subscriber:
    return session.get(Subscriber, subscriber_id) or abort(404)


def note(session: Session, subscriber_id: int, action: str, **detail: object) -> None:
    """Who of the editors did what about the reader, for the audit log."""
    audit(session, account().id, action, subject_of(subscriber_id), now(), **detail)


def back(subscriber_id: int, said: str, kind: str = "done") -> Response:
    """To the reader's page, which then says *said*."""
    flash(said, kind)
    return redirect(url_for("admin.reader", subscriber_id=subscriber_id), 303)


def _one_of(session: Session, subscriber_id: int) -> Subscription:
    """The subscription in whose newsletter's name the reader is asked: an active one, if any."""
    rows = session.scalars(
        select(Subscription)
        .where(Subscription.subscriber_id == subscriber_id)
        .order_by(Subscription.id)
    ).all()
    active = [row for row in rows if row.state is SubscriptionState.ACTIVE]
    return (active or list(rows) or abort(404))[0]

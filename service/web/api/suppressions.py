"""Suppressions: addresses that nothing is sent to, whoever asks."""

from __future__ import annotations

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.audience.addresses import BadAddress, masked, parse_address
from service.audience.suppression import hash_of, lift, suppress
from service.models import Subscriber, Suppression, SuppressionReason
from service.staff.tokens import Scope
from service.web.api.blueprint import SUPPRESSIONS, api
from service.web.api.callers import caller
from service.web.api.replies import Reply
from service.web.api.shapes import Address, Id, Moment, Paged, Shape, Text, cursor_of, noted
from service.web.asking import now
from service.web.problems import NOT_FOUND, Problem, bad_field


class SuppressionsAsked(Paged):
    """Which suppressions."""

    reason: SuppressionReason | None = None
    email: Address | None = Field(default=None, description="The whole address.")


class SuppressionShown(Shape):
    """An address that nothing is sent to."""

    id: int
    email: str | None = Field(description="Null when no subscriber has this address any more.")
    reason: SuppressionReason
    detail: str
    created_at: Moment


class SuppressionList(Shape):
    """A page of suppressions, the latest first."""

    items: list[SuppressionShown]
    next: str | None = Field(description="Cursor of the next page; null on the last one.")


class NewSuppression(Shape):
    """An address to leave alone."""

    email: Address
    detail: Text = Field(
        min_length=3, max_length=1000, description="Why; whoever finds it later will ask."
    )


class SuppressionPath(Shape):
    suppression_id: Id


class Lifting(Shape):
    """Mail may go to an address again."""

    why: Text = Field(
        min_length=3, max_length=1000, description="Who finds it suppressed once more will ask."
    )


@api.at(
    "GET /suppressions",
    tag=SUPPRESSIONS,
    needs=Scope.SUBSCRIBERS_READ,
    answers={200: SuppressionList},
)
def list_suppressions(session: Session, query: SuppressionsAsked) -> Reply:
    """List suppressions, the latest first"""
    found = (
        select(Suppression, Subscriber.email)
        .outerjoin(Subscriber, Subscriber.email_hash == Suppression.email_hash)
        .order_by(Suppression.id.desc())
        .limit(query.limit + 1)
    )
    if query.after is not None:
        found = found.where(Suppression.id < query.after)
    if query.reason is not None:
        found = found.where(Suppression.reason == query.reason)
    if query.email is not None:
        found = found.where(Suppression.email_hash == _hash(query.email))
    rows = session.execute(found).all()
    items = [_shown(row, email) for row, email in rows[: query.limit]]
    more = len(rows) > query.limit
    return Reply(SuppressionList(items=items, next=cursor_of(items[-1].id) if more else None))


@api.at(
    "POST /suppressions",
    tag=SUPPRESSIONS,
    needs=Scope.SUBSCRIBERS_WRITE,
    answers={200: SuppressionShown, 201: SuppressionShown},
)
def create_suppression(session: Session, body: NewSuppression) -> Reply:
    """Suppress an address

    Nothing is sent to it from now on, whoever asks. 200 says that this held already.
    """
    email_hash = _hash(body.email)
    new = suppress(session, email_hash, SuppressionReason.MANUAL, body.detail, now())
    found, email = session.execute(
        select(Suppression, Subscriber.email)
        .outerjoin(Subscriber, Subscriber.email_hash == Suppression.email_hash)
        .where(Suppression.email_hash == email_hash)
    ).one()
    if new:
        subject = masked(parse_address(body.email).email)
        noted(session, "suppression.add", subject, detail=body.detail)
    return Reply(_shown(found, email), 201 if new else 200)


@api.at(
    "POST /suppressions/<suppression_id>/lift",
    tag=SUPPRESSIONS,
    needs=Scope.SUBSCRIBERS_WRITE,
    answers={204: None},
)
def lift_suppression(session: Session, path: SuppressionPath, body: Lifting) -> Reply:
    """Let mail go to an address again

    Amazon SES keeps a list of its own for the account: take the address off there too.
    """
    found = session.get(Suppression, path.suppression_id)
    if found is None:
        raise Problem(NOT_FOUND, f"There is no suppression {path.suppression_id}.")
    asker = caller()
    why = f"{body.why} (by the API token {asker.words})"
    lift(session, found.email_hash, why, now(), asker.user_id)
    return Reply(None)


def _hash(text: str) -> str:
    try:
        return hash_of(parse_address(text))
    except BadAddress as error:
        raise bad_field("email", error) from error


def _shown(suppression: Suppression, email: str | None) -> SuppressionShown:
    return SuppressionShown(
        id=suppression.id,
        email=email,
        reason=suppression.reason,
        detail=suppression.detail,
        created_at=suppression.created_at,
    )

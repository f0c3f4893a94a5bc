"""Shapes that every part of the API shares: texts, moments, ids, pages."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
)
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.models import Newsletter
from service.staff.users import audit
from service.web.api.callers import caller
from service.web.asking import now
from service.web.problems import NOT_POSSIBLE, Problem, bad_field

MOST = 200
"""Rows of one page."""

LARGEST_ID = 2**53 - 1
"""Beyond it, JSON's numbers are not exact (RFC 8259, 6)."""

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.A)
_DIGITS = re.compile(r"-?[0-9]{1,18}", re.A)
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Shape(BaseModel):
    """A JSON object that refuses fields it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _moment(value: Any) -> Any:
    """A date and a time as RFC 3339 has them, and nothing that pydantic takes besides."""
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        raise ValueError("Give a date and a time with its zone, such as 2026-11-21T07:00:00Z.")
    return datetime.fromisoformat(value.upper())


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("That moment is out of reach.") from error


def _whole(value: Any) -> Any:
    if isinstance(value, str) and not _DIGITS.fullmatch(value):
        raise ValueError("Give a whole number.")
    return value


def _storable(text: str) -> str:
    if CONTROL.search(text) or any("\ud800" <= char <= "\udfff" for char in text):
        raise ValueError("Leave out control characters; line breaks and tabs may stay.")
    return text


Text = Annotated[str, AfterValidator(_storable)]
Moment = Annotated[AwareDatetime, BeforeValidator(_moment), AfterValidator(_in_utc)]
Id = Annotated[int, BeforeValidator(_whole), Field(ge=1, le=LARGEST_ID)]
InQuery = Annotated[int, BeforeValidator(_whole)]
Address = Annotated[
    str,
    Field(max_length=254, json_schema_extra={"format": "email"}),
    AfterValidator(_storable),
]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]


class Paged(Shape):
    """Which part of a list."""

    limit: InQuery = Field(default=50, ge=1, le=MOST, description="Rows of one page.")
    cursor: Text | None = Field(
        default=None, max_length=40, description="`next` of the page before; none for the first."
    )

    @property
    def after(self) -> int | None:
        """The id below which the page begins; raises a problem for what is no cursor of ours."""
        return None if self.cursor is None else read_cursor(self.cursor)


def cursor_of(identity: int) -> str:
    return base64.urlsafe_b64encode(str(identity).encode()).decode().rstrip("=")


def read_cursor(text: str) -> int:
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        said = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
    except (ValueError, binascii.Error) as error:
        raise bad_field("cursor", "Give the `next` of the page before, as it was.") from error
    if not re.fullmatch("[0-9]{1,18}", said) or cursor_of(int(said)) != text:
        raise bad_field("cursor", "Give the `next` of the page before, as it was.")
    return int(said)


def newsletter_named(session: Session, slug: str) -> Newsletter:
    """The newsletter that a field ``newsletter`` names; a 422 when there is none."""
    found = session.scalars(select(Newsletter).where(Newsletter.slug == slug)).one_or_none()
    if found is None:
        raise bad_field("newsletter", f"There is no newsletter “{slug}”.")
    return found


def running(newsletter: Newsletter) -> Newsletter:
    """*newsletter*, which takes readers and issues; a 409 when it is archived."""
    if newsletter.archived_at is not None:
        raise Problem(NOT_POSSIBLE, f"{newsletter.name} is archived: nothing is sent of it.")
    return newsletter


def noted(session: Session, action: str, subject: str, **detail: Any) -> None:
    """Who did what, for the audit log: the token's owner, by the token."""
    asker = caller()
    audit(session, asker.user_id, action, subject, now(), token=asker.words, **detail)

"""To which readers alone an issue goes: a value that the issue holds, and its words.

All that a segment names must hold of a reader; of one list (tags, sections) one is enough. Days
begin on the newsletter's own clock. Its SQL is :mod:`service.audience.segment_sql`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from service.audience.choices import section_specs
from service.audience.tags import clean_tag
from service.models import Cadence, MailFormat, Newsletter
from service.models.document import Value

MOST = 50
"""Names in one list."""


class BadSegment(ValueError):
    """Not a segment of this newsletter's readers; the text says what to change."""


def _once_each(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))


Names = Annotated[tuple[str, ...], Field(max_length=MOST), AfterValidator(_once_each)]
Tags = Annotated[
    tuple[Annotated[str, AfterValidator(clean_tag)], ...],
    Field(max_length=MOST),
    AfterValidator(_once_each),
]


class Held(Value):
    """That the reader got, or may have got, one of some renderings of an earlier issue."""

    issue: int
    """The earlier issue's id."""
    variants: tuple[int, ...]
    """Ids of those of its renderings that held it."""
    about: str = ""
    """What it was, such as the title of an entry; '' for the whole issue."""


class Segment(Value):
    """Kept as JSON in ``Issue.segment``. One that names nothing is every reader."""

    held: Held | None = None
    """Of a correction: only who got what it corrects."""
    sections: Names = ()
    """Slugs. A reader of all sections reads each of them."""
    topics: Names = ()
    """Likewise: who chose no topic gets all of them."""
    cadences: Annotated[tuple[Cadence, ...], AfterValidator(_once_each)] = ()
    mail_format: MailFormat | None = None
    tags: Tags = ()
    """One of them."""
    without_tags: Tags = ()
    """None of them."""
    joined_since: date | None = None
    joined_before: date | None = None
    """That day itself is not in it."""
    opened_since: date | None = None
    """Opened an issue of the newsletter since; what machines opened does not count."""

    @model_validator(mode="after")
    def _can_hold_of_somebody(self) -> Self:
        if both := sorted(set(self.tags) & set(self.without_tags)):
            raise ValueError(f"nobody is both with and without the tag “{both[0]}”")
        since, before = self.joined_since, self.joined_before
        if since is not None and before is not None and before <= since:
            raise ValueError("nobody joined before a day and after it: swap the two days")
        return self

    @property
    def is_everyone(self) -> bool:
        return self == Segment()


def read_segment(newsletter: Newsletter, asked: Mapping[str, Any]) -> Segment:
    """What a form or a program asked for, by the names of :class:`Segment`'s fields.

    Raises :class:`BadSegment` with a sentence for the editor.
    """
    try:
        segment = Segment.model_validate(asked)
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0]).replace("_", " ") if first["loc"] else ""
        said = first["msg"].removeprefix("Value error, ")
        raise BadSegment(f"{field}: {said}." if field else f"{_upper(said)}.") from error
    specs = section_specs(newsletter)
    offered = {
        "section": {spec.slug for spec in specs},
        "topic": {topic for spec in specs for topic in spec.topics},
    }
    for what, names in (("section", segment.sections), ("topic", segment.topics)):
        if unknown := sorted(set(names) - offered[what]):
            there = ", ".join(sorted(offered[what])) or "none"
            raise BadSegment(f"{newsletter.name} has no {what} “{unknown[0]}”. There is: {there}.")
    if segment.opened_since is not None and not newsletter.tracking:
        raise BadSegment(
            f"{newsletter.name} does not track opens, so nobody can be chosen by them. "
            "Leave that out, or turn tracking on in its settings."
        )
    return segment


def describe(segment: Segment, newsletter: Newsletter | None = None) -> str:
    """``readers with the tag beta who joined since 1 March 2026``; sections by their headings."""
    headings = {} if newsletter is None else {s.slug: s.heading for s in section_specs(newsletter)}
    who = [*_did(segment), *_chose(segment, headings)]
    return " ".join(
        part
        for part in (
            "readers" if not segment.is_everyone else "every reader",
            _tagged(segment),
            f"who {_listed(who, 'and')}" if who else "",
        )
        if part
    )


def _tagged(segment: Segment) -> str:
    with_, without = _listed(segment.tags, "or"), _listed(segment.without_tags, "or")
    said = []
    if with_:
        said.append(f"with the tag {with_}")
    if without:
        said.append(f"without the tag {without}")
    return " and ".join(said)


def _did(segment: Segment) -> list[str]:
    said = []
    if segment.held is not None:
        what = f"“{segment.held.about}”" if segment.held.about else "the issue that it corrects"
        said.append(f"got {what}")
    since, before = segment.joined_since, segment.joined_before
    days = [f"since {_day(since)}"] if since else []
    days += [f"before {_day(before)}"] if before else []
    if days:
        said.append(f"joined {' and '.join(days)}")
    if segment.opened_since:
        said.append(f"opened an issue since {_day(segment.opened_since)}")
    return said


def _chose(segment: Segment, headings: Mapping[str, str]) -> list[str]:
    said = []
    if segment.sections:
        said.append(f"read {_listed([headings.get(s, s) for s in segment.sections], 'or')}")
    if segment.topics:
        said.append(f"follow {_listed(segment.topics, 'or')}")
    if segment.cadences:
        said.append(f"get it {_listed([RHYTHM[one] for one in segment.cadences], 'or')}")
    if segment.mail_format is not None:
        said.append(f"get it as {FORM[segment.mail_format]}")
    return said


RHYTHM = {Cadence.DAILY: "daily", Cadence.WEEKDAYS: "on weekdays", Cadence.WEEKLY: "weekly"}
FORM = {MailFormat.HTML: "HTML", MailFormat.TEXT: "plain text"}


def _day(day: date) -> str:
    return f"{day.day} {day:%B} {day.year}"


def _listed(names: list[str] | tuple[str, ...], last: str) -> str:
    """``a, b or c``."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {last} {names[-1]}"


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]

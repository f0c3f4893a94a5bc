"""What a newsletter's file may say. Everything else in it is refused, with what is allowed."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from service.audience.addresses import parse_address
from service.localtime import zone
from service.models import Approval, UnapprovedPolicy, UnknownPolicy
from service.models.document import SectionKind, SectionSpec

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

PAGES_OF_OURS = frozenset({"archive", "check-inbox", "embed", "privacy"})
"""A section's page stands beside these, at ``/n/<newsletter>/<section>``."""

ONLY_IN: dict[str, SectionKind] = {"table": "tables", "github": "repos"}
"""Kinds of sources that give tables, with the kind of section that can show them."""


def _one_line(text: str) -> str:
    if not text.strip() or any(ord(char) < 32 or ord(char) == 127 for char in text):
        raise ValueError("must be one line of text, and not empty")
    return text


def _address(text: str) -> str:
    return parse_address(text).email


def _timezone(name: str) -> str:
    return zone(name).key


def _source_address(url: str) -> str:
    if url and not re.fullmatch(
        r"https?://[^\s/?#]+[^\s]*|upload:[A-Za-z0-9][A-Za-z0-9._-]{0,99}", url
    ):
        raise ValueError(
            "must be an address that begins with http:// or https://, or name a file in the "
            "folder uploads like upload:posts.json"
        )
    return url


def _json(value: dict[str, Any]) -> dict[str, Any]:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(
            "may hold text, numbers, true, false, lists and tables only; write a date as text"
        ) from error
    return value


Line = Annotated[str, Field(max_length=200), AfterValidator(_one_line)]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
Address = Annotated[str, AfterValidator(_address)]
Table = Annotated[dict[str, Any], AfterValidator(_json)]


class Part(BaseModel):
    """A part of the file: unknown fields are refused, so that a slip does not pass in silence."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SenderSpec(Part):
    name: str = Field(default="", max_length=200)
    """'' means the newsletter's name."""
    address: Address
    reply_to: Address | None = None


class ScheduleSpec(Part):
    timezone: Annotated[str, AfterValidator(_timezone)] = "UTC"
    time: str = Field(default="07:00", pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")
    """When the issue is made and, unless an editor approves it, begins to go out."""
    days: tuple[Day, ...] = DAYS
    """() means that no daily issue is made by itself."""
    weekly: Day | None = None
    """The day of the digest for weekly readers."""

    @property
    def hour(self) -> int:
        return int(self.time[:2])

    @property
    def minute(self) -> int:
        return int(self.time[3:])

    @property
    def weekdays(self) -> list[int]:
        """``days`` counted from Monday as 0."""
        return sorted({DAYS.index(day) for day in self.days})

    @property
    def weekly_day(self) -> int | None:
        return None if self.weekly is None else DAYS.index(self.weekly)


class PublishingSpec(Part):
    approval: Approval = Approval.AUTO
    """``auto`` sends at the hour, ``approve`` waits for an editor."""
    hold_hours: int = Field(default=12, ge=1, le=24 * 7)
    """How long an issue waits for an editor, who is reminded at once and shortly before."""
    when_unapproved: UnapprovedPolicy = UnapprovedPolicy.HOLD
    """What becomes of it then: ``hold`` leaves it waiting, ``skip`` sends nothing that day."""
    min_items: int = Field(default=1, ge=0, le=1000)
    """With fewer new items ``auto`` skips the day."""
    when_unknown: UnknownPolicy = UnknownPolicy.SKIP
    """What becomes of a delivery of which Amazon never said whether it took it."""


class SendingSpec(Part):
    canary_percent: float = Field(default=0.0, ge=0, le=50, allow_inf_nan=False)
    """Of the readers who are due at once, who are written to first; 0 means nobody ahead."""
    canary_minutes: int = Field(default=10, ge=1, le=24 * 60)
    """How long the others wait for what becomes of the first; see ``delivery.canary``."""
    lateness_hours: int = Field(default=12, ge=1, le=24 * 7)
    """So long after their own hour readers get nothing rather than old news."""
    tracking: bool = Field(default=False, strict=True)
    """Opens and clicks are kept. Off by default."""


class SourceSpec(Part):
    slug: Slug
    kind: str = Field(min_length=1, max_length=32)
    name: Line
    url: Annotated[str, AfterValidator(_source_address)] = ""
    """'' for a source whose text stands in its ``config``."""
    section: str
    interval_minutes: int = Field(default=60, ge=1, le=7 * 24 * 60)
    paused: bool = False
    config: Table = {}

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        if not self.url and self.kind != "manual":
            raise ValueError("a source needs a url")
        return self


class NewsletterSpec(Part):
    """The whole file."""

    slug: Slug
    name: Line
    description: str = ""
    byline: str = Field(default="", max_length=200)
    language: str = Field(default="en", pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")
    postal_address: str = Field(pattern=r"\S")
    """CAN-SPAM asks for one in every issue."""
    sender: SenderSpec
    schedule: ScheduleSpec = ScheduleSpec()
    publishing: PublishingSpec = PublishingSpec()
    sending: SendingSpec = SendingSpec()
    theme: Table = {}
    sections: tuple[SectionSpec, ...] = Field(min_length=1)
    sources: tuple[SourceSpec, ...] = ()

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        for what, slugs in (
            ("sections", [section.slug for section in self.sections]),
            ("sources", [source.slug for source in self.sources]),
        ):
            twice = [slug for slug, count in Counter(slugs).items() if count > 1]
            if twice:
                raise ValueError(f"two {what} have the slug '{twice[0]}'")
        hidden = sorted(PAGES_OF_OURS & {section.slug for section in self.sections})
        if hidden:
            raise ValueError(f"'{hidden[0]}' is a page of ours; give the section another slug")
        kinds: dict[str, SectionKind] = {section.slug: section.kind for section in self.sections}
        problems = [problem for source in self.sources if (problem := _misplaced(source, kinds))]
        if problems:
            raise ValueError("; ".join(problems))
        return self


def _misplaced(source: SourceSpec, kinds: dict[str, SectionKind]) -> str:
    """Why *source* does not go into its section; '' when it does."""
    if source.section not in kinds:
        return (
            f"source '{source.slug}': there is no section '{source.section}'; "
            f"there are {', '.join(kinds)}"
        )
    found, wanted = kinds[source.section], ONLY_IN.get(source.kind)
    if wanted is not None and found != wanted:
        return (
            f"source '{source.slug}' is a {source.kind} and belongs into a section of kind "
            f"'{wanted}', but '{source.section}' is of kind '{found}'"
        )
    if wanted is None and found in ONLY_IN.values():
        givers = " or ".join(kind for kind, shown in ONLY_IN.items() if shown == found)
        return (
            f"source '{source.slug}' gives items, but section '{source.section}' of kind "
            f"'{found}' shows sources of kind {givers} only"
        )
    return ""

"""What is wrong with a newsletter's file, said so that it can be put right."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from service.models.document import SectionSpec
from service.newsletters.spec import (
    NewsletterSpec,
    PublishingSpec,
    ScheduleSpec,
    SenderSpec,
    SendingSpec,
    SourceSpec,
)

PARTS: dict[str, type[BaseModel]] = {
    "sender": SenderSpec,
    "schedule": ScheduleSpec,
    "publishing": PublishingSpec,
    "sending": SendingSpec,
    "sections": SectionSpec,
    "sources": SourceSpec,
}

WRITTEN_LIKE = {
    "slug": "must be small letters, digits and hyphens, beginning with a letter",
    "time": "must be written like 07:00",
    "language": "must be written like en or pt-BR",
    "postal_address": "must not be empty: the law asks for one in every issue",
}
"""What the pattern of a field means."""

EXAMPLES = {
    "slug": 'it like slug = "daily-report"',
    "name": 'it like name = "The Daily Report"',
    "postal_address": 'it like postal_address = "1 Main Street, Bristol"',
    "sender": '[sender] and below it address = "news@example.org"',
    "address": 'it like address = "news@example.org"',
    "sections": "a [[sections]] with slug, kind and heading for each section",
    "heading": 'it like heading = "AI Labs"',
    "section": 'it like section = "labs", the slug of a section',
    "sections.kind": 'it like kind = "headlines"',
    "sources.kind": 'it like kind = "feed"',
}
"""What to write for a field that must be there."""


Place = tuple[int | str, ...]
"""Where something stands: ``("sources", 2, "url")``."""


class BadNewsletter(ValueError):
    """The file cannot be loaded; nothing was changed. ``problems`` has a sentence for each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def read_spec(text: str) -> NewsletterSpec:
    """*text* as a newsletter; raises :class:`BadNewsletter` with every problem found."""
    try:
        raw = tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        raise BadNewsletter([f"This is not TOML: {error}."]) from error
    if _holds_nul(raw):
        raise BadNewsletter(["The file holds a NUL character, which no database keeps: remove it."])
    try:
        return NewsletterSpec.model_validate(raw)
    except ValidationError as error:
        problems = [
            sentence(text, found["loc"], f"{_named(found['loc'], raw)}{said(found, found['loc'])}")
            for found in causes(error.errors())
        ]
        raise BadNewsletter(problems) from error


def causes(found: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """Without the complaint that a list is empty, where its only parts are complained of."""
    blamed = {problem["loc"][:1] for problem in found if len(problem["loc"]) > 1}
    return [each for each in found if each["type"] != "too_short" or each["loc"] not in blamed]


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, Mapping):
        return any(_holds_nul(part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(_holds_nul(part) for part in value)


def sentence(text: str, place: Place, what: str) -> str:
    """*what* is so of that which stands at *place*, with its line and a full stop."""
    line = line_of(text, place)
    at = f"line {line}: " if line else ""
    return f"{at}{what.rstrip('.')}."


def said(found: Mapping[str, Any], place: Place) -> str:
    """What is wrong with what stands at *place*, in words that go on from its name."""
    if found["type"] == "missing":
        name = str(place[-1])
        example = EXAMPLES.get(f"{place[0]}.{name}") or EXAMPLES[name]
        return f"is missing; write {example}"
    if found["type"] == "extra_forbidden":
        allowed = sorted(_model_at(place).model_fields)
        near = difflib.get_close_matches(str(place[-1]), allowed, n=1)
        there_are = ", ".join(allowed)
        if near:
            return (
                f"is not known here. Write '{near[0]}' instead, or remove it. "
                f"There are: {there_are}"
            )
        return f"is not known here. Remove it, or use one of: {there_are}"
    if found["type"] == "string_pattern_mismatch" and place[-1] in WRITTEN_LIKE:
        return WRITTEN_LIKE[str(place[-1])]
    if found["type"] == "too_short":
        return f"must not be empty; write {EXAMPLES[str(place[-1])]}"
    return str(found["msg"]).removeprefix("Value error, ").replace("Input should", "must", 1)


def _model_at(place: Place) -> type[BaseModel]:
    return PARTS.get(str(place[0]), NewsletterSpec) if len(place) > 1 else NewsletterSpec


def _named(place: Place, raw: Mapping[str, Any]) -> str:
    """``source 'bench', interval_minutes: ``"""
    steps = list(place)
    words = []
    if len(steps) > 1 and isinstance(steps[1], int):
        group, index = str(steps.pop(0)), int(steps.pop(0))
        part = raw[group][index]
        slug = part.get("slug") if isinstance(part, dict) else None
        words.append(f"{group.removesuffix('s')} {repr(slug) if slug else index + 1}")
    if steps:
        words.append(".".join(str(step) for step in steps))
    return f"{', '.join(words)}: " if words else ""


def line_of(text: str, place: Place) -> int | None:
    """The line of the field at *place*, else that of its table; None when it has no line.

    Looks at the lines as they stand, so a field within an inline table gives the table's line.
    """
    lines = text.splitlines()
    steps = list(place)
    start = 0
    header = re.compile(rf"\s*\[\[?{re.escape(str(steps[0]))}\]\]?") if steps else None
    headers = [n for n, line in enumerate(lines, 1) if header and header.match(line)]
    if headers or (len(steps) > 1 and str(steps[0]) in PARTS):
        steps.pop(0)
        nth = int(steps.pop(0)) if steps and isinstance(steps[0], int) else 0
        if nth >= len(headers):
            return None
        start = headers[nth]
    for number, line in enumerate(lines[start:], start + 1):
        if steps and re.match(rf"\s*{re.escape(str(steps[0]))}\s*[=.]", line):
            return number
        if re.match(r"\s*\[", line):
            break
    return start or None

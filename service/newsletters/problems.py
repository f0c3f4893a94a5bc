"""What is wrong with a newsletter's file, said so that it can be put right."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from service.models.document import SectionSpec
from service.newsletters.spec import (
    NewsletterSpec,
    PublishingSpec,
    ScheduleSpec,
    SenderSpec,
    SourceSpec,
)

PARTS: dict[str, type[BaseModel]] = {
    "sender": SenderSpec,
    "schedule": ScheduleSpec,
    "publishing": PublishingSpec,
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
        problems = [_sentence(found, raw, text) for found in error.errors()]
        raise BadNewsletter(problems) from error


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, Mapping):
        return any(_holds_nul(part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(_holds_nul(part) for part in value)


def _sentence(found: Mapping[str, Any], raw: Mapping[str, Any], text: str) -> str:
    place = tuple(step for step in found["loc"])
    line = line_of(text, place)
    at = f"line {line}: " if line else ""
    return f"{at}{_named(place, raw)}{_said(found, place)}"


def _said(found: Mapping[str, Any], place: tuple[int | str, ...]) -> str:
    if found["type"] == "missing":
        return "is missing."
    if found["type"] == "extra_forbidden":
        allowed = sorted(_model_at(place).model_fields)
        near = difflib.get_close_matches(str(place[-1]), allowed, n=1)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        return f"is not known here.{hint} There are: {', '.join(allowed)}."
    if found["type"] == "string_pattern_mismatch" and place[-1] in WRITTEN_LIKE:
        return f"{WRITTEN_LIKE[str(place[-1])]}."
    said = str(found["msg"]).removeprefix("Value error, ")
    return f"{said}." if not said.endswith(".") else said


def _model_at(place: tuple[int | str, ...]) -> type[BaseModel]:
    return PARTS.get(str(place[0]), NewsletterSpec) if len(place) > 1 else NewsletterSpec


def _named(place: tuple[int | str, ...], raw: Mapping[str, Any]) -> str:
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


def line_of(text: str, place: tuple[int | str, ...]) -> int | None:
    """The line of the field at *place*, else that of its table; None when it has no line.

    Looks at the lines as they stand, so a field within an inline table gives the table's line.
    """
    lines = text.splitlines()
    steps = list(place)
    start = 0
    if len(steps) > 1 and str(steps[0]) in PARTS:
        group = re.escape(str(steps.pop(0)))
        nth = int(steps.pop(0)) if isinstance(steps[0], int) else 0
        headers = [n for n, line in enumerate(lines) if re.match(rf"\s*\[\[?{group}\]\]?", line)]
        if nth >= len(headers):
            return None
        start = headers[nth] + 1
    for number, line in enumerate(lines[start:], start + 1):
        if steps and re.match(rf"\s*{re.escape(str(steps[0]))}\s*[=.]", line):
            return number
        if re.match(r"\s*\[", line):
            break
    return start or None

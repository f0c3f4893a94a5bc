"""A draft as an editor shapes it: its sections, their entries, and what each form has seen.

Two editors may have one draft open. Every form carries a mark of what it was made of; when that
is no longer so, the form is answered with what changed instead of being obeyed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from service.issues.build import issue_entries
from service.issues.errors import BadInput
from service.issues.gather import ENTRY
from service.issues.words import specs_of
from service.models import Entry, Issue
from service.models.document import AnyEntry, Headline, Paper, Post, SectionSpec


@dataclass(frozen=True)
class Field:
    """One field of an entry that an editor may change."""

    name: str
    label: str
    is_long: bool = False
    is_needed: bool = False


TITLE = Field("title", "Title", is_needed=True)
NAME = Field("name", "Name", is_needed=True)
LINK = Field("url", "Link")

FIELDS: dict[str, tuple[Field, ...]] = {
    "headline": (TITLE, LINK, Field("source", "Source"), Field("summary", "Summary", is_long=True)),
    "paper": (
        TITLE,
        LINK,
        Field("authors", "Authors"),
        Field("abstract", "Abstract", is_long=True),
    ),
    "table": (NAME, LINK, Field("measure", "Measure"), Field("note", "Note", is_long=True)),
    "repo": (NAME, LINK, Field("description", "Description", is_long=True)),
    "post": (
        Field("author", "Author", is_needed=True),
        LINK,
        Field("text", "Text", is_long=True, is_needed=True),
        Field("quoted_author", "Quoted author"),
        Field("quoted_text", "Quoted text", is_long=True),
    ),
}


@dataclass(frozen=True)
class Line:
    """An entry in its place."""

    row: Entry
    value: AnyEntry
    mark: str
    may_rise: bool = False
    may_sink: bool = False

    @property
    def title(self) -> str:
        value = self.value
        if isinstance(value, Post):
            return value.text
        return value.title if isinstance(value, Headline | Paper) else value.name

    @property
    def source(self) -> str:
        match self.value.kind:
            case "headline":
                return self.value.source
            case "paper":
                return self.value.category
            case "table":
                return f"{len(self.value.rows)} rows"
            case "repo":
                return self.value.language
            case "post":
                return self.value.author

    @property
    def at(self) -> datetime | None:
        return getattr(self.value, "published_at", None)

    @property
    def fields(self) -> list[tuple[Field, str]]:
        """What may be changed, and how it stands."""
        return [(field, getattr(self.value, field.name)) for field in FIELDS[self.value.kind]]


@dataclass(frozen=True)
class Part:
    """A section of the draft: what is in it, in order, and what was dropped."""

    spec: SectionSpec
    lines: tuple[Line, ...]
    dropped: tuple[Line, ...]
    mark: str
    """Of the order."""


def outline_of(session: Session, issue: Issue) -> tuple[Part, ...]:
    rows = issue_entries(session, issue)
    return tuple(
        _part(spec, [row for row in rows if row.section == spec.slug])
        for spec in specs_of(issue.newsletter)
    )


def shown_order(rows: Sequence[Entry]) -> list[Entry]:
    """The entries of a section as a mail has them: pinned first, dropped ones left out."""
    kept = [row for row in rows if not row.dropped]
    return sorted(kept, key=lambda row: (not row.pinned, row.position, row.id))


def placed(rows: Sequence[Entry], entry: Entry, place: int) -> list[str]:
    """Pure: the keys of a section's *rows* once *entry* stands at *place*, from 1, as shown.

    Those that were pinned or dropped stay where they are. Raises :class:`BadInput` for a place
    that the entry cannot have.
    """
    shown = shown_order(rows)
    alike = [row for row in shown if row.pinned == entry.pinned]
    to = place - 1 - shown.index(alike[0])
    if not 0 <= to < len(alike):
        raise BadInput("It cannot stand there: pinned entries stand before all others.")
    alike.remove(entry)
    alike.insert(to, entry)
    following = iter(alike)
    return [
        row.key if row.dropped or row.pinned != entry.pinned else next(following).key
        for row in rows
    ]


def entry_mark(row: Entry) -> str:
    return mark_of([row.pinned, row.dropped, row.data])


def order_mark(rows: Sequence[Entry]) -> str:
    return mark_of([row.key for row in shown_order(rows)])


def words_mark(issue: Issue) -> str:
    """Of what editors wrote: words that follow from the entries may change under a form."""
    own = issue.editorial if issue.editorial_origin not in ("none", "template") else ""
    words = [issue.subject, issue.preheader] if issue.words_touched else []
    return mark_of([*words, own])


def mark_of(value: object) -> str:
    """Of something that JSON can hold: the same for the same, and another for anything else."""
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def shown_marks(words: Mapping[str, str]) -> str:
    """What a form shows of the words, for :func:`changed_since`: ``subject:3f…,preheader:…``."""
    return ",".join(f"{name}:{mark_of(text.strip())}" for name, text in words.items())


def changed_since(
    shown: str, typed: Mapping[str, str], stored: Mapping[str, str]
) -> dict[str, str]:
    """Pure: the *typed* words that are neither what the form had *shown* nor what is stored.

    What follows from the entries may have changed under the form: left alone, it goes on following.
    """
    was = dict(part.split(":", 1) for part in shown.split(",") if ":" in part)
    return {
        name: text
        for name, text in typed.items()
        if text.strip() != stored[name].strip() and was.get(name) != mark_of(text.strip())
    }


def _part(spec: SectionSpec, rows: Sequence[Entry]) -> Part:
    order = shown_order(rows)
    lines = [
        Line(
            row,
            ENTRY.validate_python(row.data),
            entry_mark(row),
            may_rise=place > 0 and order[place - 1].pinned == row.pinned,
            may_sink=place + 1 < len(order) and order[place + 1].pinned == row.pinned,
        )
        for place, row in enumerate(order)
    ]
    dropped = [
        Line(row, ENTRY.validate_python(row.data), entry_mark(row)) for row in rows if row.dropped
    ]
    return Part(spec, tuple(lines), tuple(dropped), order_mark(rows))

"""Which renderings of a frozen issue held an entry: whom a correction of it concerns."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.audience.choices import wanted_by
from service.audience.segment import Held
from service.models.audience import Choice
from service.models.content import Issue, Variant
from service.models.document import AnyEntry, Document, Post, Repository, Section, TableEntry
from service.rendering.filters import one_space
from service.rendering.issue import choose
from service.rendering.variants import frozen_document

LONGEST_TITLE = 120


@dataclass(frozen=True)
class HeldEntry:
    """One entry of an issue, and the ids of the variants that show it."""

    number: int
    """From 1, through all sections in their order."""
    section: str
    """Its heading."""
    title: str
    variants: tuple[int, ...]


def held_entries(session: Session, issue: Issue) -> list[HeldEntry]:
    """The entries that some rendering of *issue* shows, each with those renderings.

    By each choice and by the sections' limits. That a mail was too long for an entry is not looked
    at: its readers count as having got it.
    """
    document = frozen_document(issue)
    choices = session.execute(
        select(Variant.id, Choice)
        .join(Choice, Choice.id == Variant.choice_id)
        .where(Variant.issue_id == issue.id)
        .order_by(Variant.id)
    )
    shown = [(variant_id, choose(document, wanted_by(choice))) for variant_id, choice in choices]
    held = []
    for number, (section, entry) in enumerate(_entries(document), start=1):
        variants = tuple(id for id, chosen in shown if _shows(chosen, section, entry))
        if variants:
            held.append(HeldEntry(number, section.spec.heading, title_of(entry), variants))
    return held


class NothingHeld(ValueError):
    """No reader can have got what is to be corrected; the text says what there is."""


def held_by(session: Session, issue: Issue, number: int) -> Held:
    """Those whose rendering of *issue* held its entry *number*; 0 is the whole issue.

    Raises :class:`NothingHeld`.
    """
    if issue.audience_count is None:
        raise NothingHeld(f"Issue {issue.number} has gone to nobody: there is nothing to correct.")
    if number == 0:
        variants = select(Variant.id).where(Variant.issue_id == issue.id).order_by(Variant.id)
        return Held(issue=issue.id, variants=tuple(session.scalars(variants)))
    held = {entry.number: entry for entry in held_entries(session, issue)}
    if number not in held:
        there = ", ".join(map(str, held)) or "none"
        raise NothingHeld(
            f"No mail of issue {issue.number} held an entry {number}. Those that some did: {there}."
        )
    entry = held[number]
    return Held(issue=issue.id, variants=entry.variants, about=entry.title)


def title_of(entry: AnyEntry) -> str:
    """What a person would call *entry*, in one line."""
    if isinstance(entry, Post):
        words = f"{entry.author}: {entry.text}"
    elif isinstance(entry, TableEntry | Repository):
        words = entry.name
    else:
        words = entry.title
    line = one_space(words)
    return line if len(line) <= LONGEST_TITLE else f"{line[: LONGEST_TITLE - 1]}…"


def _entries(document: Document) -> list[tuple[Section, AnyEntry]]:
    return [(section, entry) for section in document.sections for entry in section.entries]


def _shows(chosen: Document, section: Section, entry: AnyEntry) -> bool:
    for shown in chosen.sections:
        if shown.spec.slug != section.spec.slug:
            continue
        if isinstance(entry, TableEntry):  # of which a mail shows only the first rows
            return entry.name in {table.name for table in _tables(shown)}
        return entry in shown.entries
    return False


def _tables(section: Section) -> list[TableEntry]:
    return [entry for entry in section.entries if isinstance(entry, TableEntry)]

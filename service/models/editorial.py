"""The editorial that stands in when nobody wrote one: plain sentences of counts and movements.

It says only what the mail itself shows: rows above each section's limit, and no table that is
empty that day. A change is given in points, for an index is not a percentage. It stands here
because ``issues`` writes it for the whole issue, and ``rendering`` anew for what each choice of
readers, and the size of a mail, leave of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from service.languages import dates, gettext, listed, ngettext
from service.models.document import NEW, Document, Repository, Section, TableEntry

NAMED = 2
"""How many rows of one table are named in one sentence."""

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~])")


@dataclass(frozen=True)
class Movement:
    """One visible row that moved; ``change`` in points, ``score`` as the table shows it."""

    name: str
    change: float
    score: str


def fallback(sections: Sequence[Section]) -> str:
    """Markdown: how much there is, then what moved; '' when there is nothing to say."""
    paragraphs = [_counts(sections), " ".join(_movements(sections))]
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def retold(document: Document) -> Document:
    """*document* with its stand-in made anew of the sections it has now; what anybody wrote stays.

    An issue without a stand-in gets none.
    """
    if document.editorial_origin != "template":
        return document
    return document.model_copy(update={"editorial": fallback(document.sections)})


def _counts(sections: Sequence[Section]) -> str:
    parts = []
    for section in sections:
        if section.spec.kind == "tables":
            continue
        shown = len(section.entries[: section.spec.limit])
        if shown:
            # Translators: so many entries in a section, as in "3 in Papers".
            heading = _plain(section.spec.heading)
            parts.append(gettext("%(count)s in %(section)s", count=shown, section=heading))
    return gettext("In this issue: %(list)s.", list=listed(parts)) if parts else ""


def _movements(sections: Sequence[Section]) -> Iterator[str]:
    for section in sections:
        for entry in section.entries:
            if isinstance(entry, TableEntry):
                yield from _table_sentences(entry, section.spec.limit)
        yield from _stars_sentence(section)


def _table_sentences(table: TableEntry, limit: int) -> Iterator[str]:
    name = _plain(table.name)
    score = _score_column(table)
    if score is None:
        return
    fresh = [row for row in table.rows[:limit] if row.change == NEW and row.cells[score]]
    if fresh:
        # Translators: a row of a ranking and its score, as in "Opus at 74.2".
        parts = [
            gettext("%(row)s at %(score)s", row=_plain(row.cells[1]), score=row.cells[score])
            for row in fresh[:NAMED]
        ]
        left = len(fresh) - NAMED
        more = [ngettext("%(num)s more", "%(num)s more", left)] if left > 0 else []
        yield gettext("New on %(table)s: %(list)s.", table=name, list=listed([*parts, *more]))
    moved = movements(table, limit)[:NAMED]
    if moved:
        told = listed([_movement(move) for move in moved])
        yield gettext("On %(table)s, %(list)s.", table=name, list=told)


def movements(table: TableEntry, limit: int) -> list[Movement]:
    """The visible rows that moved, those that moved most first."""
    score = _score_column(table)
    if score is None:
        return []
    moved = [
        Movement(row.cells[1], float(row.change), row.cells[score])
        for row in table.rows[:limit]
        if row.change and row.change != NEW
    ]
    return sorted(moved, key=lambda move: (-abs(move.change), move.name))


def _score_column(table: TableEntry) -> int | None:
    """Where the figure stands that changes are told of: behind the rank, which is a number too."""
    figures = (index for index, column in enumerate(table.columns) if index and column.numeric)
    return next(figures, None)


def _stars_sentence(section: Section) -> Iterator[str]:
    repositories = [
        entry
        for entry in section.entries[: section.spec.limit]
        if isinstance(entry, Repository) and entry.gained is not None and entry.gained > 0
    ]
    if repositories:
        top = max(repositories, key=lambda entry: (entry.gained or 0, entry.name))
        gained = top.gained or 0
        yield ngettext(
            "In %(section)s, %(name)s gained most: %(stars)s star.",
            "In %(section)s, %(name)s gained most: %(stars)s stars.",
            gained,
            section=_plain(section.spec.heading),
            name=_plain(top.name),
            stars=dates.number(gained),
        )


def _movement(move: Movement) -> str:
    """*move* in words, its change in points to one decimal."""
    size = round(abs(move.change), 1)
    values = {"row": _plain(move.name), "size": dates.number(size), "score": move.score}
    one = 1 if size == 1 else 2
    if move.change > 0:
        return ngettext(
            "%(row)s rose %(size)s point to %(score)s",
            "%(row)s rose %(size)s points to %(score)s",
            one,
            **values,
        )
    return ngettext(
        "%(row)s fell %(size)s point to %(score)s",
        "%(row)s fell %(size)s points to %(score)s",
        one,
        **values,
    )


def _plain(text: str) -> str:
    """A name inside Markdown, with nothing in it that Markdown would read."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))

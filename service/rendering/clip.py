"""Gmail hides what comes after about 102 KB, the unsubscribe link first: a mail is made to fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from service.models.document import Document, Section, TableEntry

LIMIT = 95_000
"""Bytes of HTML that a reader may get."""
ROOM_FOR_VALUES = 2_000
"""A reader's own links are longer than the sentinels that stand for them."""
SHORTEST_EDITORIAL = 200
"""Characters; a shorter rest says nothing."""


class TooLarge(ValueError):
    """Nothing is left to leave out, and the mail is still too large."""


@dataclass(frozen=True)
class Fit:
    """A document that fits, what it was cut from, and its HTML."""

    document: Document
    cut: frozenset[str]
    """Slugs of sections whose last entries were left out; ``editorial`` for its last words."""
    html: str


def fitted(document: Document, to_html: Callable[[Document, frozenset[str]], str]) -> Fit:
    """*document* with its lowest-ranked entries left out until ``to_html`` fits.

    Each time the section that takes the most room gives up its last entries. The editorial is
    shortened only when no entry is left. TooLarge when that is not enough either.
    """
    cut: frozenset[str] = frozenset()
    while True:
        html = to_html(document, cut)
        excess = len(html.encode()) - (LIMIT - ROOM_FOR_VALUES)
        if excess <= 0:
            return Fit(document, cut, html)
        shorter, where = _shortened(document, excess)
        if shorter == document:
            raise TooLarge(
                f"the mail is {excess:,} bytes too large without any entry: shorten the title, "
                "the preheader, the byline or the postal address"
            )
        document, cut = shorter, cut | {where}


def _shortened(document: Document, excess: int) -> tuple[Document, str]:
    largest = max(document.sections, key=_weight, default=None)
    if largest is None or not largest.entries:
        return document.model_copy(update={"editorial": _abridged(document.editorial, excess)}), (
            "editorial"
        )
    smaller = _without_last(largest, excess)
    sections = tuple(smaller if section is largest else section for section in document.sections)
    return document.model_copy(update={"sections": sections}), largest.spec.slug


def _weight(section: Section) -> int:
    return sum(len(entry.model_dump_json()) for entry in section.entries)


def _without_last(section: Section, excess: int) -> Section:
    """*section* without its last entries, about *excess* bytes of them and at least one.

    A long table gives up rows first: half of them each time.
    """
    last = section.entries[-1]
    if isinstance(last, TableEntry) and len(last.rows) > 1:
        halved = last.model_copy(update={"rows": last.rows[: len(last.rows) // 2]})
        return section.model_copy(update={"entries": (*section.entries[:-1], halved)})
    entries = section.entries
    freed = 0
    while entries and freed < min(excess, _weight(section) // 4 + 1):
        freed += len(entries[-1].model_dump_json())
        entries = entries[:-1]
    return section.model_copy(update={"entries": entries})


def _abridged(editorial: str, excess: int) -> str:
    """*editorial* shorter by about *excess*, ended at a paragraph or at a word."""
    keep = min(len(editorial) - excess // 2, len(editorial) * 9 // 10)
    if keep < SHORTEST_EDITORIAL:
        return ""
    head = editorial[:keep]
    paragraph = head.rpartition("\n\n")[0]
    if len(paragraph) > keep // 2:
        return paragraph
    return (head.rpartition(" ")[0] or head) + " …"

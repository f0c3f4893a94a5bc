"""What a model is told about an issue: the entries that a mail shows, and what moved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from service.issues.headline import one_line
from service.languages.dates import long_date
from service.models.document import (
    AnyEntry,
    Document,
    Headline,
    Paper,
    Post,
    Repository,
    Section,
    TableEntry,
)

Facts = dict[str, Any]
"""JSON: strings, whole numbers, lists and mappings."""

LONGEST_TEXT = 700
"""Characters of a summary or an abstract. The whole of all of them is more than a model reads."""


def facts_of(document: Document) -> Facts:
    """*document* as data. A section or a table without entries is not in it: of what is not
    there, nothing can be said."""
    sections = [_section(section) for section in document.sections]
    return {
        "newsletter": document.title,
        "date": long_date(document.issue_date),
        "sections": [section for section in sections if section["entries"]],
    }


def _section(section: Section) -> Facts:
    limit = section.spec.limit
    entries = section.entries if section.spec.kind == "tables" else section.entries[:limit]
    told = [fact for entry in entries if (fact := _entry(entry, limit))]
    return {"heading": section.spec.heading, "count": len(told), "entries": told}


def _entry(entry: AnyEntry, limit: int) -> Facts:
    match entry:
        case Headline():
            return {
                "title": entry.title,
                "source": entry.source,
                "summary": one_line(entry.summary, LONGEST_TEXT),
                "url": entry.url,
            }
        case Paper():
            return {
                "title": entry.title,
                "category": entry.category,
                "abstract": one_line(entry.abstract, LONGEST_TEXT),
                "url": entry.url,
            }
        case TableEntry():
            return _table(entry, limit)
        case Repository():
            gained = {} if entry.gained is None else {"stars_gained": entry.gained}
            return {"name": entry.name, "about": entry.description, "url": entry.url, **gained}
        case Post():
            return {
                "author": entry.author,
                "text": one_line(entry.text, LONGEST_TEXT),
                "url": entry.url,
            }


def _table(table: TableEntry, limit: int) -> Facts:
    """The rows that a mail shows; a change is in the unit of the first figure, in points."""
    labels = [column.label for column in table.columns]
    rows = [
        dict(zip(labels, row.cells, strict=True)) | ({"change": row.change} if row.change else {})
        for row in table.rows[:limit]
    ]
    if not rows:
        return {}
    return {"table": table.name, "measure": table.measure, "note": table.note, "rows": rows}


def texts(value: object) -> Iterator[str]:
    """Every string and number in *value*, as text."""
    if isinstance(value, dict):
        for part in value.values():
            yield from texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts(part)
    else:
        yield str(value)

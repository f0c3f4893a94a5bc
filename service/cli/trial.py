"""What a source gives, in lines to look at before anything of it is stored: pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from service.sources.kinds import Parsed, ParsedItem

MOST_SHOWN = 10


def lines_of(slug: str, found: Parsed) -> Iterator[str]:
    """How much *found* holds, what is wrong with it, and the first ten of everything."""
    rows = found.snapshot.rows if found.snapshot else ()
    groups = [
        ("entries", [_entry(item) for item in found.items]),
        ("rows", [_row(row) for row in rows]),
        ("passed over", [f"passed over: {reason}" for reason in found.skipped]),
    ]
    counts = [f"{len(group)} {what}" for what, group in groups if group]
    yield f"{slug}: {', '.join(counts) or 'no entries'}. Nothing was stored."
    if found.damage:
        yield f"  {found.damage}"
    for what, group in groups:
        yield from _first(what, group)


def _first(what: str, group: Sequence[str]) -> Iterator[str]:
    yield from (f"  {line}" for line in group[:MOST_SHOWN])
    if len(group) > MOST_SHOWN:
        yield f"  … {len(group) - MOST_SHOWN} more {what}"


def _entry(item: ParsedItem) -> str:
    day = f"{item.published_at:%Y-%m-%d}" if item.published_at else "undated   "
    return f"{day}  {item.title}  {item.url}"


def _row(row: Mapping[str, Any]) -> str:
    figures = row.get("values") or {"stars": row.get("stars")}
    said = ", ".join(f"{key} {'-' if value is None else value}" for key, value in figures.items())
    return f"{row['name']}: {said}"

"""The values that the deciders of this folder hand to one another."""

from __future__ import annotations

from dataclasses import dataclass

from service.models.document import AnyEntry


@dataclass(frozen=True)
class Line:
    """One entry in its place, with the key by which a rebuild finds it again."""

    key: str
    entry: AnyEntry
    item_id: int | None = None

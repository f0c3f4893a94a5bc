"""A week's issues to one digest: what they carried, ranked across the days."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from service.issues.compose import Candidate, Pool, of_section, pools
from service.issues.duplicates import Seen
from service.issues.tables import Board
from service.models.document import SectionSpec


@dataclass(frozen=True)
class Carried:
    """An entry of a daily issue as it went out, with its place there."""

    story: Candidate
    day: date
    rank: int
    """In its section of that day, from 0."""
    pinned: bool = False


def digest(
    specs: Sequence[SectionSpec],
    carried: Iterable[Carried],
    boards: Iterable[Board],
    settled: Iterable[Candidate] = (),
) -> tuple[Pool, ...]:
    """Merge what the days carried into the sections of *specs*.

    Pinned entries come first, then each day's first, each day's second and so on, the latest day
    before the others. Tables and repositories stand as they do now, compared over the week.
    *settled* are entries that the editor has decided about: they and what repeats them are left
    out. A story in two sections stays in the first.
    """
    order = {spec.slug: index for index, spec in enumerate(specs)}
    seen = Seen()
    for story in sorted(settled, key=_name):
        seen.admit(story.canonical_url, story.title)
    ranked = sorted(
        (found for found in carried if found.story.section in order),
        key=lambda found: (order[found.story.section], _place(found)),
    )
    stories = [
        found.story for found in ranked if seen.admit(found.story.canonical_url, found.story.title)
    ]
    return pools(specs, {spec.slug: of_section(stories, spec) for spec in specs}, boards)


def _place(found: Carried) -> tuple[bool, int, int, tuple[str, str, str]]:
    return (not found.pinned, found.rank, -found.day.toordinal(), _name(found.story))


def _name(story: Candidate) -> tuple[str, str, str]:
    return (story.canonical_url, story.title, story.key)

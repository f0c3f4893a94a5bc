"""Candidates to ranked sections. The same inputs give the same lines, whatever their order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from service.issues.duplicates import Seen
from service.issues.tables import Board, repository_lines, table_lines
from service.issues.values import Line
from service.models.document import Headline, Paper, Post, Section, SectionSpec

SMALLEST_SHARE = 2
"""However many sources there are, one may have two of the entries that a mail shows."""


@dataclass(frozen=True)
class Candidate:
    """Something collected that an issue may carry."""

    key: str
    """Which one it is, stable over rebuilds."""
    section: str
    source: str
    """Slug."""
    canonical_url: str
    first_seen: datetime
    entry: Headline | Paper | Post
    item_id: int | None = None

    @property
    def title(self) -> str:
        return self.entry.text if isinstance(self.entry, Post) else self.entry.title

    @property
    def group(self) -> str:
        """Among what a section spreads itself: a paper's category, else the source."""
        return self.entry.category if isinstance(self.entry, Paper) else self.source


@dataclass(frozen=True)
class Window:
    """Candidates first seen in [start, end) are this issue's."""

    start: datetime
    end: datetime

    def holds(self, moment: datetime) -> bool:
        return self.start <= moment < self.end


@dataclass(frozen=True)
class Pool:
    """One section's ranked lines: more than a mail shows, so that a reader's topics can choose."""

    spec: SectionSpec
    lines: tuple[Line, ...]

    def section(self) -> Section:
        return Section(spec=self.spec, entries=tuple(line.entry for line in self.lines))


def compose(
    specs: Sequence[SectionSpec],
    candidates: Iterable[Candidate],
    boards: Iterable[Board],
    window: Window,
    settled: Iterable[Candidate] = (),
) -> tuple[Pool, ...]:
    """Rank and de-duplicate what *window* holds into the sections of *specs*, in their order.

    *settled* are candidates that the editor has decided about: they and what repeats them are left
    out. A story in two sections stays in the first.
    """
    order = {spec.slug: index for index, spec in enumerate(specs)}
    waiting = [
        candidate
        for candidate in candidates
        if candidate.section in order and window.holds(candidate.first_seen)
    ]
    stories = _without_repeats(settled, waiting, order)
    return pools(
        specs,
        {spec.slug: rank(of_section(stories, spec), spec.limit) for spec in specs},
        boards,
    )


def pools(
    specs: Sequence[SectionSpec],
    ranked: Mapping[str, Sequence[Candidate]],
    boards: Iterable[Board],
) -> tuple[Pool, ...]:
    """The sections of *specs*: tables and repositories of *boards*, stories as *ranked* by slug."""
    boards = sorted(boards, key=lambda board: board.position)
    return tuple(_pool(spec, ranked[spec.slug], boards) for spec in specs)


def _pool(spec: SectionSpec, ranked: Sequence[Candidate], boards: Sequence[Board]) -> Pool:
    mine = [board for board in boards if board.section == spec.slug]
    if spec.kind == "tables":
        return Pool(spec, table_lines(mine, spec.empty))
    if spec.kind == "repos":
        return Pool(spec, repository_lines(mine)[: spec.pool])
    return Pool(
        spec, tuple(Line(found.key, found.entry, found.item_id) for found in ranked[: spec.pool])
    )


def of_section(stories: Iterable[Candidate], spec: SectionSpec) -> list[Candidate]:
    return [story for story in stories if story.section == spec.slug]


def _without_repeats(
    settled: Iterable[Candidate], waiting: Iterable[Candidate], order: dict[str, int]
) -> list[Candidate]:
    """Each story once: in the first section that has it, from whoever published it first."""
    seen = Seen()
    for candidate in sorted(settled, key=_tie_break):
        seen.admit(candidate.canonical_url, candidate.title)
    oldest_first = sorted(
        waiting,
        key=lambda found: (
            order[found.section],
            found.entry.published_at,
            found.first_seen,
            _tie_break(found),
        ),
    )
    return [found for found in oldest_first if seen.admit(found.canonical_url, found.title)]


def rank(candidates: Sequence[Candidate], limit: int) -> list[Candidate]:
    """Newest first, with a mild spread over the groups among the first *limit*.

    A group (a source, a paper's category) has at most its share of the first *limit* while
    others have something left; who is passed over follows after them.
    """
    newest_first = sorted(candidates, key=_tie_break)
    newest_first.sort(key=lambda found: found.entry.published_at, reverse=True)
    groups = len({found.group for found in newest_first})
    share = max(SMALLEST_SHARE, -(-limit // groups)) if groups else 0
    taken: Counter[str] = Counter()
    top: list[Candidate] = []
    passed: list[Candidate] = []
    for found in newest_first:
        if len(top) < limit and taken[found.group] < share:
            taken[found.group] += 1
            top.append(found)
        else:
            passed.append(found)
    return top + passed


def _tie_break(candidate: Candidate) -> tuple[str, str, str, str]:
    return (candidate.canonical_url, candidate.title, candidate.source, candidate.key)

"""Snapshots to what an issue shows of them: leaderboards, and repositories by stars gained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.issues.deltas import Comparison, Figures, Verdict, compare
from service.issues.values import Line
from service.models.document import NEW, Column, Repository, TableEntry, TableRow
from service.models.figures import ColumnSpec, format_cell

RANK = Column(key="rank", label="#", numeric=True)
NAME = Column(key="name", label="Name")


@dataclass(frozen=True)
class Take:
    """One snapshot as values; see ``service.models.Snapshot`` for the shape of ``rows``."""

    edition: str
    rows: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Board:
    """A source of tables or repositories: how it stands now, and stood at the last issue."""

    slug: str
    section: str
    position: int
    name: str
    config: Mapping[str, Any]
    latest: Take | None = None
    baseline: Take | None = None
    """What the last issue could show; None when there was none."""


def table_lines(boards: Sequence[Board], empty: str = "") -> tuple[Line, ...]:
    """One line for each board; one without rows says so in its own words, else in *empty*."""
    return tuple(Line(f"table:{board.slug}", table_entry(board, empty)) for board in boards)


def table_entry(board: Board, empty: str = "") -> TableEntry:
    """The full table as it stands: a mail shows its top rows, the web page all of them.

    Columns are the rank, whose row it is, and the figures. Whose it is says the first column of
    ``config`` when that is text, else the row's name. What moved is told of the first figure.
    """
    config = board.config
    specs = tuple(ColumnSpec.model_validate(spec) for spec in config.get("columns", ()))
    score = next((spec for spec in specs if spec.numeric), None)
    moved = compare_column(board, score.key) if score else None
    shown = tuple(Column(key=spec.key, label=spec.label, numeric=spec.numeric) for spec in specs)
    rows = board.latest.rows if board.latest else ()
    return TableEntry(
        name=board.name,
        measure=config.get("measure", ""),
        note=" ".join(filter(None, (config.get("note", ""), _caveat(moved)))),
        columns=(RANK, *shown) if _named(specs) else (RANK, NAME, *shown),
        rows=tuple(
            TableRow(cells=_cells(row, rank, specs), change=_change(str(row["key"]), moved))
            for rank, row in enumerate(rows, start=1)
        ),
        empty=config.get("empty") or empty or "No data.",
        attribution=config.get("attribution", ""),
        url=config.get("link", ""),
        topics=tuple(config.get("topics", ())),
    )


def _named(specs: Sequence[ColumnSpec]) -> bool:
    return bool(specs) and not specs[0].numeric


def _cells(row: Mapping[str, Any], rank: int, specs: Sequence[ColumnSpec]) -> tuple[str, ...]:
    values: Mapping[str, Any] = row.get("values", {})
    figures = [format_cell(values.get(spec.key), spec.format) for spec in specs]
    return (str(rank), *figures) if _named(specs) else (str(rank), str(row["name"]), *figures)


def _change(key: str, moved: Comparison | None) -> str:
    if moved is None:
        return ""
    return NEW if moved.is_new(key) else change_text(moved.change(key))


def _caveat(moved: Comparison | None) -> str:
    """Why nothing is said of single rows although there is an earlier table."""
    if moved is None:
        return ""
    return {
        Verdict.NEW_EDITION: "A new edition: its figures do not compare with the last issue's.",
        Verdict.REBASED: "Most figures moved together: the measure seems to have been re-based.",
    }.get(moved.verdict, "")


def compare_column(board: Board, key: str) -> Comparison | None:
    """How the figures of one column moved since the last issue; None without a snapshot."""
    if board.latest is None:
        return None
    before = _column(board.baseline, key) if board.baseline else None
    return compare(before, _column(board.latest, key))


def change_text(change: float | None) -> str:
    """``+2.1``, ``-0.4``; '' when nothing moved, or by less than a reader is shown."""
    if change is None:
        return ""
    shown = format_cell(change, "number")
    if shown == "0":
        return ""
    return shown if shown.startswith("-") else f"+{shown}"


def repository_lines(boards: Sequence[Board]) -> tuple[Line, ...]:
    """Repositories of all *boards*, those that gained most stars first.

    Behind them stand those without anything to compare with, by their stars. One that several
    boards list is taken once, where most is known of it.
    """
    found: dict[str, Repository] = {}
    for board in boards:
        for repository in _repositories(board):
            known = found.get(repository.name)
            if known is None or _standing(repository) < _standing(known):
                found[repository.name] = repository
    ranked = sorted(found.values(), key=_standing)
    return tuple(Line(f"repo:{repository.name}", repository) for repository in ranked)


def _standing(repository: Repository) -> tuple[bool, int, int, str]:
    gained = repository.gained
    return (gained is None, -(gained or 0), -repository.stars, repository.name)


def _repositories(board: Board) -> list[Repository]:
    if board.latest is None:
        return []
    before = _stars(board.baseline) if board.baseline else None
    moved = compare(before, _stars(board.latest), rebase_points=None)
    return [_repository(row, moved.change(str(row["key"]))) for row in board.latest.rows]


def _repository(row: Mapping[str, Any], gained: float | None) -> Repository:
    return Repository(
        name=row["name"],
        url=row["url"],
        description=row.get("description") or "",
        language=row.get("language") or "",
        gained=None if gained is None else round(gained),
        stars=row.get("stars") or 0,
        topics=tuple(row.get("topics") or ()),
    )


def _column(take: Take, key: str) -> Figures:
    return Figures(
        take.edition,
        tuple((str(row["key"]), _number(row.get("values", {}).get(key))) for row in take.rows),
    )


def _stars(take: Take) -> Figures:
    rows = tuple((str(row["key"]), _number(row.get("stars"))) for row in take.rows)
    return Figures(take.edition, rows)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)

"""Snapshots to tables and repositories."""

from __future__ import annotations

from typing import Any

import pytest

from service.issues.tables import Board, Take, change_text, repository_lines, table_entry
from service.models.document import Repository

COLUMNS: list[dict[str, Any]] = [
    {"key": "model", "label": "Model", "format": "text", "path": "name"},
    {"key": "score", "label": "Score", "path": "score"},
    {"key": "speed", "label": "tok/s", "format": "integer", "path": "speed"},
    {"key": "price", "label": "$/1M", "format": "usd", "path": "price"},
]


def row(name: str, score: float | None, **more: Any) -> dict[str, Any]:
    values = {"model": name, "score": score, "speed": 84.4, "price": 11.25, **more}
    return {"key": name, "name": name, "values": values}


def board(latest: Take | None, baseline: Take | None = None, **config: Any) -> Board:
    config = {"columns": COLUMNS, **config}
    return Board("aa", "benchmarks", 1, "The Index", config, latest, baseline)


def test_it_has_the_columns_of_its_file_behind_the_rank() -> None:
    made = table_entry(board(Take("v1", [row("Atlas", 57.0), row("Quill", None, price=None)])))

    assert [column.label for column in made.columns] == ["#", "Model", "Score", "tok/s", "$/1M"]
    assert [column.numeric for column in made.columns] == [True, False, True, True, True]
    assert made.rows[0].cells == ("1", "Atlas", "57", "84", "$11.25")
    assert made.rows[1].cells == ("2", "Quill", "", "84", "")


def test_without_a_column_of_text_the_rows_name_stands_in() -> None:
    made = table_entry(board(Take("v1", [row("Atlas", 57.0)]), columns=COLUMNS[1:2]))
    assert [column.label for column in made.columns] == ["#", "Name", "Score"]
    assert made.rows[0].cells == ("1", "Atlas", "57")


def test_it_carries_what_its_file_says_around_it() -> None:
    made = table_entry(
        board(
            Take("v1", []),
            measure="Intelligence Index",
            note="Composite score",
            attribution="The lab",
            link="https://example.org",
            empty="Nothing measured.",
            topics=["models"],
        )
    )
    assert (made.name, made.measure, made.note) == (
        "The Index",
        "Intelligence Index",
        "Composite score",
    )
    assert (made.attribution, made.url) == ("The lab", "https://example.org")
    assert (made.empty, made.topics) == ("Nothing measured.", ("models",))


@pytest.mark.parametrize(
    ("own", "sections", "said"),
    [("Mine.", "Its.", "Mine."), ("", "Its.", "Its."), ("", "", "No data.")],
)
def test_an_empty_table_says_so(own: str, sections: str, said: str) -> None:
    assert table_entry(board(None, empty=own), sections).empty == said


def test_rows_tell_what_moved() -> None:
    before = Take("v1", [row("Atlas", 55.0), row("Quill", 50.0), row("Mosaic", None)])
    after = Take("v1", [row("Atlas", 57.3), row("Quill", 49.96), row("Mosaic", 40), row("New", 9)])
    assert [r.change for r in table_entry(board(after, before)).rows] == ["+2.3", "", "", "new"]


def test_another_edition_is_said_and_compared_with_nothing() -> None:
    before = Take("v1", [row("Atlas", 55.0)])
    made = table_entry(board(Take("v2", [row("Atlas", 57.3), row("New", 1.0)]), before, note="N."))
    assert [r.change for r in made.rows] == ["", ""]
    assert made.note == "N. A new edition: its figures do not compare with the last issue's."


def test_a_re_based_table_is_said_and_tells_of_no_row() -> None:
    before = Take("v1", [row(name, 50.0) for name in "abcde"])
    made = table_entry(board(Take("v1", [row(name, 60.0) for name in "abcde"]), before))
    assert {r.change for r in made.rows} == {""}
    assert made.note.startswith("Most figures moved together")


@pytest.mark.parametrize(
    ("change", "text"),
    [(None, ""), (0.0, ""), (0.04, ""), (-0.04, ""), (2.1, "+2.1"), (-0.4, "-0.4"), (3.0, "+3")],
)
def test_a_change_is_shown_with_its_sign(change: float | None, text: str) -> None:
    assert change_text(change) == text


def repositories(slug: str, *rows: tuple[str, int], before: dict[str, int] | None = None) -> Board:
    return Board(
        slug, "trending", 1, slug, {}, stars(dict(rows)), None if before is None else stars(before)
    )


def stars(counts: dict[str, int]) -> Take:
    return Take(
        "",
        [
            {"key": name, "name": name, "url": f"https://example.org/{name}", "stars": count}
            for name, count in counts.items()
        ],
    )


def shown(*boards: Board) -> list[tuple[str, int | None]]:
    entries = [line.entry for line in repository_lines(boards)]
    return [(entry.name, entry.gained) for entry in entries if isinstance(entry, Repository)]


def test_without_an_earlier_count_stars_themselves_rank() -> None:
    assert shown(repositories("hub", ("a", 10), ("b", 90))) == [("b", None), ("a", None)]


def test_a_repository_of_two_searches_is_shown_once_where_more_is_known() -> None:
    first = repositories("one", ("a", 100), ("b", 50))
    second = repositories("two", ("a", 100), before={"a": 40})
    assert shown(first, second) == [("a", 60), ("b", None)]

from __future__ import annotations

from datetime import UTC, datetime

from service.cli.trial import lines_of
from service.sources.kinds import Parsed, ParsedItem, ParsedSnapshot


def test_it_shows_entries_with_their_days_and_what_is_wrong() -> None:
    dated = ParsedItem(
        "1", "https://a.example/1", "One", published_at=datetime(2026, 11, 20, tzinfo=UTC)
    )
    undated = ParsedItem("2", "https://a.example/2", "Two")
    found = Parsed((dated, undated), skipped=("an item without a title",), damage="No date.")
    assert list(lines_of("lab", found)) == [
        "lab: 2 entries, 1 passed over. Nothing was stored.",
        "  No date.",
        "  2026-11-20  One  https://a.example/1",
        "  undated     Two  https://a.example/2",
        "  passed over: an item without a title",
    ]


def test_it_shows_ten_rows_of_a_long_table_and_no_figure_as_none() -> None:
    values = {"score": 57.5, "price": None}
    rows = tuple({"key": str(n), "name": f"Model {n}", "values": values} for n in range(12))
    lines = list(lines_of("bench", Parsed(snapshot=ParsedSnapshot(rows))))
    assert lines[0] == "bench: 12 rows. Nothing was stored."
    assert lines[1] == "  Model 0: score 57.5, price -"
    assert lines[11:] == ["  … 2 more rows"]


def test_it_shows_the_stars_of_repositories() -> None:
    found = Parsed(snapshot=ParsedSnapshot(({"key": "a/b", "name": "a/b", "stars": 41},)))
    assert list(lines_of("github", found))[1] == "  a/b: stars 41"


def test_it_says_when_there_is_nothing() -> None:
    assert list(lines_of("quiet", Parsed())) == ["quiet: no entries. Nothing was stored."]

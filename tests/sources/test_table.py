from __future__ import annotations

from typing import Any

import pytest

from service.sources.kinds import BadFeed, BadSource, Page, ParsedSnapshot, SourceView
from service.sources.kinds.table import Table
from tests.sources.conftest import DATA

URL = "https://index.example/models?region=eu"
MODELS: dict[str, Any] = {
    "rows": "data",
    "row_key": "id",
    "row_name": "name",
    "edition": "intelligence_index_version",
    "rank_by": "score",
    "page_parameter": "page",
    "more": "pagination.has_more",
    "columns": [
        {"key": "score", "label": "Score", "path": "evaluations.index"},
        {"key": "speed", "label": "tok/s", "path": "performance.speed", "format": "integer"},
        {
            "key": "price",
            "label": "$/1M",
            "blend": ["pricing.input:3", "pricing.output:1"],
            "format": "usd",
        },
        {"key": "maker", "label": "Maker", "path": "model_creator.name", "format": "text"},
    ],
}
BOARD: dict[str, Any] = {
    "rows": "leaderboards[name=Verified].results",
    "row_key": "name",
    "rank_by": "score",
    "columns": [{"key": "score", "label": "Score", "path": "resolved", "format": "percent"}],
}
CSV: dict[str, Any] = {
    "format": "csv",
    "row_key": "Model",
    "row_name": "Model",
    "edition": "rows[0].Window",
    "columns": [
        {"key": "score", "label": "Score", "path": "Score (%)", "format": "percent"},
        {"key": "cost", "label": "$/task", "path": "$/task", "format": "usd"},
    ],
}


def pages(*names: str) -> list[Page]:
    return [Page((DATA / name).read_bytes(), URL) for name in names]


def snapshot(given: list[Page], config: dict[str, Any]) -> ParsedSnapshot:
    found = Table().parse(given, SourceView("index", "Index", URL, config)).snapshot
    assert found is not None
    return found


def test_it_reads_all_pages_into_one_ranked_table() -> None:
    table = snapshot(pages("models-1.json", "models-2.json"), MODELS)
    assert [row["name"] for row in table.rows] == ["Halyard XL", "Ponder 3", "Tide Mini"]
    assert table.rows[1] == {
        "key": "m1",
        "name": "Ponder 3",
        "values": {"score": 57.0, "speed": 88.6, "price": 3.4375, "maker": "Acme"},
    }
    assert table.edition == "4.1"


def test_it_never_reads_null_as_0_nor_0_as_null() -> None:
    last = snapshot(pages("models-1.json"), MODELS).rows[-1]
    assert last["values"] == {"score": None, "speed": 0, "price": None, "maker": "Tidewater"}


def test_it_says_which_rows_it_passed_over() -> None:
    view = SourceView("index", "Index", URL, MODELS)
    parsed = Table().parse(pages("models-1.json", "models-2.json"), view)
    assert parsed.skipped == ("a second row for 'm1'", "a row without a name at 'name'")


def test_it_says_when_a_column_finds_no_figure_in_any_row() -> None:
    config = {**BOARD, "columns": [{"key": "score", "label": "S", "path": "renamed"}]}
    parsed = Table().parse(pages("boards.json"), SourceView("b", "B", URL, config))
    assert parsed.skipped == ("column 'score': no row has a figure at 'renamed'",)


def test_it_asks_for_the_next_page_while_there_is_one() -> None:
    view = SourceView("index", "Index", URL, MODELS)
    assert Table().next_url(pages("models-1.json"), view) == f"{URL}&page=2"
    assert Table().next_url(pages("models-1.json", "models-2.json"), view) is None


def test_it_finds_a_board_by_its_name() -> None:
    table = snapshot(pages("boards.json"), BOARD)
    assert [(row["key"], row["values"]["score"]) for row in table.rows] == [
        ("Ponder Agent", 62.5),
        ("Tide Coder", 48.25),
    ]


def test_it_ranks_upwards_when_less_is_better() -> None:
    table = snapshot(pages("boards.json"), {**BOARD, "ascending": True})
    assert [row["name"] for row in table.rows] == ["Tide Coder", "Ponder Agent"]


def test_it_keeps_the_sources_own_order_without_a_rank() -> None:
    table = snapshot(pages("boards.json"), {**BOARD, "rank_by": ""})
    assert [row["name"] for row in table.rows] == ["Tide Coder", "Ponder Agent"]


def test_it_reads_figures_out_of_csv() -> None:
    table = snapshot(pages("board.csv"), CSV)
    assert table.edition == "2026-10"
    assert [row["values"] for row in table.rows] == [
        {"score": 62.5, "cost": 1250.5},
        {"score": None, "cost": None},
    ]


def test_it_scales_a_fraction_to_a_percentage() -> None:
    columns = [{"key": "score", "label": "S", "path": "resolved", "scale": 2}]
    table = snapshot(pages("boards.json"), {**BOARD, "columns": columns})
    assert table.rows[0]["values"]["score"] == 125.0


@pytest.mark.parametrize("figure", [b"NaN", b"Infinity", b"1e999", b"true", b'"n/a"', b"[1]"])
def test_it_reads_what_is_no_figure_as_none(figure: bytes) -> None:
    body = b'{"leaderboards":[{"name":"Verified","results":[{"name":"A","resolved":%s}]}]}'
    table = snapshot([Page(body % figure)], BOARD)
    assert table.rows[0]["values"]["score"] is None


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"", "empty"),
        (b"<!doctype html><title>Sign in</title>", "web page where JSON should be"),
        (b'{"leaderboards": [', "not whole JSON"),
        (b"[]", "no list of rows at 'leaderboards"),
        (b'{"leaderboards":[{"name":"Verified","results":[]}]}', "no rows that can be read"),
        (b'{"leaderboards":[{"name":"Verified","results":[{"x":1}]}]}', "no rows that can be read"),
    ],
)
def test_it_refuses_an_answer_without_rows(body: bytes, complaint: str) -> None:
    with pytest.raises(BadFeed, match=complaint):
        snapshot([Page(body)], BOARD)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"columns": []}, "config.columns"),
        ({"rank_by": "fame"}, "rank_by 'fame' is the key of no column"),
        ({"rows": "a..b"}, "'a..b' is no path"),
        ({"more": "has_more"}, "set both or neither"),
        ({"columns": [BOARD["columns"][0]] * 2}, "two columns have the same key"),
        ({"colums": 1}, "config.colums"),
    ],
)
def test_it_refuses_a_config_that_it_cannot_read(change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(BadSource, match=complaint):
        snapshot(pages("boards.json"), {**BOARD, **change})

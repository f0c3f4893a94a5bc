from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.rendering import markdown
from service.rendering.theme import load_theme
from tests.rendering.html import Page

THEME = load_theme({})
MARKDOWN = st.lists(
    st.one_of(
        st.text(max_size=30),
        st.sampled_from(
            [
                "\n\n",
                "\n> ",
                "\n- ",
                "\n1. ",
                "\n# ",
                "```\n",
                "`",
                "**",
                "*",
                "[a](",
                "](javascript:alert(1))",
                "![x](https://a.example/b.png)",
                "<script>alert(1)</script>",
                "<img src=x onerror=alert(1)>",
                "<https://a.example>",
                "<javascript:alert(1)>",
                "[r]: data:text/html,x 't'\n[r]",
                "</mj-text>",
                "\n\n| a | b |\n|--:|---|\n| ",
                " | ",
                "\n|:-:|\n",
                "  \n",
                "---\n",
                "&lt;&#60;&NewLine;",
            ]
        ),
    ),
    max_size=12,
).map("".join)


def html(source: str) -> str:
    return markdown.to_html(source, THEME)


@given(MARKDOWN)
def test_it_never_lets_anything_act(source: str) -> None:
    assert Page(html(source)).faults == []


@given(MARKDOWN)
def test_it_always_has_a_text_form(source: str) -> None:
    text = markdown.to_text(source)
    assert "\x00" not in text
    assert text == text.strip()


def test_it_styles_what_it_makes() -> None:
    assert html("Hello *there*").startswith('<p style="margin:')
    assert 'style="color:#8f1d21' in html("[a](https://a.example)")


@pytest.mark.parametrize("source", ["# Big", "###### Small"])
def test_it_puts_an_editors_headings_right_below_the_title(source: str) -> None:
    assert html(source).startswith("<h2 ")


def test_it_shows_html_of_the_source_as_text() -> None:
    assert "<b>bold</b>" in Page(html("<b>bold</b>")).words


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "/relative", "a"])
def test_it_drops_a_link_that_is_no_web_address(url: str) -> None:
    page = Page(html(f"[words]({url})"))
    assert page.links == []
    assert "words" in page.words


def test_it_sets_quotes_for_english_only() -> None:
    assert "“so”" in markdown.to_html('"so"', THEME, "en-GB")
    assert "“" not in markdown.to_html('"so"', THEME, "de")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Hello *there*, **you**", "Hello there, you"),
        ("[a link](https://a.example/1)", "a link (https://a.example/1)"),
        ("<https://a.example/1>", "https://a.example/1"),
        ("one\n\ntwo", "one\n\ntwo"),
        ("- one\n- two", "- one\n- two"),
        ("3. one\n4. two", "3. one\n4. two"),
        ("> said", "> said"),
        ("# Heading\n\ntext", "Heading\n\ntext"),
        ("a  \nb", "a\nb"),
        ("    code < 1", "code < 1"),
        ("![A chart](https://a.example/b.png)", "[A chart]"),
        ("use `x_y`", "use x_y"),
        ("", ""),
    ],
)
def test_it_writes_plain_text_without_marks(source: str, text: str) -> None:
    assert markdown.to_text(source) == text


TABLE = """| Model | Score | Price |
|-------|------:|:-----:|
| **Meridian** 5.5 | 60.2 | $11 |
| [Cobalt](https://a.example/k2) | 53.9 | |
"""


def test_it_sets_a_table_with_headers_of_columns_and_rows() -> None:
    page = Page(html(TABLE))
    assert page.words == "Model Score Price Meridian 5.5 60.2 $11 Cobalt 53.9"
    cells = [
        (tag, given.get("scope"), given.get("align"))
        for tag, given in page.tags
        if tag in ("th", "td")
    ]
    assert cells[:6] == [
        ("th", "col", "left"),
        ("th", "col", "right"),
        ("th", "col", "center"),
        ("th", "row", "left"),
        ("td", None, "right"),
        ("td", None, "center"),
    ]


def test_it_lets_no_column_of_figures_name_the_rows() -> None:
    page = Page(html("| # | Name |\n|--:|---|\n| 1 | Ada |"))
    assert [tag for tag, _ in page.tags if tag in ("th", "td")] == ["th", "th", "td", "td"]


def test_it_styles_the_cells_of_a_table_and_gives_each_one_style() -> None:
    rendered = html(TABLE)
    assert not re.search(r"<[^>]*(style|class)=[^>]*\1=", rendered)
    assert all(
        "border-bottom:1px solid" in (given.get("style") or "")
        for tag, given in Page(rendered).tags
        if tag in ("th", "td")
    )


def test_it_writes_a_table_in_columns_of_text() -> None:
    assert markdown.to_text(TABLE) == (
        "Model                          Score  Price\n"
        "Meridian 5.5                    60.2  $11\n"
        "Cobalt (https://a.example/k2)   53.9"
    )


def test_it_writes_a_table_that_is_too_wide_for_columns_row_by_row() -> None:
    long = "word " * 16
    source = f"| Name | What | Cost |\n|---|---|--:|\n| Ada | {long}| 3 |\n| Bob | | 4 |"
    assert markdown.to_text(source) == (
        "- Ada\n"
        "  What: word word word word word word word word word word word word word\n"
        "  word word word\n"
        "  Cost: 3\n"
        "- Bob\n"
        "  Cost: 4"
    )

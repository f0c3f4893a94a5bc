from __future__ import annotations

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

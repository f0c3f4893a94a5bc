from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.sources.text import one_line, paragraphs, plain_text, shortened, title_text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("plain", "plain"),
        ("<p>One.</p><p>Two.</p>", "One.\n\nTwo."),
        ("One<br/>Two", "One\n\nTwo"),
        ("<ul><li>a</li><li>b</li></ul>", "a\n\nb"),
        ("a <b>bold</b> word", "a bold word"),
        ("AT&amp;T &#8212; caf&eacute;", "AT&T — café"),
        ("1 &lt; 2", "1 < 2"),
        ("<script>alert(1)</script>kept<style>b{}</style>", "kept"),
        ("<a href='javascript:x'>link</a>", "link"),
        ("  much \n\t white   space ", "much white space"),
        ("bell\x07 and\x00 nul", "bell and nul"),
        ("turned \u202eround", "turned round"),
        ("half a pair \ud83d here", "half a pair here"),
        ("unclosed <b", "unclosed"),
    ],
)
def test_it_reads_html_as_plain_text(markup: str, text: str) -> None:
    assert plain_text(markup) == text


def test_it_looks_no_further_into_html_than_it_may() -> None:
    assert plain_text("<b>" * 9_990 + "seen") == "seen"
    assert plain_text("<b>" * 10_000 + "unseen") == "", "the time is the square of the tags"


@pytest.mark.parametrize(
    ("title", "markup", "text"),
    [
        ("Two\n  lines", False, "Two lines"),
        ("List<String>", False, "List<String>"),
        ("AT&amp;T", False, "AT&T"),
        ("A <em>small</em> step", True, "A small step"),
        ("<p>One</p><p>two</p>", True, "One two"),
    ],
)
def test_it_makes_a_title_one_plain_line(title: str, markup: bool, text: str) -> None:
    assert title_text(title, markup=markup) == text


def test_it_leaves_what_looks_like_markup_in_plain_paragraphs() -> None:
    assert paragraphs("where $x<y$\nholds.\n\n\n Next  ") == "where $x<y$ holds.\n\nNext"


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [
        ("fits", 4, "fits"),
        ("one two three", 9, "one two…"),
        ("one two three", 8, "one two…"),
        ("unbreakable", 5, "unbr…"),
    ],
)
def test_it_cuts_at_a_words_end(text: str, limit: int, short: str) -> None:
    assert shortened(text, limit) == short


@settings(deadline=None)
@given(st.text(), st.integers(min_value=1, max_value=50))
def test_it_never_exceeds_a_limit_nor_keeps_what_a_database_refuses(text: str, limit: int) -> None:
    for made in (plain_text(text, limit), one_line(text, limit), paragraphs(text, limit)):
        assert len(made) <= limit
        assert "\0" not in made
        made.encode()
    assert "\n" not in one_line(text, limit)

"""Subject and preheader."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.issues.headline import one_line, preheader, subject
from service.models.document import AnyEntry, Post, Repository, Section
from tests.issues.rows import NOW, SPECS, headline, paper

DAY = date(2026, 11, 20)


def sections(**entries: Sequence[AnyEntry]) -> tuple[Section, ...]:
    return tuple(Section(spec=spec, entries=tuple(entries.get(spec.slug, ()))) for spec in SPECS)


def test_the_subject_is_the_top_headline() -> None:
    made = sections(
        labs=[headline("First of the labs").entry], wire=[headline("First of the wire").entry]
    )
    assert subject(made, "The Report", DAY) == "First of the labs"


def test_a_digest_says_that_it_is_the_weeks() -> None:
    made = sections(labs=[headline("First of the labs").entry])
    assert subject(made, "The Report", DAY, weekly=True) == "The week: First of the labs"


def test_headlines_go_before_papers_and_papers_before_the_rest() -> None:
    repository = Repository(name="a/b", url="https://example.org", stars=1)
    only_paper = sections(papers=[paper("On learning", "cs.LG").entry], trending=[repository])
    assert subject(only_paper, "The Report", DAY) == "On learning"
    assert preheader(only_paper) == "a/b"


def test_an_issue_without_entries_bears_its_date() -> None:
    assert subject(sections(), "The Report", DAY) == "The Report: November 20, 2026"
    assert preheader(sections()) == ""


def test_a_post_is_named_with_its_author() -> None:
    post = Post(author="Ada", text="Two\nlines", published_at=NOW)
    assert subject(sections(wire=[post]), "The Report", DAY) == "Ada: Two lines"


def test_the_preheader_has_the_headlines_that_follow() -> None:
    titles = ["One", "Two", "Three", "Four"]
    made = sections(labs=[headline(title).entry for title in titles])
    assert preheader(made) == "Two · Three · Four"


def test_the_preheader_holds_whole_headlines() -> None:
    titles = ["One", "Two is here", "x" * 130, "Three"]
    made = sections(labs=[headline(title).entry for title in titles])
    assert preheader(made) == "Two is here"


def test_what_a_mail_does_not_show_is_not_in_its_subject_or_preheader() -> None:
    wire = [headline(title).entry for title in ["One", "Two", "Three", "Below the limit"]]
    assert preheader(sections(wire=wire)) == "Two · Three"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("short", "short"),
        ("  two\r\n lines\t", "two lines"),
        ("a\x07bell\0", "a bell"),
        ("just twenty letters!", "just twenty letters!"),
        ("a title that is too long", "a title that is too…"),
        ("a title, that is, too long", "a title, that is…"),
        ("unbreakableunbreakable", "unbreakableunbreaka…"),
    ],
)
def test_it_cuts_between_words(text: str, expected: str) -> None:
    assert one_line(text, 20) == expected


@given(st.text(), st.integers(10, 100))
def test_a_line_is_one_line_and_no_longer(text: str, length: int) -> None:
    line = one_line(text, length)
    assert len(line) <= length
    assert len(line.splitlines()) <= 1

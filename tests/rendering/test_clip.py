from __future__ import annotations

import pytest

from service.audience.choices import Wanted
from service.models import MailFormat
from service.models.document import Document, Paper, Section
from service.rendering.clip import TooLarge, fitted
from service.rendering.issue import FULLEST, render_issue
from tests.rendering.html import Page
from tests.rendering.samples import NONCE, sample_document, sample_identity

LIMIT = 95_000
"""Bytes; Gmail hides what comes after about 102 KB."""
ISSUE_URL = "https://news.example.org/n/inference/issues/117"


def crowded(count: int) -> Document:
    """The sample with *count* papers, ranked by their number."""
    document = sample_document()
    sections = list(document.sections)
    papers = sections[2]
    first = papers.entries[0]
    assert isinstance(first, Paper)
    sections[2] = Section(
        spec=papers.spec.model_copy(update={"limit": 100}),
        entries=tuple(
            first.model_copy(update={"title": f"Paper {rank:03}"}) for rank in range(count)
        ),
    )
    return document.model_copy(update={"sections": tuple(sections)})


def html_of(document: Document) -> str:
    html = render_issue(document, FULLEST, sample_identity(), NONCE).html
    assert html is not None
    return html


@pytest.mark.parametrize("count", [20, 40, 70, 100])
def test_it_never_lets_a_mail_be_clipped(count: int) -> None:
    assert len(html_of(crowded(count)).encode()) <= LIMIT


def test_it_leaves_out_the_lowest_ranked_and_says_where_they_are() -> None:
    page = Page(html_of(crowded(100)))
    shown = [heading for heading in page.headings if heading.startswith("Paper ")]
    assert shown == [f"Paper {rank:03}" for rank in range(len(shown))]
    assert 10 < len(shown) < 100
    assert "There is more than a mail holds: read the rest on the web." in page.words
    assert page.links.count(ISSUE_URL) == 3


def test_it_leaves_the_same_out_of_the_text_part() -> None:
    parts = render_issue(crowded(100), FULLEST, sample_identity(), NONCE)
    assert parts.html is not None
    assert ("Paper 099" in parts.html, "Paper 099" in parts.text) == (False, False)
    assert "There is more than a mail holds" in parts.text


def test_it_keeps_room_for_links_that_are_longer_than_their_sentinels() -> None:
    """Two links of a reader may take a kilobyte each."""

    def nearly_full(document: Document, cut: frozenset[str]) -> str:
        return "x" * (LIMIT - 1_990 - 10_000 * len(cut))

    assert len(fitted(sample_document(), nearly_full).html) + 2_000 <= LIMIT


def test_it_fills_most_of_the_room() -> None:
    assert len(html_of(crowded(100)).encode()) > LIMIT * 3 // 4


def test_it_leaves_nothing_out_of_a_mail_that_fits() -> None:
    assert "There is more" not in html_of(sample_document())


def test_it_gives_readers_of_text_everything() -> None:
    parts = render_issue(crowded(100), Wanted(MailFormat.TEXT), sample_identity(), NONCE)
    assert "Paper 099" in parts.text


@pytest.mark.parametrize(
    "editorial", ["A paragraph of news.\n\n" * 9_000, "word " * 40_000, "x" * 200_000]
)
def test_it_shortens_an_editorial_that_is_too_long_by_itself(editorial: str) -> None:
    manual = sample_document("manual").model_copy(update={"editorial": editorial})
    html = html_of(manual)
    assert len(html.encode()) <= LIMIT
    assert "There is more than a mail holds" in Page(html).words


def test_it_says_so_when_nothing_is_left_to_leave_out() -> None:
    hopeless = sample_document("manual").model_copy(update={"title": "T" * 100_000})
    with pytest.raises(TooLarge, match="shorten the title"):
        html_of(hopeless)


def test_it_does_not_call_a_section_empty_whose_entries_were_left_out() -> None:
    document = sample_document()
    labs = document.sections[0]
    giant = labs.entries[0].model_copy(update={"title": "T" * 200_000})
    document = document.model_copy(
        update={"sections": (Section(spec=labs.spec, entries=(giant,)),)}
    )
    words = Page(html_of(document)).words
    assert "No lab headlines." not in words
    assert "There is more than a mail holds" in words

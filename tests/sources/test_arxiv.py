from __future__ import annotations

from datetime import UTC, datetime

import pytest

from service.sources.kinds import BadFeed, Page, Parsed, SourceView
from service.sources.kinds.arxiv import Arxiv
from tests.sources.conftest import DATA


def parse(name: str, **config: object) -> Parsed:
    view = SourceView("arxiv", "arXiv", "https://rss.arxiv.org/rss/cs.LG", config)
    return Arxiv().parse([Page((DATA / name).read_bytes(), view.url)], view)


def test_it_reads_a_paper_of_the_rss() -> None:
    paper = parse("arxiv.xml").items[0]
    assert paper.identity == "2611.04321"
    assert paper.url == "https://arxiv.org/abs/2611.04321"
    assert paper.author == "Ruth Amsel, Jonas Berg"
    assert paper.topics == ("cs.LG", "stat.ML")
    assert paper.published_at == datetime(2026, 11, 20, 5, 0, tzinfo=UTC)


def test_it_leaves_latex_as_it_is_even_where_it_looks_like_markup() -> None:
    paper = parse("arxiv.xml").items[0]
    assert paper.title == "Bounding the Drift of $x<y$ Comparators"
    assert paper.summary == (
        "We bound drift for $n=40$ comparators where $x<y$ and y>z hold, "
        "gaining $+43\\%$ over a {{ naive }} baseline."
    )


def test_it_drops_replacements_and_keeps_cross_lists() -> None:
    parsed = parse("arxiv.xml")
    assert [paper.identity for paper in parsed.items] == ["2611.04321", "2611.04400"]
    assert parsed.skipped == ("2609.00017 is a replacement",)


def test_it_keeps_only_the_primary_categories_that_were_asked_for() -> None:
    papers = parse("arxiv.xml", primary_only=["cs.DC"]).items
    assert [paper.identity for paper in papers] == ["2611.04400"]


def test_it_reads_the_atom_of_the_api_with_its_primary_category_first() -> None:
    (paper,) = parse("arxiv_api.xml").items
    assert paper.identity == "2611.05150"
    assert paper.title == "Caches with Memory"
    assert paper.summary == "A cache that remembers $\\approx$ 3 days."
    assert paper.author == "Lena Voss, Tomas Rey"
    assert paper.topics == ("cs.SE", "cs.AI")
    assert paper.published_at == datetime(2026, 11, 18, 17, 0, tzinfo=UTC)


def test_it_takes_an_error_that_comes_as_an_entry_for_a_failure() -> None:
    with pytest.raises(BadFeed, match="start must be an integer"):
        parse("arxiv_error.xml")

"""Candidates to ranked sections."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.issues.compose import Candidate, Pool, Window, compose, rank
from service.issues.tables import Board, Take
from service.models.document import TableEntry
from tests.issues.rows import DAY, HOUR, NOW, SCORE, SPECS, headline, paper

WINDOW = Window(NOW - DAY, NOW)
WORDS = ["amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath", "inlet", "knoll"]


def made(*candidates: Candidate, boards: tuple[Board, ...] = ()) -> dict[str, Pool]:
    return {pool.spec.slug: pool for pool in compose(SPECS, candidates, boards, WINDOW)}


def names(pool: Pool) -> list[str]:
    return [getattr(line.entry, "title", "") for line in pool.lines]


def test_it_puts_the_newest_first() -> None:
    pools = made(
        headline("An older story", at=NOW - 3 * HOUR),
        headline("The newest story", at=NOW - HOUR, source="b"),
        headline("A middling story", at=NOW - 2 * HOUR, source="c"),
    )
    assert names(pools["wire"]) == ["The newest story", "A middling story", "An older story"]


def test_it_takes_what_the_window_holds_and_nothing_else() -> None:
    pools = made(
        headline("Just before the window", at=NOW - DAY - timedelta(seconds=1)),
        headline("At the start of the window", at=NOW - DAY),
        headline("At the end of the window", at=NOW),
    )
    assert names(pools["wire"]) == ["At the start of the window"]


def test_no_source_fills_the_top_while_others_wait() -> None:
    loud = [
        headline(f"Loud story about {WORDS[n]}", source="loud", at=NOW - n * HOUR - HOUR)
        for n in range(6)
    ]
    quiet = [headline("A quiet voice", source="quiet", at=NOW - 20 * HOUR)]

    pools = made(*loud, *quiet)

    # The section shows 3, and two sources share them: two each at most.
    assert names(pools["wire"])[:3] == [
        "Loud story about amber",
        "Loud story about birch",
        "A quiet voice",
    ]
    assert names(pools["wire"])[3] == "Loud story about cedar"


def test_a_source_alone_fills_the_top() -> None:
    alone = [headline(f"A story about {word}", source="alone") for word in WORDS[:5]]
    assert len(made(*alone)["wire"].lines) == 5


def test_papers_are_spread_over_categories() -> None:
    papers = [paper(f"On the learning of {word}s", "cs.LG") for word in WORDS]
    other = [paper(f"On the engineering of {word}s", "cs.SE", NOW - 5 * HOUR) for word in WORDS]

    pools = made(*papers, *other)

    shown = [line.entry for line in pools["papers"].lines[:6]]
    assert Counter(getattr(entry, "category", "") for entry in shown) == {"cs.LG": 3, "cs.SE": 3}


def test_a_story_in_two_sections_stays_in_the_first() -> None:
    pools = made(
        headline("The lab opens its weights", section="wire", source="a", at=NOW - 2 * HOUR),
        headline("The lab opens its weights", section="labs", source="b", at=NOW - HOUR),
    )
    assert names(pools["labs"]) == ["The lab opens its weights"]
    assert names(pools["wire"]) == []


def test_of_two_that_tell_one_story_the_first_to_publish_stays() -> None:
    pools = made(
        headline("Regulators publish their list", source="late", at=NOW - HOUR),
        headline("Regulators publish their list", source="early", at=NOW - 2 * HOUR),
    )
    (line,) = pools["wire"].lines
    assert getattr(line.entry, "source", "") == "early"


def test_what_repeats_a_settled_story_is_left_out() -> None:
    settled = headline("A story that the editor dropped", source="a")
    again = headline("A story that the editor dropped", source="b", at=NOW - 5 * HOUR)
    (pool,) = [
        pool
        for pool in compose(SPECS, [settled, again], (), WINDOW, [settled])
        if pool.spec.slug == "wire"
    ]
    assert pool.lines == ()


def test_a_pool_is_no_larger_than_its_section_says() -> None:
    spec = SPECS[1].model_copy(update={"pool": 4})
    many = [headline(f"A story about {word}", source=word) for word in WORDS]
    (pool,) = compose([spec], many, (), WINDOW)
    assert len(pool.lines) == 4


def test_a_source_of_an_unknown_section_is_passed_over() -> None:
    assert all(not pool.lines for pool in made(headline("Lost", section="gone")).values())


def test_sections_without_anything_are_there_all_the_same() -> None:
    assert [pool.spec.slug for pool in made().values()] == [spec.slug for spec in SPECS]


def test_tables_stand_in_the_order_of_their_sources() -> None:
    take = Take("v1", ({"key": "a", "name": "a", "values": {"score": 1.0}},))
    boards = tuple(
        Board(name, "benchmarks", position, name, {"columns": SCORE}, take)
        for position, name in [(2, "second"), (1, "first")]
    )
    entries = [line.entry for line in made(boards=boards)["benchmarks"].lines]
    assert [entry.name for entry in entries if isinstance(entry, TableEntry)] == ["first", "second"]


STORIES = st.lists(
    st.builds(
        lambda words, source, section, hours, page: headline(
            " ".join(words),
            source=source,
            section=section,
            at=NOW - hours * HOUR,
            url=f"https://example.org/{page}",
        ),
        st.lists(st.sampled_from(WORDS), min_size=2, max_size=4),
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from(["labs", "wire"]),
        st.integers(1, 26),
        st.integers(0, 30),
    ),
    max_size=25,
    unique_by=lambda candidate: candidate.key,
)


@given(stories=STORIES, seed=st.integers())
def test_the_order_of_the_inputs_does_not_matter(stories: list[Candidate], seed: int) -> None:
    mixed = list(stories)
    random.Random(seed).shuffle(mixed)
    assert compose(SPECS, mixed, (), WINDOW) == compose(SPECS, stories, (), WINDOW)


@given(stories=STORIES, limit=st.integers(1, 12))
def test_ranking_loses_nothing_and_keeps_the_shares(stories: list[Candidate], limit: int) -> None:
    ranked = rank(stories, limit)

    assert sorted(found.key for found in ranked) == sorted(found.key for found in stories)
    groups = Counter(found.group for found in stories)
    share = max(2, -(-limit // len(groups))) if groups else 0
    top = Counter(found.group for found in ranked[:limit])
    if any(count > share for count in top.values()):
        # Somebody has more than a share: then nobody else was left below theirs.
        assert all(top[name] >= min(count, share) for name, count in groups.items())


@pytest.mark.parametrize("slug", ["labs", "wire"])
@given(stories=STORIES)
def test_no_page_comes_twice(slug: str, stories: list[Candidate]) -> None:
    pools = compose(SPECS, stories, (), WINDOW)
    pages = [line.entry.url for pool in pools for line in pool.lines]
    assert len(set(pages)) == len(pages)

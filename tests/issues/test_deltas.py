"""What may be said of two snapshots."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.issues.deltas import Figures, Verdict, compare

FIGURES = st.dictionaries(st.text(max_size=3), st.none() | st.floats(-1e6, 1e6), max_size=8)


def figures(edition: str = "v1", **rows: float | None) -> Figures:
    return Figures(edition, tuple(rows.items()))


def test_it_tells_how_far_each_row_moved() -> None:
    found = compare(figures(a=60.4, b=50.0), figures(a=62.7, b=49.5))

    assert found.verdict is Verdict.COMPARED
    assert (found.change("a"), found.change("b")) == (2.3, -0.5)


def test_a_row_that_was_not_there_is_new() -> None:
    found = compare(figures(a=60.0), figures(a=60.0, b=50.0))

    assert (found.is_new("a"), found.is_new("b")) == (False, True)
    assert found.change("b") is None


@pytest.mark.parametrize(("before", "after"), [(None, 5.0), (5.0, None), (None, None)])
def test_a_figure_that_is_not_known_is_not_nought(
    before: float | None, after: float | None
) -> None:
    found = compare(figures(a=before), figures(a=after))

    assert found.change("a") is None
    assert not found.is_new("a")


def test_two_editions_are_never_compared() -> None:
    found = compare(figures("v1", a=60.0), figures("v2", a=10.0, b=1.0))

    assert found.verdict is Verdict.NEW_EDITION
    assert found.change("a") is None
    assert not found.is_new("b")


@pytest.mark.parametrize("before", [None, figures()])
def test_without_an_earlier_table_nothing_is_new(before: Figures | None) -> None:
    found = compare(before, figures(a=60.0))

    assert found.verdict is Verdict.NO_BASELINE
    assert not found.is_new("a")


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ([2.1, 2.1, 2.1, 2.1, 2.1], Verdict.REBASED),
        ([-9, -8, -7, 0, 0], Verdict.REBASED),
        ([2.0, 2.0, 2.0, 2.0, 2.0], Verdict.COMPARED),
        ([9, 9, 0, 0, 0], Verdict.COMPARED),
        ([9, 9, 9, 9], Verdict.COMPARED),
    ],
)
def test_a_table_that_moved_as_a_whole_was_re_based(changes: list[float], verdict: Verdict) -> None:
    before = Figures("v1", tuple((str(n), 50.0) for n in range(len(changes))))
    after = Figures("v1", tuple((str(n), 50.0 + change) for n, change in enumerate(changes)))

    found = compare(before, after)

    assert found.verdict is verdict
    assert bool(found.rows) is (verdict is Verdict.COMPARED)


def test_stars_only_grow_and_are_no_yardstick() -> None:
    names = "abcdef"
    before = Figures("", tuple((name, 100.0) for name in names))
    after = Figures("", tuple((name, 500.0) for name in names))
    assert compare(before, after, rebase_points=None).change("a") == 400


@given(old=FIGURES, new=FIGURES)
def test_it_says_nothing_of_a_row_whose_figures_it_does_not_have(
    old: dict[str, float | None], new: dict[str, float | None]
) -> None:
    found = compare(Figures("v1", tuple(old.items())), Figures("v1", tuple(new.items())))

    for key, delta in found.rows.items():
        assert delta.is_new is (key not in old)
        if delta.change is not None:
            before, after = old[key], new[key]
            assert before is not None
            assert after is not None
            assert delta.change == pytest.approx(after - before, abs=1e-6)

"""Whether a theme can be read, and what a newsletter's own theme says."""

from __future__ import annotations

import pytest

from service.rendering.contrast import ENOUGH, contrast, judge
from service.rendering.theme import load_theme
from service.rendering.themes import own, theme_names, whole


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#ffffff", "#000000", 21.0),
        ("#777777", "#ffffff", 4.48),
        ("#767676", "#ffffff", 4.54),
        ("#ff0000", "#ffffff", 4.0),
        ("#123456", "#123456", 1.0),
    ],
)
def test_it_measures_as_wcag_does(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.005)


@pytest.mark.parametrize("name", theme_names())
def test_it_finds_our_own_themes_readable(name: str) -> None:
    for scheme, pairs in judge(load_theme({"name": name})).items():
        poor = [f"{scheme} {pair.said}: {pair.ratio:.2f}" for pair in pairs if not pair.enough]
        assert poor == [], f"less than {ENOUGH}"


def test_it_says_only_what_differs() -> None:
    wanted = whole({"name": "harbour", "width": 600, "dark": {"ink": "#ffffff"}})
    assert own("harbour", wanted, "harbour") == {
        "name": "harbour",
        "width": 600,
        "dark": {"ink": "#ffffff"},
    }


def test_it_takes_nothing_along_from_the_theme_that_was_drawn_before() -> None:
    wanted = {**whole({"name": "broadsheet"}), "width": 512}
    assert own("harbour", wanted, "broadsheet") == {"name": "harbour", "width": 512}

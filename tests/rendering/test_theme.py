from __future__ import annotations

from importlib.resources import files

import pytest

from service.rendering.environment import TEMPLATES
from service.rendering.theme import Palette, load_theme

THEMES = sorted(
    path.name.removesuffix(".toml") for path in files(TEMPLATES).joinpath("themes").iterdir()
)


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2) of ``#rrggbb``."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("ground", ["sheet", "panel", "page"])
@pytest.mark.parametrize("text", ["ink", "muted", "accent"])
def test_it_keeps_every_text_readable_on_every_ground(
    name: str, scheme: str, ground: str, text: str
) -> None:
    palette: Palette = getattr(load_theme({"name": name}), scheme)
    assert contrast(getattr(palette, text), getattr(palette, ground)) >= 4.5


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_keeps_the_words_of_a_button_readable(name: str, scheme: str) -> None:
    palette: Palette = getattr(load_theme({"name": name}), scheme)
    assert contrast(palette.on_accent, palette.accent) >= 4.5


def test_it_lets_a_newsletter_change_one_colour_and_keep_the_rest() -> None:
    theme = load_theme({"light": {"accent": "#123456"}})
    assert theme.light.accent == "#123456"
    assert theme.light.ink == load_theme({}).light.ink
    assert theme.dark == load_theme({}).dark


@pytest.mark.parametrize(
    ("chosen", "problem"),
    [
        ({"name": "neon"}, "no theme 'neon'"),
        ({"name": "../pyproject"}, "no theme"),
        ({"light": {"accent": "red;} body{display:none"}}, "light.accent"),
        ({"fonts": {"serif": "x'\"<"}}, "fonts.serif"),
        ({"light": {"glow": "#123456"}}, "light.glow"),
        ({"width": 5000}, "width"),
        ({"masthead": "right"}, "masthead"),
        ({"dark": "black"}, "dark"),
    ],
)
def test_it_says_what_is_wrong_with_a_theme(chosen: dict[str, object], problem: str) -> None:
    with pytest.raises(ValueError, match="theme") as raised:
        load_theme(chosen)
    assert problem in str(raised.value)

"""Whether a theme can be read: contrast by WCAG 2.2 (1.4.3); 4.5 : 1 is enough for text."""

from __future__ import annotations

from dataclasses import dataclass

from service.rendering.theme import Palette, Theme

ENOUGH = 4.5

PAIRS = (
    ("ink", "sheet", "Text on the sheet"),
    ("ink", "page", "Text on the page"),
    ("ink", "panel", "Text on a panel"),
    ("muted", "sheet", "Captions on the sheet"),
    ("muted", "panel", "Captions on a panel"),
    ("accent", "sheet", "Links on the sheet"),
    ("accent", "panel", "Links on a panel"),
    ("on_accent", "accent", "Words on a button"),
)


@dataclass(frozen=True)
class Pair:
    """Two colours of a palette that stand on one another."""

    front: str
    back: str
    said: str
    ratio: float
    front_colour: str
    back_colour: str

    @property
    def enough(self) -> bool:
        return self.ratio >= ENOUGH


def contrast(one: str, other: str) -> float:
    """The ratio of two colours like ``#8f1d21``: 1 for the same, 21 for black on white.

    >>> round(contrast("#000000", "#ffffff"), 1), contrast("#777777", "#777777")
    (21.0, 1.0)
    """
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def judge(theme: Theme) -> dict[str, list[Pair]]:
    """Every pair of the ``light`` and of the ``dark`` palette, in a fixed order."""
    return {"light": _pairs(theme.light), "dark": _pairs(theme.dark)}


def _pairs(palette: Palette) -> list[Pair]:
    colours = palette.model_dump()
    return [
        Pair(front, back, said, contrast(colours[front], colours[back]), colours[front],
             colours[back])
        for front, back, said in PAIRS
    ]  # fmt: skip


def _luminance(colour: str) -> float:
    """WCAG's relative luminance of ``#rrggbb``."""
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    if channel <= 0.04045:
        return channel / 12.92
    linear: float = ((channel + 0.055) / 1.055) ** 2.4
    return linear

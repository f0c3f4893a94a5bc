"""The sample of every message in a browser: axe-core, two widths, light and dark."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from service.models.document import AnyEntry, Document, TableEntry
from service.rendering.issue import FULLEST, render_issue
from service.rendering.theme import Palette
from tests.browser.looks import SCHEMES, faults, serious
from tests.rendering.samples import (
    MESSAGES,
    NONCE,
    sample_document,
    sample_html,
    sample_identity,
)

WIDTHS = (600, 375)


def test_it_would_tell_what_shuts_somebody_out(chromium: Browser) -> None:
    with chromium.new_context(offline=True) as context:
        page = context.new_page()
        pale = sample_html("confirm").replace("color:#645d52", "color:#dddddd")
        page.set_content(pale)
        assert any(found.startswith("color-contrast") for found in serious(page, mail=True))


@pytest.mark.parametrize("message", MESSAGES)
def test_it_fits_a_desk_and_a_phone_and_shuts_nobody_out(
    message: str, chromium: Browser, tmp_path: Path
) -> None:
    with chromium.new_context(offline=True) as context:
        page = context.new_page()
        page.set_content(sample_html(message))
        assert faults(page, message, WIDTHS, tmp_path, mail=True) == []


# Each place that shows text or a colour of its own, as [what, where, colour].
_COLOURS = """() => [...document.querySelectorAll('body, body *')].flatMap(place => {
    const style = getComputedStyle(place), where = place.outerHTML.slice(0, 90);
    const says = [...place.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    const found = says && place.offsetParent ? [['text', where, style.color]] : [];
    if (style.backgroundColor !== 'rgba(0, 0, 0, 0)')
        found.push(['ground', where, style.backgroundColor]);
    for (const side of ['Top', 'Bottom', 'Left'])
        if (parseFloat(style[`border${side}Width`]) > 0)
            found.push(['rule', where, style[`border${side}Color`]]);
    return found;
})"""


@pytest.mark.parametrize("message", MESSAGES)
def test_it_turns_every_colour_into_its_like_in_the_dark(message: str, chromium: Browser) -> None:
    """What is muted stays muted, a rule a rule: no caption lost, no line left in the light."""
    theme = sample_identity(message).theme
    with chromium.new_context(offline=True) as context:
        page = context.new_page()
        page.set_content(sample_html(message))
        light, dark = (_roles(page, scheme, getattr(theme, scheme)) for scheme in SCHEMES)
    assert len(light) == len(dark) > 10
    lost = [
        (before, after)
        for before, after in zip(light, dark, strict=True)
        if not before[2] & after[2]
    ]
    assert lost == []


def _roles(
    page: Page, scheme: Literal["light", "dark"], palette: Palette
) -> list[tuple[str, str, frozenset[str]]]:
    """What each colour on the page is for, by the palette of *scheme*."""
    page.emulate_media(color_scheme=scheme)
    roles: dict[str, set[str]] = {}
    for name, colour in palette:
        red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
        roles.setdefault(f"rgb({red}, {green}, {blue})", set()).add(name)
    return [
        (what, where, frozenset(roles.get(colour, ())))
        for what, where, colour in page.evaluate(_COLOURS)
    ]


def test_it_breaks_a_word_that_is_wider_than_a_phone(chromium: Browser, tmp_path: Path) -> None:
    html = render_issue(_of_long_words(), FULLEST, sample_identity(), NONCE).html
    assert html is not None
    with chromium.new_context(offline=True) as context:
        page = context.new_page()
        page.set_content(html)
        assert faults(page, "long words", (375,), tmp_path, mail=True) == []


def _of_long_words() -> Document:
    """The sample with a word in each place that does not fit into a line."""
    word = "w" * 120
    sample = sample_document()
    first = [section.entries[0] for section in sample.sections]
    changed = [
        entry.model_copy(
            update={
                name: f"https://a.example/{word}" if name == "text" else word
                for name, value in entry
                if isinstance(value, str) and name not in ("kind", "url")
            }
        )
        for entry in first
    ]
    return sample.model_copy(
        update={
            "title": word,
            "byline": word,
            "editorial": f"{word}\n\n## {word}\n\n| a | {word} |\n|---|--:|\n| {word} | b |",
            "sections": tuple(
                section.model_copy(update={"entries": (_with_long_rows(entry, word),)})
                for section, entry in zip(sample.sections, changed, strict=True)
            ),
        }
    )


def _with_long_rows(entry: AnyEntry, word: str) -> AnyEntry:
    if not isinstance(entry, TableEntry):
        return entry
    rank, _name, *figures = entry.rows[0].cells
    row = entry.rows[0].model_copy(update={"cells": (rank, word, *figures)})
    return entry.model_copy(update={"rows": (row,)})

"""How a page looks at two widths and in two schemes: nothing sticks out, dark is dark."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
HEIGHT = 900

_STICKS_OUT = """() => {
    const wide = document.scrollingElement.scrollWidth, room = window.innerWidth;
    if (wide <= room) return null;
    const culprit = [...document.querySelectorAll('body *')]
        .find(element => element.getBoundingClientRect().right > room + 1);
    return `${wide} px wide in ${room} px: ${culprit ? culprit.outerHTML.slice(0, 200) : '?'}`;
}"""

_BACKGROUNDS = """() => {
    const of = place => getComputedStyle(place).backgroundColor;
    const clear = 'rgba(0, 0, 0, 0)';
    const page = [document.body, document.documentElement].map(of).find(found => found !== clear);
    // A frame without a background of its own shows its text on that of its element.
    return [page || clear, ...[...document.querySelectorAll('iframe')].map(of)];
}"""


def faults(page: Page, name: str, widths: tuple[int, ...], folder: Path) -> list[str]:
    """What is wrong with the page that is open; a picture of each look goes into *folder*."""
    found = []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        for width in widths:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            page.screenshot(path=folder / f"{name}-{width}-{scheme}.png")
            where = f"{name} at {width} px, {scheme}"
            if fault := page.evaluate(_STICKS_OUT):
                found.append(f"{where}: {fault}")
            found += [
                f"{where}: the background {colour} is not {scheme}"
                for colour in page.evaluate(_BACKGROUNDS)
                if not _is_of(scheme, colour)
            ]
    return found


def _is_of(scheme: str, colour: str) -> bool:
    red, green, blue, *alpha = (float(number) for number in re.findall(r"[\d.]+", colour))
    brightness = (red + green + blue) / (3 * 255)
    fits = brightness < 0.3 if scheme == "dark" else brightness > 0.7
    return fits and alpha != [0.0]

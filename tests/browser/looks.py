"""How a page looks at two widths and in two schemes: nothing sticks out, nobody is shut out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Page

from tests.rendering.tools import axe

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
HEIGHT = 900

_UNTIL_SO_WIDE = """width => new Promise(done => {
    const look = () => window.innerWidth === width ? done() : requestAnimationFrame(look);
    look();
})"""

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


# A mail is shown within a mailbox's own page, which has the landmarks. Frames are looked at by
# themselves: what is shown in them runs no script, also not this one.
_MAIL_IDIOM = ("region", "landmark-one-main", "landmark-unique", "bypass")
_ASK = """async (idiom) => {
    const rules = Object.fromEntries(idiom.map(name => [name, {enabled: false}]));
    const { violations, passes } = await axe.run(document, {iframes: false, rules});
    return {passed: passes.length, found: violations
        .filter(({impact}) => ['serious', 'critical'].includes(impact))
        .flatMap(({id, nodes}) => nodes.map(({html}) => `${id}: ${html.slice(0, 160)}`))};
}"""


def serious(page: Page, *, mail: bool = False) -> list[str]:
    """What axe-core finds serious or worse on the page that is open, or on a *mail*."""
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(axe())
    answer: dict[str, Any] = page.evaluate(_ASK, _MAIL_IDIOM if mail else ())
    assert answer["passed"] > 5, "axe-core looked at nothing"
    found: list[str] = answer["found"]
    return found


def faults(
    page: Page, name: str, widths: tuple[int, ...], folder: Path, *, mail: bool = False
) -> list[str]:
    """What is wrong with the page that is open; a picture of a bad look goes into *folder*."""
    found = []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        for width in widths:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            page.evaluate(_UNTIL_SO_WIDE, width)
            bad = [fault] if (fault := page.evaluate(_STICKS_OUT)) else []
            bad += [
                f"the background {colour} is not {scheme}"
                for colour in page.evaluate(_BACKGROUNDS)
                if not _is_of(scheme, colour)
            ]
            if bad:
                page.screenshot(path=folder / f"{name}-{width}-{scheme}.png")
            found += [f"{name} at {width} px, {scheme}: {one}" for one in bad]
        found += [f"{name}, {scheme}: {one}" for one in serious(page, mail=mail)]
    return found


def _is_of(scheme: str, colour: str) -> bool:
    red, green, blue, *alpha = (float(number) for number in re.findall(r"[\d.]+", colour))
    brightness = (red + green + blue) / (3 * 255)
    fits = brightness < 0.3 if scheme == "dark" else brightness > 0.7
    return fits and alpha != [0.0]

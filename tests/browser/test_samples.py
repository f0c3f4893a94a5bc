"""The sample of every message in a browser: axe-core, two widths, light and dark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.looks import SCHEMES, faults
from tests.rendering.samples import MESSAGES, sample_html
from tests.rendering.tools import axe

WIDTHS = (600, 375)

# A mail is shown within a mailbox's own page, which has the landmarks.
_ASK = """async () => {
    const mail_idiom = ['region', 'landmark-one-main', 'landmark-unique', 'bypass'];
    const rules = Object.fromEntries(mail_idiom.map(name => [name, {enabled: false}]));
    const { violations, passes } = await axe.run(document, {rules});
    return {passed: passes.length, found: violations
        .filter(({impact}) => ['serious', 'critical'].includes(impact))
        .flatMap(({id, nodes}) => nodes.map(({html}) => `${id}: ${html.slice(0, 160)}`))};
}"""


def serious(page: Page) -> list[str]:
    """What axe-core finds serious or worse on the page that is open."""
    page.evaluate(axe())
    answer: dict[str, Any] = page.evaluate(_ASK)
    assert answer["passed"] > 5, "axe-core looked at nothing"
    found: list[str] = answer["found"]
    return found


@pytest.mark.parametrize("message", MESSAGES)
def test_it_shuts_nobody_out_in_light_or_dark(message: str, chromium: Browser) -> None:
    with chromium.new_context(offline=True) as context:
        page = context.new_page()
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            page.set_content(sample_html(message))
            assert serious(page) == [], scheme


def test_it_would_tell_what_shuts_somebody_out(chromium: Browser) -> None:
    with chromium.new_context(offline=True) as context:
        page = context.new_page()
        pale = sample_html("confirm").replace("color:#645d52", "color:#dddddd")
        page.set_content(pale)
        assert any(found.startswith("color-contrast") for found in serious(page))


@pytest.mark.parametrize("message", MESSAGES)
def test_it_fits_a_desk_and_a_phone(message: str, chromium: Browser, tmp_path: Path) -> None:
    with chromium.new_context(offline=True) as context:
        page = context.new_page()
        page.set_content(sample_html(message))
        assert faults(page, message, WIDTHS, tmp_path) == []

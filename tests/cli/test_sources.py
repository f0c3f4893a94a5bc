"""``sources``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result

from service.cli.sources import health_lines
from service.localtime import zone
from service.models import Source, SourceState

MORNING = datetime(2026, 11, 20, 6, 12, tzinfo=UTC)
GONE = "The source says that it is gone for good (410)."


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        (
            {"good_at": MORNING, "next_check_at": MORNING.replace(hour=7)},
            "acme                    active  2026-11-20 07:12  2026-11-20 08:12",
        ),
        (
            {"failures": 3, "problem": "The answer is empty.", "next_check_at": MORNING},
            "acme                    active  never             2026-11-20 07:12  "
            "3 failures: The answer is empty.",
        ),
        (
            {"state": SourceState.MUTED, "failures": 1, "problem": GONE, "next_check_at": MORNING},
            "acme                    muted   never             -                 "
            f"1 failure: {GONE}",
        ),
        (
            {"good_at": MORNING, "problem": "No item has a date at 'time'."},
            "acme                    active  2026-11-20 07:12  now               "
            "No item has a date at 'time'.",
        ),
    ],
    ids=["well", "failing", "gone", "damaged"],
)
def test_it_says_how_a_source_fares(fields: dict[str, object], line: str) -> None:
    source = Source(slug="acme", **{"state": SourceState.ACTIVE, "failures": 0, **fields})
    assert list(health_lines([source], zone("Europe/Berlin")))[1] == line


def test_it_lists_the_sources_in_the_order_of_the_file(
    run: Callable[..., Result], demo_file: Path
) -> None:
    run("load", str(demo_file))
    run("collect", "meridian")
    done = run("sources")
    slugs = [line.split()[0] for line in done.stdout.splitlines()[1:]]
    text = demo_file.read_text()
    assert len(slugs) == 13
    assert slugs == sorted(slugs, key=lambda slug: text.index(f'slug = "{slug}"'))
    (meridian,) = (line for line in done.stdout.splitlines() if line.startswith("meridian"))
    assert "never" not in meridian

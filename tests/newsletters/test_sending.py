"""``[sending]`` of a newsletter's file: loaded, dumped, and refused with what may be written."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from service.newsletters.file import dump_newsletter
from service.newsletters.problems import BadNewsletter, read_spec
from tests.newsletters.test_file import FILE, load, newsletter

SENDING = """
[sending]
canary_percent = 0.5
canary_minutes = 15
lateness_hours = 6
tracking = true
"""


def test_it_is_loaded_and_dumped(session: Session) -> None:
    load(session, FILE + SENDING)
    row = newsletter(session)
    assert (row.canary_percent, row.canary_minutes) == (0.5, 15)
    assert (row.lateness_hours, row.tracking) == (6, True)
    dumped = dump_newsletter(session, "report")
    assert SENDING.strip() in dumped
    assert load(session, dumped).unchanged


def test_it_writes_to_all_at_once_and_tracks_nobody_by_default(session: Session) -> None:
    load(session, FILE)
    row = newsletter(session)
    assert (row.canary_percent, row.lateness_hours, row.tracking) == (0.0, 12, False)
    assert "[sending]" not in dump_newsletter(session, "report")


def test_it_goes_back_to_the_default_when_it_is_taken_out(session: Session) -> None:
    load(session, FILE + SENDING)
    assert set(load(session, FILE).fields) == {
        "canary_percent", "canary_minutes", "lateness_hours", "tracking",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("canary_percent = 60", "canary_percent: must be less than or equal to 50."),
        ("canary_percent = nan", "canary_percent: must be a finite number."),
        ('canary_percent = "1 %"', "canary_percent: must be a valid number"),
        ("canary_minutes = 0", "canary_minutes: must be greater than or equal to 1."),
        ("lateness_hours = 0", "lateness_hours: must be greater than or equal to 1."),
        ("tracking = 1", "tracking: must be a valid boolean."),
        ("canary_per_cent = 1", "canary_per_cent: is not known here. Write 'canary_percent'"),
    ],
)
def test_it_says_what_is_wrong_and_where(line: str, said: str) -> None:
    with pytest.raises(BadNewsletter) as caught:
        read_spec(f"{FILE}\n[sending]\n{line}\n")
    at = len(FILE.splitlines()) + 3
    (problem,) = caught.value.problems
    assert problem.startswith(f"line {at}: sending.{said}")

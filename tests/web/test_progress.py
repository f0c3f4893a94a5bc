"""How far an issue is: counted seldom where that takes long, with a rate and the time left."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from sqlalchemy.orm import Session

from service.models import DeliveryState
from service.web.admin.issue.counted import WINDOW, Counted, handed, rate_of
from service.web.admin.issue.progress import Progress, Waves
from service.web.filters import left_in_words, per_second

S = DeliveryState


def tally(**states: int) -> dict[DeliveryState, int]:
    return {state: states.get(state.value, 0) for state in DeliveryState}


class Slow:
    """A clock, and a count that takes some of its time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.now = 1000.0
        self.asked = 0
        self.counts = tally(queued=100)
        self.counted = Counted(self.count, lambda: self.now)

    def count(self, _session: Session, _issue_id: int) -> dict[DeliveryState, int]:
        self.asked += 1
        self.now += self.seconds
        return self.counts

    def look(self, issue_id: int = 1) -> int:
        """What the page says is queued."""
        return self.counted.of(cast("Session", None), issue_id)[S.QUEUED]


def test_it_counts_again_only_after_ten_times_what_counting_took() -> None:
    slow = Slow(2.0)
    assert slow.look() == 100
    slow.counts = tally(accepted=100)
    for _ in range(9):
        slow.now += 2
        assert slow.look() == 100
    assert slow.asked == 1
    slow.now += 2
    assert slow.look() == 0
    assert slow.asked == 2


def test_it_counts_anew_each_time_where_that_is_quick() -> None:
    quick = Slow(0.001)
    for _ in range(5):
        quick.look()
    assert quick.asked == 5


def test_it_keeps_issues_apart() -> None:
    slow = Slow(2.0)
    slow.look(1)
    slow.look(2)
    assert slow.asked == 2


def test_it_counts_anew_after_something_was_done() -> None:
    slow = Slow(2.0)
    slow.look()
    slow.counted.forget(1)
    slow.look()
    assert slow.asked == 2


def test_it_tells_the_rate_of_the_last_minute() -> None:
    quick = Slow(0.0)
    quick.look()
    assert quick.counted.rate(1) is None, "one look tells nothing"
    quick.now += 10
    quick.counts = tally(queued=60, accepted=30, unknown=10)
    quick.look()
    assert quick.counted.rate(1) == 4.0
    quick.now += WINDOW + 1
    assert quick.counted.rate(1) is None, "nobody looked for a minute"


@pytest.mark.parametrize(
    ("points", "rate"),
    [
        ([], None),
        ([(0, 5)], None),
        ([(0, 5), (0.5, 9)], None),  # too close to each other
        ([(0, 0), (10, 140)], 14.0),
        ([(-100, 0), (0, 0), (20, 140)], 7.0),  # older than a minute
        ([(0, 50), (10, 50)], 0.0),
        ([(0, 50), (10, 40)], 0.0),  # tried again
    ],
)
def test_it_says_a_rate_when_there_is_one(
    points: list[tuple[float, int]], rate: float | None
) -> None:
    assert rate_of(points, 20) == rate


def test_it_counts_as_handed_over_what_ses_was_asked_for() -> None:
    assert handed(dict.fromkeys(DeliveryState, 1)) == len(DeliveryState) - 3


@pytest.mark.parametrize(
    ("progress", "left"),
    [
        (Progress(tally(queued=600), True, 10.0, Waves(2, 0, None, None)), 60),
        (Progress(tally(queued=600), True, 10.0, Waves(1, 2, None, None)), 20),
        (Progress(tally(queued=600), True, None, Waves(1, 0, None, None)), None),
        (Progress(tally(queued=600), True, 0.0, Waves(1, 0, None, None)), None),
        (Progress(tally(queued=600), False), None),
    ],
)
def test_it_tells_the_time_left_of_those_who_are_due(progress: Progress, left: int | None) -> None:
    assert progress.left == (None if left is None else timedelta(seconds=left))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (5, "less than a minute"),
        (70, "about 1 minute"),
        (600, "about 10 minutes"),
        (5000, "about 83 minutes"),
        (7200, "about 2 hours"),
    ],
)
def test_it_rounds_the_time_left(seconds: int, said: str) -> None:
    assert left_in_words(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(
    ("rate", "said"), [(14.2, "14 a second"), (1234.0, "1,234 a second"), (0.5, "30 a minute")]
)
def test_it_says_a_rate_in_words(rate: float, said: str) -> None:
    assert per_second(rate) == said


def test_it_shows_shares_of_what_is_due() -> None:
    at = datetime(2026, 11, 20, 7, tzinfo=UTC)
    assert Waves(0, 0, None, None).share_due == 1.0
    assert Waves(1, 3, at, at).share_due == 0.25

"""Bounces and complaints against the lines of SES, Gmail and Yahoo; unknown where it is."""

from __future__ import annotations

import pytest

from service.models import DeliveryState
from service.web.admin.numbers.reputation import (
    BOUNCES,
    COMPLAINTS,
    Measure,
    Verdict,
    is_heard,
    reputation,
    verdict,
)

S = DeliveryState


@pytest.mark.parametrize(
    ("share", "measure", "expected"),
    [
        (0.0, BOUNCES, Verdict.WELL),
        (0.0499, BOUNCES, Verdict.WELL),
        (0.05, BOUNCES, Verdict.NEAR),
        (0.0999, BOUNCES, Verdict.NEAR),
        (0.10, BOUNCES, Verdict.OVER),
        (0.0009, COMPLAINTS, Verdict.WELL),
        (0.001, COMPLAINTS, Verdict.NEAR),
        (0.003, COMPLAINTS, Verdict.OVER),
    ],
)
def test_it_says_where_a_share_stands(share: float, measure: Measure, expected: Verdict) -> None:
    assert verdict(share, measure.lines) is expected


def test_it_counts_only_what_became_mail() -> None:
    bad = {S.BOUNCED: 120, S.COMPLAINED: 2, S.SKIPPED: 300, S.REJECTED: 500, S.GIVEN_UP: 200}
    bad |= {S.QUEUED: 5_000, S.SENDING: 50, S.UNKNOWN: 7}
    found = reputation(bad, 8_057, heard=True)
    assert (found.bounces.number, found.bounces.of) == (120, 2_000)
    assert found.bounces.share == pytest.approx(0.06)
    assert found.bounces.verdict is Verdict.NEAR
    assert found.complaints.verdict is Verdict.NEAR


@pytest.mark.parametrize(("planned", "bounces"), [(99, Verdict.UNKNOWN), (100, Verdict.WELL)])
def test_it_says_nothing_of_too_few(planned: int, bounces: Verdict) -> None:
    found = reputation({S.BOUNCED: 1, S.COMPLAINED: 1}, planned, heard=True)
    assert found.bounces.verdict is bounces
    assert found.complaints.verdict is Verdict.UNKNOWN
    assert found.complaints.share is None
    assert "Too few messages" in found.complaints.why


def test_it_says_nothing_when_ses_told_nothing() -> None:
    found = reputation({}, 50_000, heard=False)
    assert [line.verdict for line in found.both] == [Verdict.UNKNOWN, Verdict.UNKNOWN]
    assert "events may not reach" in found.bounces.why
    assert reputation({}, 0, heard=False).bounces.why == "No mail has gone out yet."


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({}, False),
        ({S.ACCEPTED: 10}, False),
        ({S.ACCEPTED: 10, S.DELIVERED: 9}, False),
        ({S.ACCEPTED: 10, S.DELIVERED: 8, S.BOUNCED: 2}, True),
        ({S.SKIPPED: 10}, False),
    ],
)
def test_it_knows_whether_the_events_come_in(
    counts: dict[DeliveryState, int], expected: bool
) -> None:
    assert is_heard(counts) is expected

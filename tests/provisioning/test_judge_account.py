"""What is said of the SES account and its quota."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service.provisioning.doctor.account import Account, judge_account, judge_quota
from service.provisioning.doctor.finding import Status, Unread

FINE = Account(
    production=True,
    enforcement="HEALTHY",
    sending_enabled=True,
    max_rate=14.0,
    max_24_hours=50_000.0,
    sent_24_hours=1_000.0,
)


@pytest.mark.parametrize(
    ("found", "status", "told"),
    [
        (FINE, Status.OK, "healthy"),
        (replace(FINE, production=False), Status.WARNING, "Ask for production access"),
        (replace(FINE, enforcement="PROBATION"), Status.WARNING, "under review"),
        (replace(FINE, enforcement="SHUTDOWN"), Status.FAILED, "shut it down"),
        (replace(FINE, sending_enabled=False), Status.FAILED, "switched off"),
        (replace(FINE, production=False, sending_enabled=False), Status.FAILED, "switched off"),
        (replace(FINE, enforcement="HEALTHIER"), Status.UNKNOWN, "HEALTHIER"),
        (Unread("SES gave no answer."), Status.UNKNOWN, "no answer"),
        (Unread("These keys lack it.", certain=True), Status.FAILED, "lack"),
    ],
)
def test_it_judges_the_account(found: Account | Unread, status: Status, told: str) -> None:
    finding = judge_account(found)
    assert finding.status is status
    assert told in finding.line()


@pytest.mark.parametrize(
    ("found", "readers", "status", "told"),
    [
        (FINE, 50_000, Status.OK, "14 a second; 1,000 of 50,000 sent in 24 hours."),
        (FINE, 50_001, Status.WARNING, "50,001 readers take more than a day"),
        (FINE, Unread("no database"), Status.OK, "14 a second"),
        (replace(FINE, sent_24_hours=40_000.0), 10, Status.WARNING, "40,000 of 50,000"),
        (replace(FINE, sent_24_hours=50_000.0), 10, Status.FAILED, "Nothing may be sent now"),
        (replace(FINE, max_rate=1.0), 10, Status.OK, "1 a second"),
        (replace(FINE, max_rate=0.0), 10, Status.FAILED, "Nothing may be sent now"),
        (replace(FINE, max_24_hours=None), 10**7, Status.OK, "without limit"),
        (Unread("SES gave no answer."), 10, Status.UNKNOWN, "no answer"),
    ],
)
def test_it_judges_the_quota(
    found: Account | Unread, readers: int | Unread, status: Status, told: str
) -> None:
    finding = judge_quota(found, readers)
    assert finding.status is status
    assert told in finding.line()

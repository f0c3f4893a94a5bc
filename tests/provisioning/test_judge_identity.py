"""What is said of a sender in SES: the identity, DKIM, MAIL FROM."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service.provisioning.doctor.finding import Status, Unread
from service.provisioning.doctor.identity import (
    Identity,
    candidates,
    judge_dkim,
    judge_identity,
    judge_mail_from,
)

ADDRESS = "digest@news.example.org"
FINE = Identity(
    name="example.org",
    verified=True,
    dkim_on=True,
    dkim_status="SUCCESS",
    dkim_tokens=("one", "two", "three"),
    mail_from="bounce.example.org",
    mail_from_status="SUCCESS",
)
SILENT = Unread("SES gave no answer.")
Read = Identity | Unread | None


@pytest.mark.parametrize(
    ("found", "status", "told"),
    [
        (FINE, Status.OK, "Verified by example.org"),
        (replace(FINE, verified=False), Status.FAILED, "has not verified example.org"),
        (None, Status.FAILED, "Verify news.example.org in the SES console"),
        (SILENT, Status.UNKNOWN, "no answer"),
    ],
)
def test_it_judges_the_identity(found: Read, status: Status, told: str) -> None:
    finding = judge_identity(ADDRESS, found)
    assert finding.status is status
    assert told in finding.line()


@pytest.mark.parametrize(
    ("found", "status", "told"),
    [
        (FINE, Status.OK, "signs as example.org"),
        (replace(FINE, dkim_on=False), Status.FAILED, "Enable DKIM signing"),
        (replace(FINE, dkim_status="PENDING"), Status.FAILED, "two._domainkey.example.org"),
        (
            replace(FINE, dkim_status="FAILED", dkim_by_ses=False),
            Status.FAILED,
            "Set up Easy DKIM",
        ),
        (
            replace(FINE, dkim_status="", dkim_tokens=()),
            Status.FAILED,
            "does not sign yet (NOT_STARTED)",
        ),
        (replace(FINE, name=ADDRESS), Status.OK, "signs as news.example.org"),
        (None, Status.UNKNOWN, "no identity"),
        (SILENT, Status.UNKNOWN, "no answer"),
    ],
)
def test_it_judges_dkim(found: Read, status: Status, told: str) -> None:
    finding = judge_dkim(ADDRESS, found)
    assert finding.status is status
    assert told in finding.line()


PENDING = replace(FINE, mail_from_status="PENDING")


@pytest.mark.parametrize(
    ("found", "status", "told"),
    [
        (FINE, Status.OK, "bounce.example.org"),
        (replace(FINE, mail_from=""), Status.WARNING, "SPF does not speak for you"),
        (PENDING, Status.WARNING, "MX 10 feedback-smtp.eu-central-1.amazonses.com"),
        (replace(PENDING, rejects_without_mx=True), Status.FAILED, "(PENDING)"),
        (None, Status.UNKNOWN, "no identity"),
        (SILENT, Status.UNKNOWN, "no answer"),
    ],
)
def test_it_judges_mail_from(found: Read, status: Status, told: str) -> None:
    finding = judge_mail_from(ADDRESS, found, "eu-central-1")
    assert finding.status is status
    assert told in finding.line()


def test_it_looks_for_the_nearest_identity_and_never_for_a_whole_top_level_domain() -> None:
    assert list(candidates(ADDRESS)) == [ADDRESS, "news.example.org", "example.org"]
    assert list(candidates("me@example.org")) == ["me@example.org", "example.org"]

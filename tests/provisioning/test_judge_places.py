"""What is said of the base URL, the database, Redis, the SMTP server and the clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from service.provisioning.doctor.base_url import Answer, judge_base_url
from service.provisioning.doctor.clock import judge_clock
from service.provisioning.doctor.finding import Status, Unread
from service.provisioning.doctor.smtp import judge_smtp
from service.provisioning.doctor.stores import (
    Database,
    Redis,
    judge_database,
    judge_redis,
)

PUBLIC = "https://news.example.org"
OURS = Answer(200, "abc")


@pytest.mark.parametrize(
    ("url", "found", "status", "told"),
    [
        (PUBLIC, OURS, Status.OK, "answers as this installation"),
        ("http://news.example.org", OURS, Status.FAILED, "is not https"),
        ("https://localhost:8443", OURS, Status.WARNING, "this machine's own"),
        ("https://127.0.0.1", OURS, Status.WARNING, "Readers need a public name"),
        (PUBLIC, Answer(200, "other"), Status.FAILED, "Another installation answers"),
        (PUBLIC, Answer(200, ""), Status.FAILED, "not as Broadsheet"),
        (PUBLIC, Answer(502, "abc"), Status.FAILED, "answers 502"),
        (PUBLIC, Unread("refused.", certain=True), Status.FAILED, "cannot be reached"),
    ],
)
def test_it_judges_the_base_url(
    url: str, found: Answer | Unread, status: Status, told: str
) -> None:
    finding = judge_base_url(url, "abc", found)
    assert finding.status is status
    assert told in finding.line()


@pytest.mark.parametrize(
    ("found", "status", "told"),
    [
        (Database("PostgreSQL", current=True), Status.OK, "schema is current"),
        (Database("SQLite", current=False), Status.FAILED, "broadsheet db upgrade"),
        (Unread("It cannot be used.", certain=True), Status.FAILED, "cannot be used"),
        (Unread("Nobody looked."), Status.UNKNOWN, "Nobody looked"),
    ],
)
def test_it_judges_the_database(found: Database | Unread, status: Status, told: str) -> None:
    finding = judge_database(found)
    assert finding.status is status
    assert told in finding.line()


REDIS = Redis("7.4", "noeviction", max_memory=0, lasting=True)


@pytest.mark.parametrize(
    ("found", "status", "told"),
    [
        (REDIS, Status.OK, "Redis 7.4 answers"),
        (replace(REDIS, policy="allkeys-lru"), Status.WARNING, "allkeys-lru"),
        (replace(REDIS, policy="allkeys-lru", max_memory=10), Status.FAILED, "noeviction"),
        (replace(REDIS, policy=None), Status.UNKNOWN, "does not tell its maxmemory-policy"),
        (replace(REDIS, lasting=False), Status.WARNING, "Set appendonly yes"),
        (replace(REDIS, lasting=None), Status.UNKNOWN, "whether it writes to disk"),
        (Unread("It does not answer.", certain=True), Status.FAILED, "does not answer"),
        (Unread("Nobody looked."), Status.UNKNOWN, "Nobody looked"),
    ],
)
def test_it_judges_redis(found: Redis | Unread, status: Status, told: str) -> None:
    finding = judge_redis(found)
    assert finding.status is status
    assert told in finding.line()


@pytest.mark.parametrize(
    ("found", "rate_is_set", "status", "told"),
    [
        ("mail.example.org", True, Status.OK, "mail.example.org takes our name and password."),
        ("mail.example.org", False, Status.OK, "BROADSHEET_MAX_SEND_RATE is not set"),
        (Unread("refused", certain=True), True, Status.FAILED, "Correct BROADSHEET_SMTP_URL"),
    ],
)
def test_it_judges_the_smtp_server(
    found: str | Unread, *, rate_is_set: bool, status: Status, told: str
) -> None:
    finding = judge_smtp(found, rate_is_set=rate_is_set)
    assert finding.status is status
    assert told in finding.line()


SILENT = Unread("SES told no time.")


@pytest.mark.parametrize(
    ("ahead", "status", "told"),
    [
        ({"SES": 0.4, "the database": -5.0}, Status.OK, "Within 5 s of SES and the database"),
        ({"SES": 0.4, "the database": -5.1}, Status.WARNING, "5 s behind that of the database"),
        ({"SES": 12.0, "the database": 0.0}, Status.WARNING, "12 s ahead of that of SES"),
        ({"SES": -300.0}, Status.FAILED, "AWS refuses calls"),
        ({"SES": 900.0, "the database": 2.0}, Status.FAILED, "900 s ahead of"),
        ({"SES": SILENT, "the database": 1.0}, Status.OK, "SES could not be asked"),
        ({"SES": SILENT}, Status.UNKNOWN, "SES told no time"),
        ({}, Status.UNKNOWN, "nothing to compare"),
    ],
)
def test_it_judges_the_clock(
    ahead: Mapping[str, float | Unread], status: Status, told: str
) -> None:
    finding = judge_clock(ahead)
    assert finding.status is status
    assert told in finding.line()

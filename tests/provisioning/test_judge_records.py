"""What is said of SPF, MX and DMARC."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from service.provisioning.doctor.finding import Status, Unread
from service.provisioning.doctor.records import (
    dmarc_names,
    judge_dmarc,
    judge_from_spf,
    judge_mail_from_records,
)

SPF = "v=spf1 include:amazonses.com ~all"
HOST = "feedback-smtp.eu-central-1.amazonses.com"
SILENT = Unread("The resolver did not answer.")
Texts = Sequence[str] | Unread


@pytest.mark.parametrize(
    ("texts", "status", "told"),
    [
        ([SPF, "google-site-verification=1"], Status.OK, SPF),
        (["v=spf1 -all"], Status.OK, "v=spf1 -all"),
        (["V=SPF1 -all"], Status.OK, "V=SPF1"),
        (["v=spf1"], Status.OK, "v=spf1"),
        (["v=spf10 -all"], Status.WARNING, "There is no record"),
        ([], Status.WARNING, 'Publish example.org TXT "v=spf1 include:amazonses.com ~all"'),
        ([SPF, "v=spf1 -all"], Status.FAILED, "2 records: none counts"),
        (SILENT, Status.UNKNOWN, "did not answer"),
    ],
)
def test_it_judges_spf_of_the_domain_in_from(texts: Texts, status: Status, told: str) -> None:
    finding = judge_from_spf("example.org", texts)
    assert finding.status is status
    assert told in finding.line()


@pytest.mark.parametrize(
    ("texts", "exchanges", "status", "told"),
    [
        ([SPF], [HOST], Status.OK, HOST),
        ([SPF], [HOST.upper()], Status.OK, HOST),
        ([], [HOST], Status.FAILED, "no SPF record"),
        (["v=spf1 -all"], [HOST], Status.FAILED, "does not name SES"),
        (["v=spf1 include:_spf.example.org -all"], [HOST], Status.WARNING, "does not name SES"),
        (["v=spf1 redirect=_spf.example.org"], [HOST], Status.WARNING, "does not name SES"),
        ([SPF, SPF], [HOST], Status.FAILED, "2 SPF records"),
        ([SPF], [], Status.FAILED, "MX is missing"),
        ([SPF], ["mail.example.org"], Status.FAILED, f"MX 10 {HOST} and no other"),
        ([SPF], [HOST, "mail.example.org"], Status.FAILED, "bounces do not reach SES"),
        (SILENT, [HOST], Status.UNKNOWN, "did not answer"),
        ([SPF], SILENT, Status.UNKNOWN, "did not answer"),
    ],
)
def test_it_judges_the_records_of_mail_from(
    texts: Texts, exchanges: Texts, status: Status, told: str
) -> None:
    finding = judge_mail_from_records("bounce.example.org", texts, exchanges, "eu-central-1")
    assert finding.status is status
    assert told in finding.line()


@pytest.mark.parametrize(
    ("texts", "signed_as", "status", "told"),
    [
        (["v=DMARC1; p=none"], "example.org", Status.OK, "p=none"),
        (["v=DMARC1; p=reject; adkim=s"], "news.example.org", Status.OK, "adkim=s"),
        (["v=DMARC1; p=reject; adkim=s"], "example.org", Status.FAILED, "exact alignment"),
        (["v=DMARC1; p=reject; adkim=s"], None, Status.OK, "p=reject"),
        (["v = DMARC1 ; P = Quarantine"], "example.org", Status.OK, "Quarantine"),
        (["v=DMARC1; rua=mailto:a@b.example"], None, Status.FAILED, "names no policy"),
        (["v=DMARC1; p=no"], None, Status.FAILED, "names no policy"),
        (["v=DMARC1; p=none", "v=DMARC1; p=reject"], None, Status.FAILED, "2 records"),
        (["something else"], None, Status.FAILED, "Publish _dmarc.news.example.org"),
        ([], None, Status.FAILED, "Gmail and Yahoo"),
        (SILENT, None, Status.UNKNOWN, "did not answer"),
    ],
)
def test_it_judges_dmarc(texts: Texts, signed_as: str | None, status: Status, told: str) -> None:
    finding = judge_dmarc("news.example.org", texts, signed_as)
    assert finding.status is status
    assert told in finding.line()


def test_it_looks_for_dmarc_up_the_tree_and_never_at_a_whole_top_level_domain() -> None:
    assert list(dmarc_names("example.org")) == ["_dmarc.example.org"]
    names = list(dmarc_names("a.news.example.org"))
    assert names == ["_dmarc.a.news.example.org", "_dmarc.news.example.org", "_dmarc.example.org"]

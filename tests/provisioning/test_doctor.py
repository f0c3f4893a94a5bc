"""``broadsheet doctor``: what it prints, and what it makes of what it cannot see."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from redis import Redis

from service import config
from service.sandbox import Sandbox
from tests.cli.conftest import REPORT
from tests.provisioning.nameserver import Nameserver
from tests.sandbox.people import ask
from tests.servers.ports import free_port
from tests.servers.smtp import SmtpServer

Findings = dict[str, dict[str, str]]
Doctor = Callable[..., Findings]
SPF = "v=spf1 include:amazonses.com ~all"


@pytest.fixture
def doctor(run: Callable[..., Result], nameserver: Nameserver) -> Doctor:
    """Runs it for a program; the findings by their check."""

    def examine(*options: str) -> Findings:
        common = ["--json", "--timeout", "6", "--resolver", nameserver.address]
        result = run("doctor", *common, *options)
        found = {row["check"]: row for row in json.loads(result.stdout)}
        failures = [row for row in found.values() if row["status"] == "failed"]
        assert result.exit_code == (1 if failures else 0), result.stdout
        return found

    return examine


@pytest.fixture
def ready(
    account: Sandbox, sqlite_url: str, redis: Redis, run: Callable[..., Result],
    client: Callable[[str], Any], nameserver: Nameserver, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Sandbox:  # fmt: skip
    """All but the site: an account that was set up, a newsletter, and its records in DNS."""
    for line in run("ses", "setup").stdout.splitlines():
        if line.startswith("BROADSHEET_"):
            monkeypatch.setenv(*line.split("=", 1))
    monkeypatch.setenv("BROADSHEET_BASE_URL", f"http://127.0.0.1:{free_port()}")
    config.settings.cache_clear()
    (tmp_path / "report.toml").write_text(REPORT)
    assert run("load", str(tmp_path / "report.toml")).exit_code == 0
    client("sesv2").create_email_identity(EmailIdentity="example.org")
    nameserver.txt("news.example.org", SPF)
    nameserver.txt("mail.example.org", SPF)
    nameserver.mx("mail.example.org", "10 feedback-smtp.us-east-1.amazonses.com.")
    nameserver.txt("_dmarc.example.org", "v=DMARC1; p=none")
    return account


def statuses(found: Findings) -> dict[str, str]:
    return {check: row["status"] for check, row in found.items()}


def test_it_finds_all_that_sending_depends_on(ready: Sandbox, doctor: Doctor) -> None:
    assert statuses(doctor()) == {
        "database": "ok",
        "Redis": "ok",
        "base URL": "failed",
        "SES account": "ok",
        "SES quota": "ok",
        "configuration set broadsheet": "ok",
        "sender report@news.example.org": "ok",
        "DKIM news.example.org": "ok",
        "MAIL FROM news.example.org": "ok",
        "SPF and MX mail.example.org": "ok",
        "SPF news.example.org": "ok",
        "DMARC news.example.org": "ok",
        "events (delivery)": "warning",  # nobody else takes from the queue
        "clock": "ok",
    }


def test_it_tries_a_bounce_as_well_when_it_is_asked_to(ready: Sandbox, doctor: Doctor) -> None:
    assert "came back" in doctor("--thorough")["events (bounce)"]["said"]


def test_it_prints_a_line_each_with_what_to_do(
    ready: Sandbox, run: Callable[..., Result], nameserver: Nameserver
) -> None:
    result = run("doctor", "--timeout", "6", "--resolver", nameserver.address)
    lines = result.stdout.splitlines()
    assert len(lines) == 14
    [line] = [line for line in lines if "base URL" in line]
    assert line.startswith("failed   base URL: http://127.0.0.1:")
    assert line.endswith("Start `web`, and look at DNS, proxy and certificate.")
    assert "ok       database: SQLite answers, its schema is current." in lines
    assert result.exit_code == 1


def test_it_sees_what_is_wrong_with_the_identity(ready: Sandbox, doctor: Doctor) -> None:
    wrong = {
        "DkimAttributes": {"Status": "PENDING"},
        "MailFromAttributes": {"MailFromDomainStatus": "FAILED"},
    }
    ask(ready.url, "/control/identities/example.org", wrong)
    found = doctor()
    assert found["DKIM news.example.org"]["status"] == "failed"
    assert "._domainkey.example.org" in found["DKIM news.example.org"]["todo"]
    assert found["MAIL FROM news.example.org"]["status"] == "warning"


def test_it_sends_nothing_without_a_verified_sender(ready: Sandbox, doctor: Doctor) -> None:
    ask(ready.url, "/control/identities/example.org", {"VerifiedForSendingStatus": False})
    found = doctor()
    assert found["sender report@news.example.org"]["status"] == "failed"
    assert found["events (delivery)"]["status"] == "unknown"
    assert ask(ready.url, "/control/messages").json()["messages"] == []


def test_it_sees_that_events_do_not_come(ready: Sandbox, doctor: Doctor) -> None:
    ask(ready.url, "/control/faults", {"events": {"enabled": False}})
    found = doctor("--timeout", "1")["events (delivery)"]
    assert found["status"] == "failed"
    assert "no event came" in found["said"]


def test_it_takes_a_verified_domain_for_an_address_that_is_not(
    ready: Sandbox, doctor: Doctor, client: Callable[[str], Any]
) -> None:
    client("sesv2").create_email_identity(EmailIdentity="report@news.example.org")
    pending = {"VerifiedForSendingStatus": False}
    ask(ready.url, "/control/identities/report@news.example.org", pending)
    found = doctor()["sender report@news.example.org"]
    assert (found["status"], found["said"]) == ("ok", "Verified by example.org.")


def test_it_calls_what_it_may_not_look_at_unknown(
    ready: Sandbox, doctor: Doctor, deny: Callable[..., None], nameserver: Nameserver
) -> None:
    deny("ses:GetEmailIdentity", "ses:GetConfigurationSet", "sqs:ReceiveMessage")
    nameserver.broken.update({"news.example.org", "_dmarc.news.example.org"})
    found = doctor()
    for check in (
        "configuration set broadsheet",
        "sender report@news.example.org",
        "DKIM news.example.org",
        "MAIL FROM news.example.org",
        "SPF news.example.org",
        "DMARC news.example.org",
        "events (delivery)",
    ):
        assert found[check]["status"] == "unknown", found[check]
    assert (
        "lack the permission ses:GetEmailIdentity"
        in (found["sender report@news.example.org"]["said"])
    )


def test_it_fails_where_the_service_could_not_know_its_limits(
    ready: Sandbox, doctor: Doctor, deny: Callable[..., None]
) -> None:
    deny("ses:GetAccount")
    found = doctor()
    assert found["SES account"]["status"] == "failed"
    assert found["SES quota"]["status"] == "unknown"
    assert found["clock"]["status"] == "unknown"


def test_it_looks_at_nothing_of_ses_where_mail_leaves_by_smtp(
    ready: Sandbox, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = SmtpServer()
    monkeypatch.setenv("BROADSHEET_TRANSPORT", "smtp")
    monkeypatch.setenv("BROADSHEET_SMTP_URL", server.url)
    config.settings.cache_clear()
    found = doctor()
    server.close()
    assert statuses(found) == {
        "database": "ok",
        "Redis": "ok",
        "base URL": "failed",
        "SMTP server": "ok",
        "SPF news.example.org": "ok",
        "DMARC news.example.org": "ok",
    }
    assert server.received == []


def test_it_sees_that_smtp_refuses_our_password(
    ready: Sandbox, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = SmtpServer()
    server.behaviour.login = "535 no"
    monkeypatch.setenv("BROADSHEET_TRANSPORT", "smtp")
    monkeypatch.setenv("BROADSHEET_SMTP_URL", server.url.replace("://", "://me:word@"))
    config.settings.cache_clear()
    found = doctor()["SMTP server"]
    server.close()
    assert found["status"] == "failed"
    assert "Correct BROADSHEET_SMTP_URL" in found["todo"]


def test_it_makes_nothing_where_nothing_is(doctor: Doctor, data_dir: Path) -> None:
    found = doctor()
    assert found["database"]["status"] == "failed"
    assert found["senders"]["status"] == "unknown"
    assert list(data_dir.iterdir()) == []


def test_it_says_that_no_region_is_set(
    ready: Sandbox, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_REGION")
    found = doctor()
    assert found["SES account"]["todo"] == "Set AWS_REGION."
    assert found["SPF news.example.org"]["status"] == "ok"


def test_it_refuses_a_resolver_that_is_no_address(run: Callable[..., Result]) -> None:
    result = run("doctor", "--resolver", "dns.example.org")
    assert result.exit_code == 2
    assert "give its IP address" in result.output

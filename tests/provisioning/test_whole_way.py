"""An operator's way in a new account: set up, set the settings, start, and ask the doctor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import boto3
import pytest

from service.sandbox import Sandbox
from tests.cli.conftest import REPORT
from tests.cli.process import Installation
from tests.provisioning.nameserver import Nameserver
from tests.provisioning.tls_proxy import TlsProxy
from tests.sources.certificates import self_signed

SPF = "v=spf1 include:amazonses.com ~all"


@pytest.fixture
def operator(tmp_path: Path, nameserver: Nameserver) -> Iterator[Installation]:
    """A new account, a domain whose records stand in DNS, and a proxy that speaks TLS."""
    tls, certificate = self_signed(tmp_path)
    with ExitStack() as left, Sandbox(date=date(2026, 11, 20), wired=False) as account:
        made = Installation(tmp_path, AWS_ENDPOINT_URL=account.url, SSL_CERT_FILE=str(certificate))
        left.callback(made.end)
        proxy = TlsProxy(tls, made.url.removeprefix("http://"))
        left.callback(proxy.close)
        made.environment["BROADSHEET_BASE_URL"] = proxy.url
        ses = boto3.Session("x", "x", region_name="us-east-1").client(
            "sesv2", endpoint_url=account.url
        )
        left.callback(ses.close)
        ses.create_email_identity(EmailIdentity="example.org")
        nameserver.txt("news.example.org", SPF)
        nameserver.txt("mail.example.org", SPF)
        nameserver.mx("mail.example.org", "10 feedback-smtp.us-east-1.amazonses.com.")
        nameserver.txt("_dmarc.example.org", "v=DMARC1; p=none")
        yield made


@pytest.mark.timeout(240)
def test_it_is_fit_to_send_after_the_two_commands(
    operator: Installation, nameserver: Nameserver
) -> None:
    done = operator.run("ses", "setup")
    assert done.returncode == 0, done.stderr
    settings = [line for line in done.stdout.splitlines() if line.startswith("BROADSHEET_")]
    assert len(settings) == 3
    (operator.folder / ".env").write_text("\n".join(settings) + "\n")
    (operator.folder / "report.toml").write_text(REPORT)
    loaded = operator.run("load", "report.toml")
    assert loaded.returncode == 0, loaded.stderr

    up = operator.up()
    up.wait_for("Broadsheet is running")
    seen = operator.run("doctor", "--thorough", "--resolver", nameserver.address)
    up.process.terminate()
    up.process.wait(60)

    lines = seen.stdout.splitlines()
    wrong = [line for line in lines if not line.startswith("ok ")]
    assert seen.returncode == 0, seen.stdout + seen.stderr
    assert len(wrong) == 1, seen.stdout
    assert wrong[0].startswith("warning  base URL: https://localhost:"), "the machine's own name"
    for kind in ("delivery", "bounce"):
        [line] = [line for line in lines if f"events ({kind})" in line]
        assert "came back in" in line

"""Our own site, asked from outside."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.provisioning.doctor.base_url import SITE_HEADER, Answer
from service.provisioning.doctor.finding import Unread
from service.provisioning.doctor.look.site import ask_site
from tests.servers.ports import free_port
from tests.sources.certificates import self_signed
from tests.sources.origin import Answer as Page
from tests.sources.origin import Origin


@pytest.fixture
def certificate(tmp_path: Path) -> Iterator[tuple[Origin, Path]]:
    tls, path = self_signed(tmp_path)
    origin = Origin(tls)
    origin.pages["/healthz"] = Page(b"alive", headers={SITE_HEADER: "abc"})
    yield origin, path
    origin.close()


def test_it_hears_which_installation_answers(
    certificate: tuple[Origin, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    origin, path = certificate
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    assert ask_site(origin.url("", "localhost")) == Answer(200, "abc")


def test_it_takes_no_certificate_that_nobody_vouches_for(
    certificate: tuple[Origin, Path],
) -> None:
    found = ask_site(certificate[0].url("", "localhost"))
    assert isinstance(found, Unread)
    assert "certificate" in found.reason.lower()


def test_it_does_not_follow_to_another_place(certificate: tuple[Origin, Path]) -> None:
    origin = Origin()
    origin.redirect("/healthz", "https://elsewhere.example/healthz")
    assert ask_site(origin.url("")) == Answer(302, "")
    origin.close()


def test_it_says_that_nothing_answers() -> None:
    found = ask_site(f"http://127.0.0.1:{free_port()}")
    assert isinstance(found, Unread)
    assert found.certain

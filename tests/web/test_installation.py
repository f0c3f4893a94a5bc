"""The page that says whether the installation is fit to send."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from service.config import settings
from service.db import session_scope
from service.models import Examination, Role, Suppression, SuppressionReason
from service.provisioning.doctor import run as doctor
from service.provisioning.doctor.finding import failed, ok
from service.provisioning.doctor.kept import LONGEST, ask
from service.staff.users import add_user
from service.web.asking import now as wall_clock
from tests.web.browsing import PASSWORD, post

PAGE = "/admin/health"


def examinations() -> list[Examination]:
    with session_scope() as session:
        return list(session.scalars(select(Examination).order_by(Examination.id)))


@pytest.fixture
def findings(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the doctor finds, in place of what a network would tell it."""
    lines = [
        ok("SES account", "Production access, sending enabled, healthy."),
        failed("DMARC of <x>", "There is no record.", "Publish one."),
    ]
    monkeypatch.setattr(doctor, "examine", lambda *_: iter(lines))


def test_it_says_what_is_not_known_yet(editor: FlaskClient) -> None:
    page = editor.get(PAGE).text
    assert "It has not looked yet" in page
    assert "Unknown" in page


def test_it_asks_for_one_run_at_a_time(editor: FlaskClient) -> None:
    for _ in range(2):
        post(editor, PAGE, f"{PAGE}/examine")
    assert len(examinations()) == 1
    assert "as soon as a worker is free" in editor.get(PAGE).text


def test_it_shows_what_was_found_with_its_remedy(editor: FlaskClient, findings: None) -> None:
    post(editor, PAGE, f"{PAGE}/examine")
    (row,) = examinations()
    assert doctor.run(row.id, settings(), wall_clock()) == 2
    assert doctor.run(row.id, settings(), wall_clock()) == 0
    page = editor.get(PAGE).text
    assert page.index("DMARC of &lt;x&gt;") < page.index("<strong>SES account</strong>")
    assert "Publish one." in page
    assert page.count("Production access, sending enabled, healthy.") == 2
    assert "hx-get" not in page
    assert "As of" in editor.get(f"{PAGE}/lines").text


def test_it_shows_the_last_lines_while_new_ones_are_awaited(
    editor: FlaskClient, findings: None
) -> None:
    post(editor, PAGE, f"{PAGE}/examine")
    doctor.run(examinations()[0].id, settings(), wall_clock())
    post(editor, PAGE, f"{PAGE}/examine")
    page = editor.get(PAGE).text
    assert "what it found the last time" in page
    assert "Publish one." in page
    assert "hx-get" in page


def test_it_says_that_nobody_took_it_up(editor: FlaskClient) -> None:
    with session_scope() as session:
        ask(session, wall_clock() - LONGEST - timedelta(seconds=1))
    page = editor.get(PAGE).text
    assert "taken up by nobody" in page
    post(editor, PAGE, f"{PAGE}/examine")
    assert len(examinations()) == 2


def test_it_counts_suppressed_addresses(editor: FlaskClient) -> None:
    with session_scope() as session:
        session.add(
            Suppression(
                email_hash="a", reason=SuppressionReason.BOUNCE, created_at=datetime.now(UTC)
            )
        )
    assert "1 address<" in editor.get(PAGE).text


def test_it_lets_a_viewer_look_and_not_call(app: Flask) -> None:
    with session_scope() as session:
        add_user(session, "viewer@example.org", PASSWORD, Role.VIEWER, wall_clock())
    viewer = app.test_client()
    post(viewer, "/admin/login", "/admin/login", email="viewer@example.org", password=PASSWORD)
    assert viewer.get(PAGE).status_code == 200
    assert post(viewer, PAGE, f"{PAGE}/examine").status_code == 403

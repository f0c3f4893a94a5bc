"""The proof of work in a real browser: found, and done without where no script runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime

import pytest
from playwright.sync_api import Browser, Page, expect
from redis import Redis
from sqlalchemy import Engine
from werkzeug.serving import make_server

from service import config
from service.db import session_scope
from service.models import Newsletter
from service.web.app import create_app
from service.web.public import sign_up
from tests.browser.watch import Watch


@pytest.fixture
def careful(
    database: Engine,
    redis: Redis,
    now: datetime,
    chromium: Browser,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Watch]:
    """Browsers before an installation that asks for proofs, and lets nobody in without one."""
    monkeypatch.setenv("BROADSHEET_ALTCHA", "true")
    config.settings.cache_clear()
    with session_scope() as session:
        session.add(
            Newsletter(
                slug="report",
                name="The Report",
                from_name="The Report",
                from_address="report@news.example.org",
                postal_address="1 Quay Street, Harbourtown",
                timezone="Europe/Berlin",
                sections=[],
                created_at=now,
            )
        )
    app = create_app()
    app.config["SIGN_UP_SECONDS"] = 0.0
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with Watch(chromium, f"http://127.0.0.1:{server.port}") as watching:
            yield watching
        assert watching.complaints == [], "\n".join(watching.complaints)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def subscribe(page: Page, email: str) -> None:
    page.goto("/n/report/")
    page.get_by_label("Your e-mail address").fill(email)
    page.get_by_role("button", name="Subscribe").click()


def test_it_proves_a_readers_work(careful: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_up, "UNPROVED_AN_HOUR", 1)
    page = careful.person()
    for number in range(3):
        subscribe(page, f"reader{number}@example.org")
        expect(page.get_by_role("heading", name="Check your inbox")).to_be_visible()


def test_it_lets_a_reader_in_whose_browser_runs_no_script(careful: Watch) -> None:
    page = careful.person(javascript=False)
    subscribe(page, "reader@example.org")
    expect(page.get_by_role("heading", name="Check your inbox")).to_be_visible()

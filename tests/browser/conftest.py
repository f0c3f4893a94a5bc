"""A real browser before a real installation, on both databases."""

from __future__ import annotations

import shutil
from collections.abc import Generator, Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright
from redis import Redis

from service.config import Settings
from tests.browser.watch import PATIENCE_MS, Watch
from tests.issues.ai.model_server import ModelServer
from tests.servers.installation import Installation, attach_log, installed

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # Whatever a page may ask for, no name is ever looked up.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]

SLOW_ENOUGH_TO_WATCH = {"BROADSHEET_MAX_SEND_RATE": "25"}
"""Messages a second: a send to the sample readers then takes some seconds."""


@pytest.fixture(scope="session")
def model() -> Iterator[ModelServer]:
    """What drafts editorials; a test says what it writes."""
    with ModelServer() as server:
        yield server


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def installation(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, model: ModelServer
) -> Iterator[Installation]:
    """Shared by the tests of one process: each brings readers and issues of its own."""
    folder = tmp_path_factory.mktemp("installation")
    drafts = {"BROADSHEET_AI_BASE_URL": model.url, "BROADSHEET_AI_MODEL": "small-1"}
    with installed(request, folder, environment=SLOW_ENOUGH_TO_WATCH | drafts) as place:
        yield place


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's; none is ever downloaded."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    assert found, 'no browser: install the package "chromium"'
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def watch(installation: Installation, chromium: Browser) -> Iterator[Watch]:
    """Opens browsers for people, and says in the end what any of their pages complained about."""
    forget_tries(installation)
    with Watch(chromium, installation.site_url) as watching:
        yield watching
    assert watching.complaints == [], "\n".join(watching.complaints)


def forget_tries(installation: Installation) -> None:
    """As if hours had passed: the people of all tests come from one address, and are counted."""
    url = installation.environment["BROADSHEET_REDIS_URL"]
    where = Settings(data_dir=installation.folder / "data", redis_url=url).redis
    with Redis.from_url(where) as redis:
        for key in redis.scan_iter("limit:*", count=1000):
            redis.delete(key)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    attach_log(item, report)
    return report

"""A webhook to a receiver of the test's own, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from sqlalchemy import Engine

from service import config
from service.db import session_scope
from service.models import Webhook
from service.webhooks.announce import Happening
from service.webhooks.endpoints import add_webhook
from tests.webhooks.receiver import Receiver

one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what no database does differently."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.close()


@pytest.fixture
def private(data_dir: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """The receiver is on this machine."""
    monkeypatch.setenv("BROADSHEET_ALLOW_PRIVATE_WEBHOOKS", "true")
    config.settings.cache_clear()


@pytest.fixture
def webhook(database: Engine, private: None, receiver: Receiver, now: datetime) -> Webhook:
    """Wants everything."""
    with session_scope() as session:
        return add_webhook(session, receiver.url, list(Happening), now)

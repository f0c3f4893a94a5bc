from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import Engine

from service.db import session_scope
from service.webhooks.endpoints import BadWebhook, add_webhook
from tests.webhooks.conftest import one_database


@one_database
@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org/hook",
        "ftp://example.org/hook",
        "http://example.org/hook",
        "https:///hook",
        "https://ann:secret@example.org/hook",
        "https://example.org/a\nb",
        "https://example.org:99999/",
        "https://127.0.0.1/hook",
        "https://[::1]/hook",
        "https://localhost/hook",
        "https://example.org/" + "x" * 2_000,
    ],
)
def test_it_takes_no_other_address_than_https(database: Engine, url: str, now: datetime) -> None:
    with session_scope() as session, pytest.raises(BadWebhook):
        add_webhook(session, url, ["issue.sent"], now)


@one_database
@pytest.mark.parametrize("events", [[], ["issue.lost"]])
def test_it_takes_only_events_that_there_are(
    database: Engine, events: list[str], now: datetime
) -> None:
    with session_scope() as session, pytest.raises(BadWebhook):
        add_webhook(session, "https://example.org/hook", events, now)

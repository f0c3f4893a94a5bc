"""The snippet in docs/webhooks.md is what receivers copy: it must know our calls from others."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service.webhooks.announce import Happening
from service.webhooks.patience import WAITS
from service.webhooks.signing import headers, new_secret

DOCS = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()
BODY = b'{"type": "issue.sent"}'


@pytest.fixture
def verified() -> Callable[[str, dict[str, str], bytes], bool]:
    snippet = re.search(r"```python\n(.+?)```", DOCS, re.DOTALL)
    assert snippet
    names: dict[str, Callable[[str, dict[str, str], bytes], bool]] = {}
    exec(snippet[1], names)
    return names["verified"]


def test_it_verifies_a_call(verified: Callable[[str, dict[str, str], bytes], bool]) -> None:
    secret, now = new_secret(), datetime.now(UTC)
    sent = headers(secret, "msg_1", now, BODY)
    assert verified(secret, sent, BODY)
    assert not verified(secret, sent, BODY + b" ")
    assert not verified(new_secret(), sent, BODY)
    assert not verified(secret, {**sent, "webhook-id": "msg_2"}, BODY)
    old = headers(secret, "msg_1", now - timedelta(minutes=6), BODY)
    assert not verified(secret, old, BODY)
    later = str(int(time.time()) + 1)
    assert not verified(secret, {**sent, "webhook-timestamp": later}, BODY)


def test_it_names_every_event() -> None:
    assert set(re.findall(r"^\| `([a-z.]+)`", DOCS, re.MULTILINE)) == set(Happening)


def test_it_says_how_often_a_call_is_tried() -> None:
    assert (
        *(timedelta(minutes=one) for one in (1, 5, 20)),
        *(timedelta(hours=one) for one in (1, 3, 6, 12)),
    ) == WAITS
    assert "1, 5 and 20 minutes, 1, 3, 6 and 12 hours" in DOCS

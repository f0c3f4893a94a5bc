"""What the tests of the sandbox send, ask and wait for."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPResponse
from typing import Any, TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")

FROM = "The Morning Digest <digest@news.example>"
SET = "broadsheet"
LEAVE = "<https://news.example/unsubscribe/k3v9>"


class FakeClock:
    """Time that stands until it is moved."""

    def __init__(self, now: float = 1_795_154_400.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Answered:
    """A plain HTTP answer, read to its end."""

    def __init__(self, response: HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def json(self) -> Any:
        return json.loads(self.body)


def ask(url: str, path: str, document: object = None, **headers: str) -> Answered:
    """GET, or POST when there is a document. Underscores in header names stand for dashes."""
    target = urlsplit(url)
    connection = HTTPConnection(target.hostname or "", target.port, timeout=10)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        body = None if document is None else json.dumps(document)
        connection.request("GET" if body is None else "POST", path, body, sent)
        return Answered(connection.getresponse())
    finally:
        connection.close()


def until(look: Callable[[], T], what: str, seconds: float = 10) -> T:
    """The first true answer of *look*."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError(f"not within {seconds} s: {what}")


def entry(address: str, delivery: str = "1", **data: str) -> dict[str, Any]:
    """A bulk entry with its own data, unsubscribe address and tag."""
    return {
        "Destination": {"ToAddresses": [address]},
        "ReplacementEmailContent": {
            "ReplacementTemplate": {"ReplacementTemplateData": json.dumps(data)}
        },
        "ReplacementHeaders": [{"Name": "list-unsubscribe", "Value": LEAVE}],
        "ReplacementTags": [{"Name": "delivery", "Value": delivery}],
    }


def bulk(*entries: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """The arguments of a bulk send that greets by name."""
    template = {
        "TemplateContent": {
            "Subject": "Good morning, {{name}}",
            "Html": "<p>Hello <b>{{name}}</b> from {{town}}.</p>",
            "Text": "Hello {{name}} from {{town}}.",
        },
        "TemplateData": json.dumps({"name": "friend", "town": "Utrecht"}),
        "Headers": [
            {"Name": "List-Unsubscribe", "Value": "<https://news.example/all>"},
            {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"},
        ],
    }
    return {
        "FromEmailAddress": FROM,
        "ConfigurationSetName": SET,
        "DefaultEmailTags": [{"Name": "issue", "Value": "i7"}],
        "DefaultContent": {"Template": template},
        "BulkEmailEntries": list(entries),
        **changed,
    }


def simple(to: str, **changed: Any) -> dict[str, Any]:
    """The arguments of a plain single send."""
    content = {
        "Subject": {"Data": "Crème brûlée"},
        "Body": {"Text": {"Data": "Schön."}, "Html": {"Data": "<p>Schön.</p>"}},
    }
    return {
        "FromEmailAddress": FROM,
        "Destination": {"ToAddresses": [to]},
        "Content": {"Simple": content},
        "ConfigurationSetName": SET,
        **changed,
    }

"""The sandbox's mailboxes and ledger, asked over HTTP."""

from __future__ import annotations

import email
import re
from collections import Counter
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default
from typing import Any

import httpx2

from tests.servers.processes import until


@dataclass(frozen=True)
class Received:
    """One message as its mailbox has it. ``headers`` is by lower-case name, the topmost of each."""

    seq: int
    subject: str
    headers: dict[str, str]
    text: str | None
    html: str | None
    source: bytes

    @property
    def parsed(self) -> EmailMessage:
        found = email.message_from_bytes(self.source, policy=default)
        assert isinstance(found, EmailMessage)
        return found

    @property
    def one_click_url(self) -> str:
        return self.headers["list-unsubscribe"].strip("<>")

    def link(self, path: str) -> str:
        """The first link of the text part that holds *path*."""
        for url in re.findall(r"https?://\S+", self.text or ""):
            if path in url:
                return str(url)
        raise AssertionError(f"no link with {path!r} in the text of {self.subject!r}")


class Inbox:
    """Everything that the sandbox's SES took."""

    def __init__(self, sandbox_url: str) -> None:
        self._url = sandbox_url

    def of(self, address: str) -> list[Received]:
        """Messages to *address*, oldest first."""
        rows = self._json("/control/messages", to=address, limit="1000")["messages"]
        return [self._open(row["seq"]) for row in rows]

    def wait_for(self, address: str, count: int = 1) -> Received:
        """The *count*-th message to *address*, once it has come."""

        def arrived() -> Received | None:
            found = self.of(address)
            return found[count - 1] if len(found) >= count else None

        return until(arrived, f"message {count} to {address}")

    def recipients_of(self, issue_id: int) -> Counter[str]:
        """How many messages of an issue went to each address."""
        query = {"tag.issue": str(issue_id), "limit": "10000"}
        rows = self._json("/control/messages", **query)["messages"]
        return Counter(address for row in rows for address in row["to"])

    def set_newsroom_day(self, day: int) -> None:
        """Let the newsroom print what it prints *day* days after its date."""
        answer = httpx2.post(
            f"{self._url}/control/newsroom", json={"day": day}, trust_env=False, timeout=30
        )
        answer.raise_for_status()

    def _open(self, seq: int) -> Received:
        message = self._json(f"/inbox/{seq}.json")
        headers = {name.lower(): value for name, value in reversed(message["headers"])}
        source = self._get(f"/inbox/{seq}.eml").content
        return Received(seq, message["subject"], headers, message["text"], message["html"], source)

    def _json(self, path: str, **query: str) -> dict[str, Any]:
        found: dict[str, Any] = self._get(path, **query).json()
        return found

    def _get(self, path: str, **query: str) -> httpx2.Response:
        answer = httpx2.get(f"{self._url}{path}", params=query, trust_env=False, timeout=30)
        answer.raise_for_status()
        return answer

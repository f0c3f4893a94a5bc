"""What arrived at an address: the sandbox's inbox, asked as a mail program would."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import httpx2


@dataclass(frozen=True)
class Received:
    """One message as a mailbox has it."""

    number: int
    subject: str
    headers: dict[str, str]
    text: str

    def link(self, path: str) -> str:
        """The first link in the text part that holds *path*."""
        for url in re.findall(r"https?://\S+", self.text):
            if path in url:
                return str(url).rstrip(".,)>")
        raise LookupError(f"no link with {path!r} in {self.subject!r}")


class Mailbox:
    """The sandbox's mailboxes."""

    def __init__(self, sandbox_url: str) -> None:
        self._url = sandbox_url

    def of(self, address: str) -> list[Received]:
        """Messages to *address*, oldest first."""
        found = self._get("/control/messages", to=address, limit="1000")["messages"]
        return [self._open(row["seq"]) for row in found]

    def set_newsroom_day(self, day: int) -> None:
        """Let the newsroom print what it printed *day* days from its date (0 is today)."""
        httpx2.post(
            f"{self._url}/control/newsroom", json={"day": day}, trust_env=False
        ).raise_for_status()

    def count_tagged(self, tag: str) -> int:
        """Messages that carry *tag*; each of its values must be on one message only."""
        tags = self._get("/control/ledger", tag=tag)["tags"][tag]
        return sum(tags.values())

    def _open(self, number: int) -> Received:
        message = self._get(f"/inbox/{number}.json")
        headers = {name.lower(): value for name, value in _pairs(message["headers"])}
        return Received(number, headers.get("subject", ""), headers, message["text"] or "")

    def _get(self, path: str, **query: str) -> dict[str, Any]:
        answer = httpx2.get(f"{self._url}{path}", params=query, trust_env=False, timeout=30)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


def _pairs(headers: Any) -> list[tuple[str, str]]:
    return list(headers.items()) if isinstance(headers, dict) else [tuple(h) for h in headers]

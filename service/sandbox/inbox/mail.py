"""A message as its reader sees it, taken apart from the MIME that a mailbox would receive."""

from __future__ import annotations

import email
import re
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default
from typing import NamedTuple

from ..clock import stamp
from ..ses.mime import mime
from ..store import Message

_ANGLED = re.compile(r"<([^<>]+)>")
_SCHEME = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(dark|light)\s*\)", re.IGNORECASE)
_HEAD = re.compile(r"<head[^>]*>", re.IGNORECASE)


class Happening(NamedTuple):
    """Something that became of a message."""

    kind: str
    at: str
    recipient: str


@dataclass(frozen=True, slots=True)
class Mail:
    """A parsed message; header values are decoded."""

    message: Message
    headers: list[tuple[str, str]]
    subject: str
    text: str | None
    html: str | None

    def header(self, name: str) -> str:
        return next((v for n, v in self.headers if n.lower() == name.lower()), "")

    @property
    def unsubscribe(self) -> list[str]:
        """The addresses of List-Unsubscribe (RFC 2369)."""
        return _ANGLED.findall(self.header("List-Unsubscribe"))

    @property
    def one_click(self) -> bool:
        """Whether they may be posted to without a question (RFC 8058)."""
        return "one-click" in self.header("List-Unsubscribe-Post").lower()


def read(message: Message) -> Mail:
    """Take a message apart."""
    parsed = email.message_from_bytes(mime(message), policy=default)
    assert isinstance(parsed, EmailMessage)
    headers = [(name, str(value)) for name, value in parsed.items()]
    text, html = (_body(parsed, kind) for kind in ("plain", "html"))
    return Mail(message, headers, str(parsed.get("Subject", "")), text, html)


def _body(parsed: EmailMessage, kind: str) -> str | None:
    part = parsed.get_body((kind,))
    return None if part is None else str(part.get_content())


def subject_of(message: Message) -> str:
    """The subject alone; cheap for all but raw messages."""
    return read(message).subject if message.origin.content is None else message.filled().subject


def happenings(message: Message) -> list[Happening]:
    """What became of a message, in time."""
    everyone = message.destination.everyone
    return [
        Happening(
            step.kind.partition(":")[0],
            stamp(message.origin.at + step.after_ms / 1000),
            everyone[step.recipient] if step.recipient >= 0 else ", ".join(everyone),
        )
        for step in message.plan
    ]


def framed(html: str, scheme: str) -> str:
    """The HTML as the inbox frames it: links open elsewhere, and *scheme* (light, dark) is forced.

    A frame's colour scheme cannot be chosen from outside in every browser, so the mail's own
    media queries are answered here.
    """

    def answer(match: re.Match[str]) -> str:
        return "(min-width:0px)" if match[1].lower() == scheme else "(max-width:0px)"

    extra = f'<base target="_blank"><style>:root{{color-scheme:{scheme}}}</style>'
    html = _SCHEME.sub(answer, html)
    head = _HEAD.search(html)
    return html[: head.end()] + extra + html[head.end() :] if head else extra + html

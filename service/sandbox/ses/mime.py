"""The message that a mailbox would receive, byte for byte the same whenever it is asked for."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from datetime import UTC, datetime
from email.header import Header
from email.utils import format_datetime, formataddr, parseaddr

from ..store import Message, Pair

_EOL = re.compile(r"\r\n|\r|\n")
_HEADER_SPLIT = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(rb"[^\n]*(?:\n[ \t][^\n]*)*\n?")
_OURS = (b"date:", b"message-id:", b"bcc:", b"x-ses-configuration-set:", b"x-ses-message-tags:")


def mime(message: Message) -> bytes:
    """The whole message with CRLF line ends."""
    if message.origin.content is None:
        return _restamped(message)
    filled = message.filled()
    head = [*_envelope(message), ("Subject", _encoded(filled.subject)), *_stamp(message)]
    parts = [("plain", filled.text), ("html", filled.html)]
    bodies = [_part(subtype, body) for subtype, body in parts if body is not None]
    if len(bodies) == 1:
        return _fields([*head, *message.headers]) + bodies[0]
    boundary = "----=_Part_" + hashlib.sha256(message.id.encode()).hexdigest()[:28]
    head.append(("Content-Type", f'multipart/alternative; boundary="{boundary}"'))
    mark = f"--{boundary}".encode()
    body = b"".join(mark + b"\r\n" + part + b"\r\n" for part in bodies)
    return _fields([*head, *message.headers]) + b"\r\n" + body + mark + b"--\r\n"


def _envelope(message: Message) -> list[Pair]:
    fields = [
        ("From", message.origin.sender),
        ("Reply-To", ", ".join(message.origin.reply_to)),
        ("To", ", ".join(_address(a) for a in message.destination.to)),
        ("Cc", ", ".join(_address(a) for a in message.destination.cc)),
    ]
    return [(name, value) for name, value in fields if value]


def _stamp(message: Message) -> list[Pair]:
    moment = datetime.fromtimestamp(int(message.origin.at), UTC)
    mark = base64.b64encode(hashlib.sha256(message.origin.sender.encode()).digest()).decode()
    return [
        ("Date", format_datetime(moment)),
        ("Message-ID", f"<{message.id}@email.amazonses.com>"),
        ("MIME-Version", "1.0"),
        ("Feedback-ID", f"{_own_feedback_id(message)}:1.us-east-1.{mark}:AmazonSES"),
        ("X-SES-Outgoing", f"{moment:%Y.%m.%d}-54.240.8.117"),
    ]


def _own_feedback_id(message: Message) -> str:
    """The two places of SES's Feedback-ID that are the sender's, filled by two special tags."""
    return ":".join(message.tags.get(f"ses:feedback-id-{place}", "") for place in "ab")


def _address(given: str) -> str:
    return given if given.isascii() else formataddr(parseaddr(given))


def _encoded(value: str) -> str:
    flat = " ".join(_EOL.split(value))
    return flat if flat.isascii() and len(flat) < 900 else Header(flat, "utf-8").encode()


def _fields(pairs: list[Pair]) -> bytes:
    text = "".join(f"{name}: {_EOL.sub(chr(13) + chr(10), value)}\r\n" for name, value in pairs)
    return text.encode()


def _part(subtype: str, body: str) -> bytes:
    lines = "\n".join(_EOL.split(body))
    encoded = binascii.b2a_qp(lines.encode(), istext=True).replace(b"\n", b"\r\n")
    head = [
        ("Content-Type", f"text/{subtype}; charset=UTF-8"),
        ("Content-Transfer-Encoding", "quoted-printable"),
    ]
    return _fields(head) + b"\r\n" + encoded


def _restamped(message: Message) -> bytes:
    """A raw message with the Date and Message-ID of SES, and without what SES takes out."""
    head, body = split(message.origin.raw)
    kept = b"".join(field for field in fields_of(head) if not field.lower().startswith(_OURS))
    stamp = [
        pair for pair in _stamp(message) if pair[0] != "MIME-Version" or not _has(kept, pair[0])
    ]
    return _fields(stamp) + kept + b"\r\n" + body


def _has(head: bytes, name: str) -> bool:
    wanted = name.lower().encode() + b":"
    return any(field.lower().startswith(wanted) for field in fields_of(head))


def split(raw: bytes) -> tuple[bytes, bytes]:
    """Header and body of a raw message; the header with CRLF line ends and one at its end."""
    pieces = _HEADER_SPLIT.split(raw, maxsplit=1)
    head = pieces[0].replace(b"\r\n", b"\n").strip(b"\n").replace(b"\n", b"\r\n") + b"\r\n"
    return head, pieces[1] if len(pieces) > 1 else b""


def fields_of(head: bytes) -> list[bytes]:
    """The fields of a header, folded lines kept with theirs."""
    return [field for field in _FIELD.findall(head) if field.strip()]

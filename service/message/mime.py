"""MIME: the parts are encoded once for each mail, and each reader's message is joined by hand.

``EmailMessage`` takes milliseconds a reader; joining takes microseconds. A soft line break
(RFC 2045, 6.7) stands on both sides of a slot, so that a value's own lines never grow too long.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from html import escape
from typing import TypedDict, Unpack

from service.message.headers import MAX_VALUE, checked, encoded_words
from service.message.mail import Mail
from service.message.slots import Slotted

# Quoted-printable never holds "=_": no content can imitate the boundary.
_BOUNDARY = b"=_broadsheet_part"
_SOFT_BREAK = b"=\r\n"
# b2a_qp counts a blank at the end of a line as one byte, and then writes three.
_TOO_LONG = re.compile(rb"^(.{74,})(=20|=09)$", re.MULTILINE)
_PART = (
    b'Content-Type: text/%b; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
)
_TEXT, _HTML = _PART % b"plain", _PART % b"html"


class Fields(TypedDict):
    """What one reader's message is made of, beside the mail itself."""

    sender: str
    """From :func:`service.message.headers.mailbox`."""
    recipient: str
    headers: Mapping[str, str]
    values: Mapping[str, str]
    """A value for each slot."""
    date: datetime
    message_id: str
    """With its angle brackets."""


@dataclass(frozen=True)
class Encoded:
    """A mail whose literal text is encoded already; only a reader's values are left to do."""

    mail: Mail
    text: tuple[bytes, ...]
    html: tuple[bytes, ...] | None

    def message(self, **given: Unpack[Fields]) -> bytes:
        """One reader's whole message, lines ending in CRLF.

        ValueError when a header would hold a line end or be too long; KeyError when a value is
        missing.
        """
        values = given["values"]
        head = self._head(given)
        text = _join(self.text, self.mail.text, values, in_html=False)
        if self.html is None or self.mail.html is None:
            return head + _TEXT + text
        html = _join(self.html, self.mail.html, values, in_html=True)
        return b"".join(
            (
                head,
                b'Content-Type: multipart/alternative; boundary="%b"\r\n\r\n' % _BOUNDARY,
                b"--%b\r\n" % _BOUNDARY + _TEXT + text,
                b"\r\n--%b\r\n" % _BOUNDARY + _HTML + html,
                b"\r\n--%b--\r\n" % _BOUNDARY,
            )
        )

    def _head(self, given: Fields) -> bytes:
        headers = {
            "From": given["sender"],
            "To": given["recipient"],
            "Date": format_datetime(given["date"]),
            "Message-ID": given["message_id"],
            "MIME-Version": "1.0",
            **given["headers"],
        }
        lines = [f"{name}: {checked(name, value)}\r\n" for name, value in headers.items()]
        lines.append(f"Subject: {_encode_subject(self.mail.fill_subject(given['values']))}\r\n")
        return "".join(lines).encode("ascii")


def encode(mail: Mail) -> Encoded:
    """Encode the parts of *mail*, once for all its readers."""
    return Encoded(mail, _literals(mail.text), None if mail.html is None else _literals(mail.html))


def _literals(part: Slotted) -> tuple[bytes, ...]:
    *before_slots, last = part.literals
    return (*(_broken_off(literal) for literal in before_slots), _quoted_printable(last))


def _broken_off(text: str) -> bytes:
    """*text* with a soft line break at its end."""
    # The letter holds the place that the break's "=" takes in the last line.
    return _quoted_printable(text + "x")[:-1] + _SOFT_BREAK


def _quoted_printable(text: str) -> bytes:
    """*text* in lines of at most 76 bytes. Every kind of line end becomes CRLF."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace")
    # b2a_qp looks at the first line end to choose its own: give it LF only, then change them all.
    encoded = binascii.b2a_qp(lines, istext=True)
    if b"=20\n" in encoded or b"=09\n" in encoded:
        encoded = _TOO_LONG.sub(rb"\1=\n\2", encoded)
    return encoded.replace(b"\n", b"\r\n")


def _join(
    literals: tuple[bytes, ...], part: Slotted, values: Mapping[str, str], *, in_html: bool
) -> bytes:
    pieces = [literals[0]]
    for name, literal in zip(part.slots, literals[1:], strict=True):
        value = escape(values[name]) if in_html else values[name]
        pieces += (_broken_off(value), literal)
    return b"".join(pieces)


def _encode_subject(subject: str) -> str:
    plain = subject.isascii() and "=?" not in subject and subject == subject.strip()
    if plain and len(subject) < MAX_VALUE - len("Subject: "):
        return subject
    return encoded_words(subject, separator="\r\n ")

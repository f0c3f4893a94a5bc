"""Headers of issues and of service mail, as mailbox providers ask for them.

Every value is printable ASCII of at most 995 characters (what SES takes in ``Headers``), so that
no name of a newsletter and no link can add a header of its own.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from service.message.mail import one_line

MAX_VALUE = 995
MAX_LINE = 998  # RFC 5322, 2.1.1, without the CRLF

_PRINTABLE = re.compile(r"[\x20-\x7e]*")
_WORD_BYTES = 45  # 60 characters of base64; with its frame an encoded word stays under 75
_SENDER_ID = "broadsheet"


def checked(name: str, value: str) -> str:
    """*value*, when it may stand in header *name*; ValueError tells what is wrong with it."""
    if not _PRINTABLE.fullmatch(value):
        raise ValueError(f"header {name} may hold printable ASCII only, not {value!r}")
    if len(value) > MAX_VALUE or len(name) + 2 + len(value) > MAX_LINE:
        raise ValueError(f"header {name} is too long: {len(value)} of at most {MAX_VALUE}")
    return value


def encoded_words(text: str, separator: str = " ") -> str:
    """*text* as RFC 2047 encoded words, cut between characters; a decoder joins them again."""
    words, chunk = [], b""
    for character in text:
        encoded = character.encode("utf-8", "replace")
        if len(chunk) + len(encoded) > _WORD_BYTES:
            words.append(chunk)
            chunk = b""
        chunk += encoded
    words.append(chunk)
    return separator.join(f"=?utf-8?b?{base64.b64encode(word).decode()}?=" for word in words)


def mailbox(name: str, address: str) -> str:
    """``Name <address>`` for From (RFC 5322, 3.4), the name quoted or encoded as it needs."""
    name = one_line(name)
    checked("From", address)
    if not name:
        return address
    return checked("From", f"{_phrase(name)} <{address}>")


def _phrase(name: str) -> str:
    if not _PRINTABLE.fullmatch(name) or "=?" in name:
        return encoded_words(name)
    if re.fullmatch(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+", name):
        return name
    return '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'


@dataclass(frozen=True)
class Mailing:
    """Which issue of which newsletter is sent."""

    base_url: str
    newsletter: str
    """Slug."""
    name: str
    kind: str
    number: int


def issue_headers(mailing: Mailing, unsubscribe_url: str) -> dict[str, str]:
    """All headers of one reader's copy: :func:`list_headers` and :func:`one_click_headers`."""
    return list_headers(mailing) | one_click_headers(unsubscribe_url)


def list_headers(mailing: Mailing) -> dict[str, str]:
    """What every reader's copy of an issue shares.

    List-Id by RFC 2919; List-Archive, List-Help and List-Post by RFC 2369; Feedback-ID (Gmail's
    ``a:b:c:sender``) names the issue and never the reader.
    """
    url = urlsplit(mailing.base_url)
    host = (url.hostname or "localhost").encode("idna").decode()
    port = f":{url.port}" if url.port else ""
    home = f"{url.scheme}://{host}{port}{url.path}/n/{mailing.newsletter}/"
    headers = {
        "List-Id": f"{_phrase(one_line(mailing.name)[:60])} <{mailing.newsletter}.{host}>",
        "List-Archive": f"<{home}archive>",
        "List-Help": f"<{home}>",
        "List-Post": "NO",
        "Feedback-ID": f"{mailing.number}:{mailing.newsletter}:{mailing.kind}:{_SENDER_ID}",
        "Precedence": "bulk",
    }
    return {key: checked(key, value) for key, value in headers.items()}


def one_click_headers(unsubscribe_url: str) -> dict[str, str]:
    """The reader's own pair, by RFC 8058. In production the URL is HTTPS, as the RFC demands."""
    if re.search(r"[<>\s,]", unsubscribe_url):
        raise ValueError(f"not a URL for List-Unsubscribe: {unsubscribe_url!r}")
    return {
        "List-Unsubscribe": checked("List-Unsubscribe", f"<{unsubscribe_url}>"),
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def service_headers(*, newsletter: str, kind: str) -> dict[str, str]:
    """Headers of service mail: ``Auto-Submitted`` (RFC 3834) keeps out-of-office replies away."""
    return {
        "Auto-Submitted": "auto-generated",
        "Feedback-ID": checked("Feedback-ID", f"{kind}:{newsletter}:service:{_SENDER_ID}"),
    }

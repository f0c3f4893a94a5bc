"""What SES checks before it takes a message.

Limits are those of the sesv2 service model; header names that the service writes itself are from
https://docs.aws.amazon.com/ses/latest/dg/header-fields.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from email.utils import parseaddr
from sys import intern
from typing import Any

from ..store import Destination, Pair
from .errors import EntryError, SesError, bad_request, not_found

MOST_HEADERS = 15
MOST_RECIPIENTS = 50
UNVERIFIED_DOMAIN = "unverified.example"

_HEADER_NAME = re.compile(r"[!-9;-@A-~]{1,126}")
_HEADER_VALUE = re.compile(r"[ -~]{1,995}")
_TAG = re.compile(r"[A-Za-z0-9_-]{1,256}")
_SPECIAL_TAGS = frozenset({"ses:feedback-id-a", "ses:feedback-id-b"})
_ADDRESS = re.compile(r"[!-~]+@[A-Za-z0-9.-]+")
_NOT_OURS = frozenset(
    [
        "bcc",
        "cc",
        "content-disposition",
        "content-type",
        "content-transfer-encoding",
        "date",
        "from",
        "message-id",
        "mime-version",
        "received",
        "reply-to",
        "return-path",
        "sender",
        "subject",
        "to",
    ]
)


def headers(given: Iterable[Mapping[str, str]] | None) -> tuple[Pair, ...]:
    """Custom headers as pairs, or a BadRequestException that names the one which is wrong."""
    pairs = tuple([(intern(h.get("Name", "")), h.get("Value", "")) for h in given or ()])
    if len(pairs) > MOST_HEADERS:
        raise bad_request(f"There are {len(pairs)} headers; at most {MOST_HEADERS} are allowed.")
    for name, value in pairs:
        if not _HEADER_NAME.fullmatch(name):
            raise bad_request(f"Header name {name!r} must be 1 to 126 printable ASCII, no colon.")
        if name.lower() in _NOT_OURS:
            raise bad_request(f"Header {name} can't be set here: Amazon SES writes it.")
        if not _HEADER_VALUE.fullmatch(value):
            raise bad_request(
                f"Value of header {name} must be 1 to 995 printable ASCII characters."
            )
    return pairs


def tags(given: Iterable[Mapping[str, str]] | None) -> tuple[Pair, ...]:
    """Message tags as pairs."""
    pairs = tuple([(intern(t.get("Name", "")), t.get("Value", "")) for t in given or ()])
    for name, value in pairs:
        if not (_TAG.fullmatch(name) or name in _SPECIAL_TAGS) or not _TAG.fullmatch(value):
            raise bad_request(
                f"Invalid tag {name}={value}: names and values are 1 to 256 of A-Z a-z 0-9 _ -"
            )
    return pairs


def sender(given: str | None) -> str:
    """The From address; a display name in other than ASCII must come as an RFC 2047 word."""
    address = bare(given or "")
    if not given or not _ADDRESS.fullmatch(address):
        raise bad_request("Missing or malformed FromEmailAddress.")
    if not given.isascii():
        raise bad_request("FromEmailAddress is not ASCII: encode the name by RFC 2047.")
    if address.lower().endswith(UNVERIFIED_DOMAIN):
        raise SesError(
            "MessageRejected",
            "Email address is not verified. The following identities failed the check in region "
            f"US-EAST-1: {address}",
        )
    return given


def destination(given: Mapping[str, Any] | None) -> Destination:
    """To, Cc and Bcc, or an EntryError that names what is wrong."""
    asked = given or {}
    found = Destination(
        *(tuple(asked.get(f"{kind}Addresses") or ()) for kind in ("To", "Cc", "Bcc"))
    )
    if not found.everyone:
        raise EntryError("INVALID_PARAMETER", "Missing destination: there is no recipient.")
    if len(found.everyone) > MOST_RECIPIENTS:
        raise EntryError("INVALID_PARAMETER", f"More than {MOST_RECIPIENTS} recipients.")
    for address in found.everyone:
        if not _ADDRESS.fullmatch(address if "<" not in address else bare(address)):
            raise EntryError("INVALID_PARAMETER", f"Illegal address: {address}")
    return found


def supported(call: Mapping[str, Any], content: Mapping[str, Any]) -> None:
    """Refuse what would otherwise be dropped in silence."""
    if content.get("Attachments"):
        raise bad_request("The sandbox takes attachments in Content.Raw only.")
    if call.get("ListManagementOptions"):
        raise not_found("The sandbox has no contact lists.")


def bare(address: str) -> str:
    """``Ada <ada@example.org>`` without the name."""
    return parseaddr(address)[1] if "<" in address else address.strip()

"""SendEmail: ``Content.Simple``, ``Content.Template`` and ``Content.Raw``."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from email.parser import BytesHeaderParser
from email.policy import default
from email.utils import getaddresses
from typing import Any

from ..store import Filled, Message, Origin, Pair
from . import checks, limits
from .account import Account, Entry
from .errors import EntryError, bad_request
from .mime import split
from .templates import Literal, parse_data

MOST_BYTES = 40 * 1024 * 1024


def send_email(account: Account, call: Mapping[str, Any]) -> Message:
    """Accept one message to all of its recipients."""
    content = call.get("Content") or {}
    kinds = [kind for kind in ("Simple", "Template", "Raw") if content.get(kind)]
    if len(kinds) != 1:
        raise bad_request("Content needs exactly one of Simple, Template and Raw.")
    checks.supported(call, content[kinds[0]])
    try:
        origin, entry = _BUILD[kinds[0]](account, call, content[kinds[0]])
    except EntryError as error:
        raise bad_request(error.message) from error
    refused = account.limits.take(len(entry.destination.everyone))
    if refused:
        raise limits.refusal(refused)
    return account.accept(origin, entry)


def _simple(
    account: Account, call: Mapping[str, Any], given: Mapping[str, Any]
) -> tuple[Origin, Entry]:
    body = given.get("Body") or {}
    subject = (given.get("Subject") or {}).get("Data")
    text, html = ((body.get(part) or {}).get("Data") for part in ("Text", "Html"))
    if subject is None or (text is None and html is None):
        raise bad_request("Content.Simple needs a Subject, and a Body with Text or Html.")
    origin = Origin(
        **_common(account, call),
        content=Literal(Filled(subject, text, html)),
        headers=checks.headers(given.get("Headers")),
    )
    return origin, Entry(checks.destination(call.get("Destination")))


def _template(
    account: Account, call: Mapping[str, Any], given: Mapping[str, Any]
) -> tuple[Origin, Entry]:
    template = account.templates.of(given)
    data = parse_data(given.get("TemplateData") or "", "TemplateData")
    origin = Origin(
        **_common(account, call),
        content=template,
        data=data,
        headers=checks.headers(given.get("Headers")),
    )
    entry = Entry(checks.destination(call.get("Destination")), missing=template.missing(data))
    return origin, entry


def _raw(
    account: Account, call: Mapping[str, Any], given: Mapping[str, Any]
) -> tuple[Origin, Entry]:
    try:
        raw = base64.b64decode(given.get("Data") or "", validate=True)
    except binascii.Error:
        raise bad_request("Content.Raw.Data is not base64.") from None
    if not 0 < len(raw) <= MOST_BYTES:
        raise bad_request("Content.Raw.Data is empty, or larger than 40 MB.")
    head = BytesHeaderParser(policy=default).parsebytes(split(raw)[0])
    call = {
        **call,
        "FromEmailAddress": call.get("FromEmailAddress") or _ascii(str(head.get("From", ""))),
        "ConfigurationSetName": call.get("ConfigurationSetName")
        or head.get("X-SES-CONFIGURATION-SET"),
    }
    common = _common(account, call)
    common["tags"] = (*_header_tags(str(head.get("X-SES-MESSAGE-TAGS", ""))), *common["tags"])
    destination = call.get("Destination") or {
        f"{name}Addresses": [a for _, a in getaddresses(map(str, head.get_all(name, [])))]
        for name in ("To", "Cc", "Bcc")
    }
    return Origin(**common, raw=raw), Entry(checks.destination(destination))


_BUILD = {"Simple": _simple, "Template": _template, "Raw": _raw}


def _common(account: Account, call: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "run": account.store.run,
        "kind": "single",
        "at": account.clock(),
        "sender": checks.sender(call.get("FromEmailAddress")),
        "reply_to": tuple(call.get("ReplyToAddresses") or ()),
        "configuration_set": account.directory.require_set(call.get("ConfigurationSetName")),
        "tags": checks.tags(call.get("EmailTags")),
    }


def _ascii(sender: str) -> str:
    return sender if sender.isascii() else checks.bare(sender)


def _header_tags(value: str) -> tuple[Pair, ...]:
    named = [piece.partition("=") for piece in value.split(",") if "=" in piece]
    return checks.tags([{"Name": n.strip(), "Value": v.strip()} for n, _, v in named])

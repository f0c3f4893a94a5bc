"""SendBulkEmail: one template, up to 50 recipients, an answer for each of them.

https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendBulkEmail.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..store import Message, Origin
from . import checks, limits
from .account import Account, Entry
from .errors import EntryError, SesError, bad_request
from .fate import Fate
from .templates import Template, parse_data

MOST_ENTRIES = 50
MOST_BYTES = 1024 * 1024


def send_bulk_email(
    account: Account, call: Mapping[str, Any], fate: Fate
) -> tuple[list[Message], dict[str, Any]]:
    """What was accepted, and the answer with one result for each entry in its order."""
    entries = call.get("BulkEmailEntries") or []
    if not 1 <= len(entries) <= MOST_ENTRIES:
        raise bad_request(f"There are {len(entries)} entries; give 1 to {MOST_ENTRIES}.")
    origin, template = _origin(account, call)
    checked = [_checked(entry, origin, template) for entry in entries]
    accepted: list[Message] = []
    results: list[dict[str, str]] = []
    for number, entry in enumerate(checked):
        try:
            if isinstance(entry, EntryError):
                raise entry
            fate.check(number, entry)
            message = _accept(account, origin, entry)
        except EntryError as error:
            results.append({"Status": error.status, "Error": error.message})
            continue
        accepted.append(message)
        results.append({"Status": "SUCCESS", "MessageId": message.id})
    return accepted, {"BulkEmailEntryResults": results}


def _origin(account: Account, call: Mapping[str, Any]) -> tuple[Origin, Template]:
    asked = (call.get("DefaultContent") or {}).get("Template")
    if not asked:
        raise bad_request("DefaultContent.Template is missing.")
    checks.supported(call, asked)
    sender = checks.sender(call.get("FromEmailAddress"))
    configuration_set = account.directory.require_set(call.get("ConfigurationSetName"))
    template = account.templates.of(asked)
    origin = Origin(
        run=account.store.run,
        kind="bulk",
        at=account.clock(),
        sender=sender,
        reply_to=tuple(call.get("ReplyToAddresses") or ()),
        configuration_set=configuration_set,
        content=template,
        data=parse_data(asked.get("TemplateData") or "", "TemplateData"),
        headers=checks.headers(asked.get("Headers")),
        tags=checks.tags(call.get("DefaultEmailTags")),
    )
    return origin, template


def _checked(entry: Mapping[str, Any], origin: Origin, template: Template) -> Entry | EntryError:
    """The entry, or what is wrong with it alone; wrong headers and tags refuse the whole call."""
    headers = checks.headers(entry.get("ReplacementHeaders"))
    tags = checks.tags(entry.get("ReplacementTags"))
    names = {name.lower() for name, _ in (*origin.headers, *headers)}
    if len(names) > checks.MOST_HEADERS:
        raise bad_request(f"There are {len(names)} headers; at most 15 are allowed.")
    replacement = (entry.get("ReplacementEmailContent") or {}).get("ReplacementTemplate") or {}
    data = replacement.get("ReplacementTemplateData") or ""
    try:
        own = parse_data(data, "ReplacementTemplateData")
        destination = checks.destination(entry.get("Destination"))
    except EntryError as error:
        return error
    except SesError as error:
        return EntryError("INVALID_PARAMETER", error.message)
    missing = template.missing({**origin.data, **own})
    return Entry(destination, data, headers, tags, missing)


def _accept(account: Account, origin: Origin, entry: Entry) -> Message:
    refused = account.limits.take(len(entry.destination.everyone))
    if refused:
        raise EntryError(limits.entry_status(refused), refused)
    return account.accept(origin, entry)

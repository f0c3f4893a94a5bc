"""Read one event of SES. Pure: text in, a value out.

The form is that of event publishing (``eventType``, with tags); the older notifications
(``notificationType``, no tags) are read as well. Sources: the SES developer guide, "Examples of
event data that Amazon SES publishes to Amazon SNS", and "Amazon SNS notification contents".
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.delivery.states import Evidence
from service.models import InteractionKind


class UnreadableEvent(ValueError):
    """Not an event of SES; the text says what is missing."""


@dataclass(frozen=True)
class Touch:
    """An open or a click, as SES tells of it."""

    kind: InteractionKind
    at: datetime | None
    sent_at: datetime | None
    """When SES took the message."""
    url: str
    """Where a click led; '' for an open."""
    user_agent: str


@dataclass(frozen=True)
class SesEvent:
    """One event about one message to one recipient (each of ours has exactly one)."""

    kind: str
    message_id: str
    recipient: str
    sent_to: str
    """Where we sent it; '' when it does not say. A host that passes mail on names another."""
    evidence: Evidence | None
    """What it proves about the message; None for kinds that prove nothing."""
    delivery_id: int | None
    notice_id: int | None
    attempt: int | None
    """Which try of ours it was; None when it does not say."""
    site: str
    """Which installation sent the message; '' when it does not say."""
    suppress: bool
    """A hard bounce or a complaint: nothing may be sent to this address again."""
    reason: str
    dedupe_key: str
    touch: Touch | None = None


ON_THE_ACCOUNTS_LIST = "OnAccountSuppressionList"
"""SES took the call and sent nothing: the account's own suppression list holds the address."""

IGNORED_COMPLAINTS = frozenset({"not-spam", "auth-failure"})
"""``complaintFeedbackType`` of reports that are no complaint (RFC 5965, 7.3)."""

OUR_NUMBER = re.compile("[0-9]{1,18}")
"""What a row's id fits in; a tag that is longer is somebody else's."""

LONGEST_MESSAGE_ID = 200
LONGEST_LINK = 2048

PROVES = {
    "Send": Evidence.ACCEPTED,
    "Delivery": Evidence.DELIVERED,
    "DeliveryDelay": Evidence.ACCEPTED,
    "Open": Evidence.ACCEPTED,
    "Click": Evidence.ACCEPTED,
    "Reject": Evidence.REJECTED,
    "Rendering Failure": Evidence.REJECTED,
}

TOUCHES = {"Open": InteractionKind.OPEN, "Click": InteractionKind.CLICK}


def parse_event(text: str) -> SesEvent:
    """Read an event; raises :class:`UnreadableEvent`."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:  # the latter for what is nested too deep
        raise UnreadableEvent("not JSON") from error
    if not isinstance(data, dict):
        raise UnreadableEvent("not a JSON object")
    kind = _text(data.get("eventType") or data.get("notificationType"))
    mail = data.get("mail")
    if not kind or not isinstance(mail, dict):
        raise UnreadableEvent("neither eventType nor mail in it: not an event of SES")
    message_id = _text(mail.get("messageId"))[:LONGEST_MESSAGE_ID]
    detail = data.get(_detail_name(kind))
    detail = detail if isinstance(detail, dict) else {}
    recipient, reason = _recipient(kind, mail, detail), _reason(kind, detail)
    feedback = _text(detail.get("feedbackId"))
    return SesEvent(
        kind=kind,
        message_id=message_id,
        recipient=recipient,
        sent_to=_sent_to(mail),
        evidence=_evidence(kind, detail),
        delivery_id=_tagged(mail, "delivery"),
        notice_id=_tagged(mail, "notice"),
        attempt=_tagged(mail, "attempt"),
        site=_tag(mail, "site"),
        suppress=_suppresses(kind, detail),
        reason=reason,
        dedupe_key=_dedupe_key(feedback, message_id, kind, recipient, detail),
        touch=_touch(kind, mail, detail),
    )


def without_traces(text: str) -> str:
    """An open's or a click's text without who it was: no address of a computer, program or link.

    What is kept of it stands in its ``Interaction``, and nothing is where tracking is off.
    """
    data = json.loads(text)
    for name in ("open", "click"):
        if isinstance(detail := data.get(name), dict):
            data[name] = {"timestamp": detail.get("timestamp")}
    return json.dumps(data)


def _touch(kind: str, mail: Mapping[str, Any], detail: Mapping[str, Any]) -> Touch | None:
    if kind not in TOUCHES:
        return None
    return Touch(
        TOUCHES[kind],
        at=_moment(detail.get("timestamp")),
        sent_at=_moment(mail.get("timestamp")),
        url=_text(detail.get("link"))[:LONGEST_LINK],
        user_agent=_text(detail.get("userAgent"))[:LONGEST_LINK],
    )


def _moment(value: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(_text(value))
    except ValueError:
        return None
    return at if at.tzinfo else None


def _evidence(kind: str, detail: Mapping[str, Any]) -> Evidence | None:
    if kind == "Bounce":
        return (
            Evidence.BOUNCED if detail.get("bounceType") == "Permanent" else Evidence.SOFT_BOUNCED
        )
    if kind == "Complaint":
        if _is_listed(detail):
            return Evidence.BOUNCED
        return Evidence.COMPLAINED if _is_complaint(detail) else None
    return PROVES.get(kind)


def _suppresses(kind: str, detail: Mapping[str, Any]) -> bool:
    if kind == "Bounce":
        return detail.get("bounceType") == "Permanent"
    return kind == "Complaint" and _is_complaint(detail)


def _is_listed(detail: Mapping[str, Any]) -> bool:
    """A complaint of long ago put the address on SES's list; the reader said nothing today."""
    return _text(detail.get("complaintSubType")) == ON_THE_ACCOUNTS_LIST


def _is_complaint(detail: Mapping[str, Any]) -> bool:
    return _text(detail.get("complaintFeedbackType")) not in IGNORED_COMPLAINTS


def _detail_name(kind: str) -> str:
    """``bounce`` for Bounce, ``deliveryDelay`` for DeliveryDelay, ``failure`` for the odd one."""
    return "failure" if kind == "Rendering Failure" else kind[:1].lower() + kind[1:]


def _recipient(kind: str, mail: Mapping[str, Any], detail: Mapping[str, Any]) -> str:
    listed = {
        "Bounce": "bouncedRecipients",
        "Complaint": "complainedRecipients",
        "DeliveryDelay": "delayedRecipients",
    }
    named = detail.get(listed[kind]) if kind in listed else detail.get("recipients")
    for found in (named, mail.get("destination")):
        if isinstance(found, list) and found:
            first = found[0].get("emailAddress") if isinstance(found[0], dict) else found[0]
            return _text(first).lower()
    return ""


def _sent_to(mail: Mapping[str, Any]) -> str:
    named = mail.get("destination")
    return _text(named[0]).lower() if isinstance(named, list) and named else ""


def _reason(kind: str, detail: Mapping[str, Any]) -> str:
    if kind == "Bounce":
        said = f"{_text(detail.get('bounceType'))}/{_text(detail.get('bounceSubType'))}"
        recipients = detail.get("bouncedRecipients")
        first = recipients[0] if isinstance(recipients, list) and recipients else {}
        diagnostic = _text(first.get("diagnosticCode")) if isinstance(first, dict) else ""
        return f"{said}: {diagnostic}" if diagnostic else said
    if kind == "Complaint":
        if _is_listed(detail):
            return f"Complaint/{ON_THE_ACCOUNTS_LIST}"
        return _text(detail.get("complaintFeedbackType")) or "complaint"
    if kind == "Rendering Failure":
        return _text(detail.get("errorMessage"))
    return _text(detail.get("reason") or detail.get("delayType"))


def _tagged(mail: Mapping[str, Any], name: str) -> int | None:
    value = _tag(mail, name)
    return int(value) if OUR_NUMBER.fullmatch(value) else None


def _tag(mail: Mapping[str, Any], name: str) -> str:
    tags = mail.get("tags")
    values = tags.get(name) if isinstance(tags, dict) else None
    return _text(values[0]) if isinstance(values, list) and values else ""


def _dedupe_key(
    feedback: str, message_id: str, kind: str, recipient: str, detail: Mapping[str, Any]
) -> str:
    """The same for two copies of one event, different for two events.

    A bounce or complaint has a ``feedbackId``. Opens, clicks and delays may be many for a message,
    so the moment is part of theirs.
    """
    parts = [feedback, recipient] if feedback else [message_id, kind, recipient]
    if not feedback and kind in {"Open", "Click", "DeliveryDelay"}:
        parts.append(_text(detail.get("timestamp")))
        parts.append(_text(detail.get("link")))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _text(value: object) -> str:
    """*value* when it is text, without what no database keeps: NUL, and half a surrogate pair."""
    if not isinstance(value, str):
        return ""
    return value.replace("\0", "").encode(errors="replace").decode()

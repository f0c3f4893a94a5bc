"""Events as SES publishes them, after the examples in its developer guide."""

from __future__ import annotations

import json
from typing import Any

MESSAGE_ID = "0100018f2b6e7c1a-5f0d6a3e-000000"
READER = "reader1@example.org"

DETAILS: dict[str, dict[str, Any]] = {
    "Send": {},
    "Delivery": {"recipients": [READER], "smtpResponse": "250 ok"},
    "Bounce": {
        "feedbackId": "f-bounce",
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "bouncedRecipients": [
            {"emailAddress": READER, "diagnosticCode": "smtp; 550 5.1.1 user unknown"}
        ],
    },
    "Complaint": {
        "feedbackId": "f-complaint",
        "complainedRecipients": [{"emailAddress": READER}],
        "complaintFeedbackType": "abuse",
    },
    "Reject": {"reason": "Bad content"},
    "Rendering Failure": {"errorMessage": "Attribute 'name' is not present", "templateName": "t"},
    "DeliveryDelay": {
        "delayType": "MailboxFull",
        "delayedRecipients": [{"emailAddress": READER}],
        "timestamp": "2026-11-20T07:00:00.000Z",
    },
    "Open": {"timestamp": "2026-11-20T07:00:00.000Z", "userAgent": "Mail"},
    "Click": {"timestamp": "2026-11-20T07:00:00.000Z", "link": "https://example.org/a"},
    "Subscription": {"contactList": "readers"},
}


def detail_name(kind: str) -> str:
    return "failure" if kind == "Rendering Failure" else kind[0].lower() + kind[1:]


def event(
    kind: str,
    tags: dict[str, int | str] | None = None,
    *,
    message_id: str = MESSAGE_ID,
    recipient: str = READER,
    older: bool = False,
    **detail: Any,
) -> str:
    """The JSON of an event; *older* is an identity's notification, which has no tags."""
    mail: dict[str, Any] = {"messageId": message_id, "destination": [recipient]}
    if not older:
        mail["tags"] = {name: [str(value)] for name, value in (tags or {}).items()}
    told = json.loads(json.dumps({**DETAILS[kind], **detail}).replace(READER, recipient))
    if "feedbackId" in told and "feedbackId" not in detail:
        told["feedbackId"] += message_id
    key = "notificationType" if older else "eventType"
    return json.dumps({key: kind, "mail": mail, detail_name(kind): told})


def transient(sub_type: str = "MailboxFull") -> dict[str, str]:
    """What makes a bounce soft."""
    return {"bounceType": "Transient", "bounceSubType": sub_type, "feedbackId": f"f-{sub_type}"}

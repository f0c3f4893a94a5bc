"""Event publishing: the JSON that a configuration set sends to its topic.

https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
"""

from __future__ import annotations

import hashlib
import json
from email.parser import BytesHeaderParser
from email.policy import default
from typing import Any

from ..clock import stamp
from ..sqs import ACCOUNT
from ..store import Message, Step
from .checks import bare
from .mime import mime

_SUPPRESSED = (
    "Amazon SES has suppressed sending to this address because it has a recent history of bouncing "
    "as an invalid address."
)
_ON_ACCOUNT_LIST = (
    "Amazon SES did not send the message to this address because it is on the suppression list for "
    "your account."
)
_BOUNCES: dict[str, tuple[str, str, dict[str, str], str]] = {
    # Kind of step: type, sub-type, what is said of the recipient, reporting MTA.
    "Bounce": (
        "Permanent",
        "General",
        {
            "action": "failed",
            "status": "5.1.1",
            "diagnosticCode": "smtp; 550 5.1.1 user unknown",
        },
        "dns; a8-31.smtp-out.amazonses.com",
    ),
    "Bounce:suppressed": (
        "Permanent",
        "Suppressed",
        {"action": "failed", "status": "5.1.1", "diagnosticCode": _SUPPRESSED},
        "dns; amazonses.com",
    ),
    "Bounce:account": (
        "Permanent",
        "OnAccountSuppressionList",
        {"action": "failed", "status": "5.1.1", "diagnosticCode": _ON_ACCOUNT_LIST},
        "dns; amazonses.com",
    ),
    "Bounce:ooto": ("Transient", "General", {}, "dns; a8-31.smtp-out.amazonses.com"),
}


def render(message: Message, step: Step) -> str:
    """One event as the JSON text that SNS carries."""
    kind = step.kind.partition(":")[0]
    at = stamp(message.origin.at + step.after_ms / 1000)
    key, detail = _DETAIL[kind](message, step, at)
    return json.dumps({"eventType": kind, "mail": _mail(message, kind), key: detail})


def _mail(message: Message, kind: str) -> dict[str, Any]:
    origin, destination = message.origin, message.destination
    domain = bare(origin.sender).rpartition("@")[2]
    mail: dict[str, Any] = {
        "timestamp": stamp(origin.at),
        "source": origin.sender,
        "sourceArn": f"arn:aws:ses:us-east-1:{ACCOUNT}:identity/{domain}",
        "sendingAccountId": ACCOUNT,
        "messageId": message.id,
        "destination": list(destination.everyone),
        "headersTruncated": False,
    }
    if message.missing is None:
        headers, subject = _headers(message)
        mail["headers"] = headers
        common = {
            "from": [origin.sender],
            "replyTo": list(origin.reply_to),
            "to": list(destination.to),
            "messageId": message.id,
            "subject": subject,
        }
        mail["commonHeaders"] = {k: v for k, v in common.items() if v}
    mail["tags"] = _tags(message, kind, domain)
    return mail


def _headers(message: Message) -> tuple[list[dict[str, str]], str]:
    """The headers as they are written and the subject as it is read."""
    if message.origin.content is None:
        parsed = BytesHeaderParser(policy=default).parsebytes(mime(message))
        shown = [{"name": name, "value": str(value)} for name, value in parsed.items()]
        return shown, str(parsed.get("Subject", ""))
    subject = message.subject()
    pairs = [
        ("From", message.origin.sender),
        ("To", ", ".join(message.destination.to)),
        ("Subject", subject),
        ("MIME-Version", "1.0"),
        *message.headers,
    ]
    return [{"name": name, "value": value} for name, value in pairs], subject


def _tags(message: Message, kind: str, domain: str) -> dict[str, list[str]]:
    operation = "SendBulkEmail" if message.origin.kind == "bulk" else "SendEmail"
    tags = {
        "ses:source-tls-version": ["TLSv1.3"],
        "ses:operation": [operation],
        "ses:configuration-set": [message.origin.configuration_set or ""],
        "ses:source-ip": ["127.0.0.1"],
        "ses:from-domain": [domain],
        "ses:caller-identity": ["sandbox"],
        **{name: [value] for name, value in message.tags.items()},
    }
    if kind in {"Delivery", "Complaint"}:
        tags["ses:outgoing-ip"] = ["54.240.8.117"]
    return tags


def _feedback_id(message: Message, step: Step) -> str:
    digest = hashlib.sha256(f"{message.id}{step.kind}{step.recipient}".encode()).hexdigest()
    parts = (digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32])
    return f"{message.id[:16]}-{'-'.join(parts)}-000000"


def _recipient(message: Message, step: Step) -> str:
    return bare(message.destination.everyone[step.recipient])


def _send(_message: Message, _step: Step, _at: str) -> tuple[str, dict[str, Any]]:
    return "send", {}


def _delivery(message: Message, step: Step, at: str) -> tuple[str, dict[str, Any]]:
    return "delivery", {
        "timestamp": at,
        "processingTimeMillis": step.after_ms,
        "recipients": [_recipient(message, step)],
        "smtpResponse": "250 2.6.0 Message received",
        "remoteMtaIp": "127.0.2.0",
        "reportingMTA": "a8-31.smtp-out.amazonses.com",
    }


def _bounce(message: Message, step: Step, at: str) -> tuple[str, dict[str, Any]]:
    bounce_type, sub_type, said, mta = _BOUNCES[step.kind]
    return "bounce", {
        "feedbackId": _feedback_id(message, step),
        "bounceType": bounce_type,
        "bounceSubType": sub_type,
        "bouncedRecipients": [{"emailAddress": _recipient(message, step), **said}],
        "timestamp": at,
        "reportingMTA": mta,
    }


def _complaint(message: Message, step: Step, at: str) -> tuple[str, dict[str, Any]]:
    return "complaint", {
        "feedbackId": _feedback_id(message, step),
        "complaintSubType": None,
        "complainedRecipients": [{"emailAddress": _recipient(message, step)}],
        "timestamp": at,
        "userAgent": "Amazon SES Mailbox Simulator",
        "complaintFeedbackType": "abuse",
        "arrivalDate": at,
    }


def _failure(message: Message, _step: Step, _at: str) -> tuple[str, dict[str, Any]]:
    template = message.origin.content.name if message.origin.content else None
    return "failure", {
        "templateName": template or "",
        "errorMessage": f"Attribute '{message.missing}' is not present in the rendering data.",
    }


_DETAIL = {
    "Send": _send,
    "Delivery": _delivery,
    "Bounce": _bounce,
    "Complaint": _complaint,
    "Rendering Failure": _failure,
}

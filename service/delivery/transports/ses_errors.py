"""What each error of SES means for a message. Pure; a test holds it against botocore's own model.

Sources: the SES v2 API reference, pages "SendEmail", "SendBulkEmail", "BulkEmailEntryResult" and
"Common Errors".
"""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parseaddr

from service.delivery.transports import Outcome, Verdict

ENTRY: Mapping[str, Verdict] = {
    "SUCCESS": Verdict.ACCEPTED,
    "ACCOUNT_THROTTLED": Verdict.LATER,
    "TRANSIENT_FAILURE": Verdict.RETRY,
    "FAILED": Verdict.RETRY,
    "ACCOUNT_DAILY_QUOTA_EXCEEDED": Verdict.PARK,
    "ACCOUNT_SENDING_PAUSED": Verdict.HALT,
    "ACCOUNT_SUSPENDED": Verdict.HALT,
    "CONFIGURATION_SET_SENDING_PAUSED": Verdict.HALT,
    "CONFIGURATION_SET_NOT_FOUND": Verdict.HALT,
    "MAIL_FROM_DOMAIN_NOT_VERIFIED": Verdict.HALT,
    "TEMPLATE_NOT_FOUND": Verdict.HALT,
    "INVALID_SENDING_POOL_NAME": Verdict.HALT,
    "MESSAGE_REJECTED": Verdict.REJECTED,
    "INVALID_PARAMETER": Verdict.REJECTED,
}
"""``BulkEmailEntryResults[].Status``."""

CALL: Mapping[str, Verdict] = {
    "TooManyRequestsException": Verdict.LATER,
    "LimitExceededException": Verdict.HALT,
    "AccountSuspendedException": Verdict.HALT,
    "SendingPausedException": Verdict.HALT,
    "MailFromDomainNotVerifiedException": Verdict.HALT,
    "NotFoundException": Verdict.HALT,
    "BadRequestException": Verdict.HALT,
    "MessageRejected": Verdict.REJECTED,
}
"""Errors that refuse a whole call. None of them is given once a message has been taken."""

COMMON: Mapping[str, Verdict] = {
    "ThrottlingException": Verdict.LATER,
    "Throttling": Verdict.LATER,
    "ValidationError": Verdict.HALT,
    "ValidationException": Verdict.HALT,
    "InvalidAction": Verdict.HALT,
}
"""What any AWS API may say before it looks at the mail; the model of SES does not list these."""

REMEDY: Mapping[str, str] = {
    "ACCOUNT_DAILY_QUOTA_EXCEEDED": (
        "It goes on by itself when the rolling 24-hour quota has room. AWS gives more on request."
    ),
    "LimitExceededException": "Wait for the rolling 24-hour quota, or ask AWS for more.",
    "ACCOUNT_SENDING_PAUSED": "Look at the account's status in the SES console, then resume.",
    "SendingPausedException": "Look at the account's status in the SES console, then resume.",
    "ACCOUNT_SUSPENDED": "Answer the case that AWS opened; nothing can be sent until then.",
    "AccountSuspendedException": "Answer the case that AWS opened; nothing can be sent until then.",
    "MAIL_FROM_DOMAIN_NOT_VERIFIED": "Verify the sender's domain in SES, then resume.",
    "MailFromDomainNotVerifiedException": "Verify the sender's domain in SES, then resume.",
    "CONFIGURATION_SET_NOT_FOUND": "Make the configuration set, or set its name, then resume.",
    "NotFoundException": "Make the configuration set, or set its name, then resume.",
    "CONFIGURATION_SET_SENDING_PAUSED": "Enable sending in the configuration set, then resume.",
    "RequestExpired": "Set the clock of this machine, then resume.",
    "UnrecognizedClientException": "Check the AWS keys and the region, then resume.",
    "AccessDeniedException": (
        "Allow these keys ses:SendEmail, ses:SendBulkEmail and ses:GetAccount, then resume."
    ),
}

UNVERIFIED = "is not verified"
"""SES's words for a sender that may not be used, and in SES's sandbox for a reader."""

VERIFY_SENDER = "Verify the sender's address or its domain in SES, then resume."

THROTTLES = frozenset(
    {"ACCOUNT_THROTTLED", "TooManyRequestsException", "ThrottlingException", "Throttling"}
)
"""We spoke too fast; all workers slow down."""

INVALID = frozenset({"BadRequestException", "ValidationError", "ValidationException"})
"""Something in the request: mostly in the mail, so all halts; in one reader's address, maybe."""

CREDENTIALS = frozenset(
    {
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "ExpiredTokenException",
        "AccessDeniedException",
        "IncompleteSignature",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "NotAuthorized",
        "OptInRequired",
        "RequestExpired",
    }
)
"""Refused before SES looked at the mail: the same for every message, so all sending halts."""

NO_KEYS = "Set AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, then resume."

SERVER_ERROR = 500


def of_entry(
    status: str, message_id: str | None, error: str | None, *, sender: str = ""
) -> Outcome:
    """The outcome of one entry of a bulk answer. A status that is not known is unknown."""
    verdict = ENTRY.get(status, Verdict.UNKNOWN)
    if verdict is Verdict.ACCEPTED:
        return Outcome(verdict, message_id=message_id)
    if verdict is Verdict.REJECTED and _refuses_sender(error or "", sender):
        return Outcome(Verdict.HALT, reason=f"{_sentence(status, error)} {VERIFY_SENDER}")
    return Outcome(verdict, reason=_sentence(status, error), throttled=status in THROTTLES)


def of_call(code: str, message: str, http_status: int, *, sender: str = "") -> Outcome:
    """The outcome for every recipient of a call that SES refused; *sender* is its From.

    The daily quota comes with the rate's code and tells itself apart by its words only. A 5xx says
    nothing about whether the message was taken.
    """
    reason = _sentence(code, message)
    if http_status >= SERVER_ERROR:
        return Outcome(Verdict.UNKNOWN, reason=reason)
    if code == "TooManyRequestsException" and "daily" in message.lower():
        return Outcome(Verdict.PARK, reason=_sentence("ACCOUNT_DAILY_QUOTA_EXCEEDED", message))
    if code in CREDENTIALS:
        return Outcome(Verdict.HALT, reason=reason)
    verdict = CALL.get(code) or COMMON.get(code, Verdict.UNKNOWN)
    if verdict is Verdict.REJECTED and _refuses_sender(message, sender):
        return Outcome(Verdict.HALT, reason=f"{reason} {VERIFY_SENDER}")
    return Outcome(verdict, reason=reason, throttled=code in THROTTLES, invalid=code in INVALID)


def _refuses_sender(message: str, sender: str) -> bool:
    """Whether a message was rejected for its sender: then every other one would be as well.

    SES names those that are not verified; in its sandbox the reader may be one of them, and when
    there are too many it ends in dots. Where it names nobody it is taken to mean the sender.
    """
    _, told, named = message.lower().partition(UNVERIFIED)
    if not told:
        return False
    in_full = "@" in named and not named.rstrip().endswith("...")
    return not in_full or parseaddr(sender)[1].lower() in named


def refusal(code: str, message: str) -> str | None:
    """Why these keys can do nothing at all, and what to do; None for any other error."""
    if code not in CREDENTIALS:
        return None
    said = _sentence(code, message)
    return said if code in REMEDY else f"{said} Check the AWS keys and the region, then resume."


def _sentence(code: str, message: str | None) -> str:
    said = f"SES said {code}: {message}" if message else f"SES said {code}."
    return f"{said} {REMEDY[code]}" if code in REMEDY else said

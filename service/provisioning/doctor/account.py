"""The SES account: may it send, to whom, how much. Pure.

Source: the SES v2 API reference, "GetAccount".
"""

from __future__ import annotations

from dataclasses import dataclass

from service.provisioning.doctor.finding import (
    Finding,
    Status,
    Unread,
    failed,
    ok,
    unknown,
    warning,
)

ACCOUNT, QUOTA = "SES account", "SES quota"
NEARLY = 0.8
"""Of the quota of 24 hours."""


@dataclass(frozen=True)
class Account:
    """Rates are recipients a second; None is not limited."""

    production: bool
    enforcement: str
    sending_enabled: bool
    max_rate: float
    max_24_hours: float | None
    sent_24_hours: float


def judge_account(found: Account | Unread) -> Finding:
    if isinstance(found, Unread):
        # Without GetAccount the service knows no rate, and sends nothing.
        status = Status.FAILED if found.certain else Status.UNKNOWN
        return Finding(ACCOUNT, status, found.reason)
    if found.enforcement == "SHUTDOWN" or not found.sending_enabled:
        shut = found.enforcement == "SHUTDOWN"
        said = "Amazon has shut it down." if shut else "Sending is switched off."
        return failed(ACCOUNT, said, "Look at the account's status in the SES console.")
    if found.enforcement == "PROBATION":
        said = "It is under review for bounces or complaints; Amazon may shut it down."
        return warning(ACCOUNT, said, "Open the case in the SES console and do what it asks.")
    if found.enforcement != "HEALTHY":
        return unknown(ACCOUNT, Unread(f"SES says {found.enforcement!r} of it."))
    if not found.production:
        said = "It is in the SES sandbox: only verified addresses get mail."
        return warning(ACCOUNT, said, "Ask for production access in the SES console.")
    return ok(ACCOUNT, "Production access, sending enabled, healthy.")


def judge_quota(found: Account | Unread, readers: int | Unread) -> Finding:
    """Whether the quota of 24 hours holds the *readers* of all newsletters once."""
    if isinstance(found, Unread):
        return unknown(QUOTA, found)
    limit, sent = found.max_24_hours, found.sent_24_hours
    of = "without limit" if limit is None else f"of {limit:,.0f}"
    said = f"{found.max_rate:g} a second; {sent:,.0f} {of} sent in 24 hours."
    more = "Ask AWS for a higher quota (Service Quotas, Amazon SES)."
    if found.max_rate <= 0 or (limit is not None and sent >= limit):
        return failed(QUOTA, f"{said} Nothing may be sent now.", "Wait until it has room. " + more)
    if limit is None:
        return ok(QUOTA, said)
    if isinstance(readers, int) and readers > limit:
        days = f"{readers:,} readers take more than a day."
        return warning(QUOTA, f"{said} {days}", more)
    if sent >= NEARLY * limit:
        return warning(QUOTA, said, more)
    return ok(QUOTA, said)

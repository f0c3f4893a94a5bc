"""The SMTP server, where mail leaves by one. Pure."""

from __future__ import annotations

from service.provisioning.doctor.finding import Finding, Unread, failed, ok

CHECK = "SMTP server"


def judge_smtp(found: str | Unread, *, rate_is_set: bool) -> Finding:
    """*found* is the server's name. It tells no limits, so the rate is a setting or our guess."""
    if isinstance(found, Unread):
        return failed(CHECK, found.reason, "Correct BROADSHEET_SMTP_URL.")
    rate = "" if rate_is_set else " At 10 a second, since BROADSHEET_MAX_SEND_RATE is not set."
    return ok(CHECK, f"{found} takes our name and password.{rate}")

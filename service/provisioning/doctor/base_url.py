"""The address that links in mail begin with. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from service.provisioning.doctor.finding import Finding, Unread, failed, ok, warning

CHECK = "base URL"
SITE_HEADER = "Broadsheet-Site"
"""In which ``/healthz`` says which installation it is."""


@dataclass(frozen=True)
class Answer:
    """What ``/healthz`` there answered; *site* is '' when it did not say."""

    status: int
    site: str


def judge_base_url(base_url: str, site: str, found: Answer | Unread) -> Finding:
    """*site* is ours. Mailbox providers take a one-click link by https only (RFC 8058, 3.1)."""
    https = urlsplit(base_url).scheme == "https"
    host = urlsplit(base_url).hostname or ""
    if isinstance(found, Unread):
        said = f"{base_url} cannot be reached from here: {found.reason}"
        return failed(CHECK, said, "Start `web`, and look at DNS, proxy and certificate.")
    if found.status != 200 or not found.site:
        said = f"{base_url}/healthz answers {found.status}, and not as Broadsheet."
        return failed(CHECK, said, "Let the proxy hand everything to `web`.")
    if found.site != site:
        said = f"Another installation answers at {base_url}."
        return failed(CHECK, said, "Give both one secret, or correct BROADSHEET_BASE_URL.")
    if not https:
        said = f"{base_url} is not https."
        todo = "Set BROADSHEET_BASE_URL to https://… in front of a proxy that speaks TLS."
        return failed(CHECK, said, todo)
    if host == "localhost" or host.startswith("127."):
        return warning(CHECK, f"{base_url} is this machine's own.", "Readers need a public name.")
    return ok(CHECK, f"{base_url} answers as this installation.")

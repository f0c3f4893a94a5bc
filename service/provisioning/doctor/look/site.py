"""Our own site, as others reach it."""

from __future__ import annotations

import httpx2

from service.provisioning.doctor.base_url import SITE_HEADER, Answer
from service.provisioning.doctor.finding import Unread

TIMEOUT = 10.0


def ask_site(base_url: str) -> Answer | Unread:
    """What ``/healthz`` answers. The certificate is checked, as a mailbox provider would."""
    try:
        found = httpx2.get(f"{base_url}/healthz", timeout=TIMEOUT)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        return Unread(f"{error or type(error).__name__}.", certain=True)
    return Answer(found.status_code, found.headers.get(SITE_HEADER, ""))

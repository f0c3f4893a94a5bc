"""Addresses read a million at a time.

``parse_address`` takes 50 µs, most of them for what almost no address has. What is plain is read
here, by the same rules; whatever else goes to ``parse_address``. A test holds the two together.
"""

from __future__ import annotations

import re
from functools import lru_cache

from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES

from service.audience.addresses import Address, BadAddress, parse_address

_LOCAL = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*")
_LONGEST_LOCAL = 64  # RFC 5321, 4.5.3.1.1
_LONGEST = 254


def quick_address(text: str) -> Address:
    """As ``parse_address``, and raises ``BadAddress`` as it does."""
    local, at, domain = text.partition("@")
    if (
        at
        and len(text) <= _LONGEST
        and len(local) <= _LONGEST_LOCAL
        and _LOCAL.fullmatch(local)
        and local.lower() not in CASE_INSENSITIVE_MAILBOX_NAMES
        and (lowered := _plain_domain(domain))
    ):
        email = f"{local}@{lowered}"
        return Address(email=email, key=email.lower())
    return parse_address(text)


@lru_cache(maxsize=50_000)
def _plain_domain(domain: str) -> str:
    """*domain* as it is kept; '' when it is not one, or is changed in more than its case."""
    try:
        kept = parse_address(f"a@{domain}").email.removeprefix("a@")
    except BadAddress:
        return ""
    return kept if domain.isascii() and kept == domain.lower() else ""

"""A domain that looks like a slip of the finger. A hint is all it is for: nothing is corrected."""

from __future__ import annotations

COMMON = frozenset({
    "gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "hotmail.co.uk", "hotmail.fr",
    "hotmail.de", "outlook.de", "outlook.fr", "yahoo.com", "yahoo.co.uk", "yahoo.co.jp",
    "yahoo.de", "yahoo.fr", "ymail.com", "icloud.com", "proton.me", "protonmail.com",
    "fastmail.com", "t-online.de", "freenet.de", "posteo.de", "mailbox.org", "btinternet.com",
    "orange.fr", "laposte.net", "libero.it", "comcast.net", "verizon.net", "naver.com",
    "yandex.ru",
})  # fmt: skip
"""Where many readers have their mailbox. Names under five letters are near too many others."""

NO_SLIP = frozenset({
    "mail.com", "email.com", "cloud.com", "fastmail.fm", "libera.it", "never.com", "orange.com",
    "yahoo.ca", "yahoo.it", "yahoo.es", "hotmail.it", "hotmail.es", "outlook.es", "outlook.it",
})  # fmt: skip
"""Near one of those, and somebody's all the same."""

SLIPS_OF_COM = frozenset({"co", "cm", "om", "con", "cim", "cmo", "ocm", "vom", "xom", "comm"})
"""Some of them exist, but no large provider has its mailboxes there."""


def suggestion(email: str) -> str | None:
    """``ann@gmail.com`` for ``ann@gmial.com``; None when the domain looks as it should. Pure."""
    local, at, domain = email.strip().rpartition("@")
    meant = meant_domain(domain.lower()) if at and local else None
    return f"{local}@{meant}" if meant else None


def meant_domain(domain: str) -> str | None:
    """The common domain that *domain* is one slip away from; None when it is none, or several."""
    if domain in COMMON or domain in NO_SLIP:
        return None
    name, dot, ending = domain.partition(".")
    if not dot or ending in SLIPS_OF_COM:
        ending = "com"
    if f"{name}.{ending}" in COMMON:
        return f"{name}.{ending}"
    near = {
        common
        for common in COMMON
        if common.partition(".")[2] == ending and is_slip(name, common.partition(".")[0])
    }
    # Of two that are as near, nobody knows which one was meant.
    return near.pop() if len(near) == 1 else None


def is_slip(typed: str, meant: str) -> bool:
    """Whether one letter is missing, too many, another one, or swapped with the next."""
    if typed == meant:
        return False
    start = 0
    while start < min(len(typed), len(meant)) and typed[start] == meant[start]:
        start += 1
    rest, wanted = typed[start:], meant[start:]
    return (
        rest == wanted[1:]
        or rest[1:] == wanted
        or rest[1:] == wanted[1:]
        or (rest[:2] == wanted[:2][::-1] and rest[2:] == wanted[2:])
    )

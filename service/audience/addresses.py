"""Mail addresses: what is accepted, when two are the same, and the hash that outlives them."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

from service.languages import gettext, later
from service.languages.texts import raw

MAX_LENGTH = 254  # RFC 5321, 4.5.3.1.3: a path is at most 256 octets with its brackets

COMMON_FAULTS = (
    # What email_validator says of them; its rarer words reach readers as they are, in English.
    later("An email address must have an @-sign."),
    later("There must be something after the @-sign."),
    later("There must be something before the @-sign."),
    later("The part after the @-sign is not valid. It should have a period."),
    later("The part after the @-sign contains invalid characters: '@'."),
    later("The part after the @-sign contains invalid characters: SPACE."),
    later("The email address contains invalid characters before the @-sign: SPACE."),
    later("An email address cannot have a period immediately before the @-sign."),
    later("An email address cannot have two periods in a row."),
    later("An email address cannot end with a period."),
)


class BadAddress(ValueError):
    """Not an address that mail can be sent to; the text says why, for the person who typed it."""


@dataclass(frozen=True)
class Address:
    """``email`` as it is written to, ``key`` the form in which two spellings are equal."""

    email: str
    key: str

    @property
    def domain(self) -> str:
        """Of the key, after the ``@``."""
        return self.key.rpartition("@")[2]


def parse_address(text: str) -> Address:
    """Read what a person typed; raises :class:`BadAddress` with a sentence for them.

    Only the form is judged, no DNS is asked: a slow or failing resolver must not refuse a reader.
    The key folds case in the local part as well: no provider of note tells ``Ann@`` from ``ann@``,
    and two subscriptions for one mailbox are two messages.
    """
    if any(ord(char) < 32 or ord(char) == 127 for char in text.strip(" \t")):
        raise BadAddress(gettext("An address is one line, without control characters."))
    text = text.strip()
    if not text:
        raise BadAddress(gettext("Enter your address, such as ann@example.org."))
    if len(text) > MAX_LENGTH:
        raise BadAddress(
            gettext("That is longer than an address can be (%(most)s characters).", most=MAX_LENGTH)
        )
    try:
        found = validate_email(
            text,
            allow_smtputf8=False,  # no way out of ours can write to one, and SES refuses the call
            check_deliverability=False,
            test_environment=True,
            strict=True,
        )
    except EmailNotValidError as error:
        why = raw(str(error))
        raise BadAddress(gettext("That does not look like an address: %(why)s", why=why)) from error
    email = found.ascii_email or found.normalized
    return Address(email=email, key=email.lower())


DOTLESS = frozenset({"gmail.com", "googlemail.com"})


def mailbox(address: Address) -> str:
    """What the spellings of one mailbox have in common: to count by, never to write to.

    Most providers leave out what follows a ``+`` (RFC 5233), Gmail also the dots.
    """
    local, _, domain = address.key.rpartition("@")
    local = local.partition("+")[0] or local
    return f"{local.replace('.', '') if domain in DOTLESS else local}@{domain}"


def address_hash(secret: bytes, key: str) -> str:
    """Keyed hash of an address: comparable for ever, readable by nobody without the secret."""
    keyed = _keyed(secret).copy()
    keyed.update(key.encode())
    return keyed.hexdigest()


@lru_cache(maxsize=8)
def _keyed(secret: bytes) -> hmac.HMAC:
    """``hmac.digest`` lets go of the interpreter for each address of a million; a copy does not."""
    return hmac.new(secret, b"address\0", hashlib.sha256)


def masked(email: str) -> str:
    """``a•••@example.org``: enough for its owner to know it, too little for anyone else."""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}•••@{domain}"

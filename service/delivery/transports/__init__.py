"""How a message leaves: one protocol, a module each for SES and SMTP.

A transport never retries by itself and never raises for what the far side said: it returns one
outcome a recipient, and what it cannot know it calls unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from service.message.mail import Mail


class Verdict(StrEnum):
    """What became of one recipient's message."""

    ACCEPTED = "accepted"
    RETRY = "retry"
    """Surely not sent, for a reason of this message's own; may be tried a few times more."""
    LATER = "later"
    """Surely not sent, since the far side is away or throttles; tried for as long as that takes."""
    PARK = "park"
    """Surely not sent: the account's daily quota is used up. It goes on by itself."""
    HALT = "halt"
    """Surely not sent, and nothing else will be until someone mends the account."""
    REJECTED = "rejected"
    """Surely not sent, and never will be."""
    UNKNOWN = "unknown"
    """It may have been sent. Only SES's events can tell."""


@dataclass(frozen=True)
class Outcome:
    """*verdict* for one recipient; *reason* is a sentence for the operator."""

    verdict: Verdict
    message_id: str | None = None
    reason: str | None = None
    throttled: bool = False
    """We spoke faster than the far side takes."""
    invalid: bool = False
    """The far side called the request invalid, for a reason of the mail's or of the reader's."""


@dataclass(frozen=True)
class Recipient:
    """One mailbox: the values of its slots, and the headers and tags that are its own."""

    address: str
    values: Mapping[str, str]
    headers: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Shipment:
    """One mail for several recipients, with what they share."""

    mail: Mail
    sender: str
    """The From header's value, already encoded."""
    reply_to: str | None
    headers: Mapping[str, str]
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Account:
    """What the far side allows. Rates are recipients a second; None is not limited."""

    max_rate: float | None
    max_24_hours: float | None = None
    sent_24_hours: float = 0.0
    sending_enabled: bool = True
    note: str = ""


class NotMade(ValueError):
    """A message could not be made; none of its chunk was sent. The text says why."""


@contextmanager
def making() -> Iterator[None]:
    """What fails in here fails before anything is sent: :class:`NotMade`."""
    try:
        yield
    except KeyError as error:
        raise NotMade(f"It could not be made: no value for {error}.") from error
    except ValueError as error:
        raise NotMade(f"It could not be made: {error}") from error


class Transport(Protocol):
    """A way out."""

    max_recipients: int
    """How many recipients one call may name."""

    def send(self, shipment: Shipment, recipients: Sequence[Recipient]) -> list[Outcome]:
        """Send to up to ``max_recipients``; one outcome each, in their order.

        Raises :class:`NotMade`, with nothing sent.
        """
        ...

    def account(self) -> Account:
        """The account's limits, asked for now. Raises :class:`AccountUnavailable`."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


class AccountUnavailable(RuntimeError):
    """The limits could not be read; nothing may be sent at a rate that nobody knows."""


class QuotaUsedUp(AccountUnavailable):
    """The account has sent all that it may within 24 hours."""


class AccountRefused(RuntimeError):
    """The settings are wrong, or the account may not send: someone has to mend it first."""

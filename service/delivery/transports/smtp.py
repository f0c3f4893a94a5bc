"""SMTP on kept connections, for those without SES.

SMTP has no events: a message that the server took is ``accepted`` and stays so. A connection that
breaks after the message's final dot leaves its outcome unknown, as with SES.
"""

from __future__ import annotations

import smtplib
import ssl
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import make_msgid, parseaddr
from urllib.parse import SplitResult, unquote, urlsplit

from service.delivery.transports import (
    Account,
    Outcome,
    Recipient,
    Shipment,
    Verdict,
    making,
)
from service.delivery.transports.serial import one_by_one
from service.message.mime import Encoded, encode

OK = 250
REFUSALS = range(400, 600)
PERMANENT = 500  # RFC 5321, 4.2.1: 5yz is a permanent refusal, 4yz a transient one
WRONG_SETTINGS = (
    smtplib.SMTPAuthenticationError,
    smtplib.SMTPNotSupportedError,
    ssl.SSLCertVerificationError,
)


@dataclass(frozen=True)
class Message:
    """One reader's copy, ready to be handed over."""

    sender: str
    recipient: str
    message_id: str
    body: bytes


class SmtpTransport:
    """*url* is ``smtp://user:password@host:587`` (STARTTLS when offered) or ``smtps://…:465``."""

    def __init__(self, url: str, *, max_rate: float | None, timeout: float = 20.0) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
            raise ValueError(
                "BROADSHEET_SMTP_URL must look like smtp://user:password@mail.example.org:587"
            )
        self.max_recipients = 50
        self._parts = parts
        self._max_rate = max_rate
        self._timeout = timeout
        self._idle: deque[Line] = deque()

    def send(self, shipment: Shipment, recipients: Sequence[Recipient]) -> list[Outcome]:
        """See :class:`service.delivery.transports.Transport`."""
        with making():
            encoded = encode(shipment.mail)
            messages = [_message(shipment, encoded, recipient) for recipient in recipients]
        with self._line() as line:
            return one_by_one(messages, line.send)

    def account(self) -> Account:
        """SMTP tells no limits: BROADSHEET_MAX_SEND_RATE is all there is."""
        return Account(max_rate=self._max_rate)

    def greet(self) -> str:
        """Connect and log in, and send nothing; the server's host.

        Raises OSError or :class:`smtplib.SMTPException`.
        """
        with self._line() as line:
            line.ready()
        return self._parts.hostname or ""

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    @contextmanager
    def _line(self) -> Iterator[Line]:
        """A line of this caller's own: several chunks are sent at a time."""
        try:
            line = self._idle.pop()
        except IndexError:
            line = Line(self._parts, self._timeout)
        try:
            yield line
        finally:
            self._idle.append(line)


class Line:
    """A connection to the server, made when it is needed. SMTP is one dialogue: one at a time."""

    def __init__(self, parts: SplitResult, timeout: float) -> None:
        self._parts = parts
        self._timeout = timeout
        self._connection: smtplib.SMTP | None = None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def send(self, message: Message) -> Outcome:
        """Hand *message* over; what became of it."""
        try:
            connection = self.ready()
        except WRONG_SETTINGS as error:
            self.close()
            return Outcome(Verdict.HALT, reason=f"Check BROADSHEET_SMTP_URL, then resume: {error}")
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return Outcome(Verdict.LATER, reason=f"The SMTP server could not be reached: {error}")
        return self._hand_over(connection, message)

    def _hand_over(self, connection: smtplib.SMTP, message: Message) -> Outcome:
        try:
            connection.sendmail(message.sender, [message.recipient], message.body)
        except smtplib.SMTPRecipientsRefused as error:
            return _refusal(*error.recipients[message.recipient])
        except smtplib.SMTPSenderRefused as error:
            # It is not about this reader: each of the others would be refused as well.
            return _refusal(error.smtp_code, error.smtp_error, for_all=True)
        except smtplib.SMTPResponseException as error:
            return _refusal(error.smtp_code, error.smtp_error)
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return Outcome(Verdict.UNKNOWN, reason=f"The SMTP server gave no answer: {error}")
        return Outcome(Verdict.ACCEPTED, message_id=message.message_id)

    def ready(self) -> smtplib.SMTP:
        """The kept connection when it still answers, else a new one."""
        if self._connection is not None:
            try:
                if self._connection.noop()[0] == OK:
                    return self._connection
            except (OSError, smtplib.SMTPException):
                pass
            self.close()
        self._connection = self._connect()
        return self._connection

    def _connect(self) -> smtplib.SMTP:
        host, port = self._parts.hostname or "", self._parts.port
        context = ssl.create_default_context()
        connection: smtplib.SMTP
        if self._parts.scheme == "smtps":
            connection = smtplib.SMTP_SSL(host, port or 465, timeout=self._timeout, context=context)
        else:
            connection = smtplib.SMTP(host, port or 587, timeout=self._timeout)
        try:
            self._introduce(connection, context)
        except (OSError, smtplib.SMTPException):
            connection.close()
            raise
        return connection

    def _introduce(self, connection: smtplib.SMTP, context: ssl.SSLContext) -> None:
        connection.ehlo()
        if self._parts.scheme == "smtp" and connection.has_extn("starttls"):
            connection.starttls(context=context)
        if self._parts.username:
            connection.login(unquote(self._parts.username), unquote(self._parts.password or ""))


def _message(shipment: Shipment, encoded: Encoded, recipient: Recipient) -> Message:
    sender = parseaddr(shipment.sender)[1]
    message_id = make_msgid(domain=sender.rpartition("@")[2])
    reply_to = {"Reply-To": shipment.reply_to} if shipment.reply_to else {}
    body = encoded.message(
        sender=shipment.sender,
        recipient=recipient.address,
        headers={**reply_to, **shipment.headers, **recipient.headers},
        values=recipient.values,
        date=datetime.now(UTC),
        message_id=message_id,
    )
    return Message(sender, recipient.address, message_id, body)


def _refusal(code: int, said: bytes | str, *, for_all: bool = False) -> Outcome:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    if code not in REFUSALS:
        return Outcome(
            Verdict.UNKNOWN, reason=f"The SMTP server said {code}, which is no refusal: {text}"
        )
    transient, permanent = Verdict.RETRY, Verdict.REJECTED
    if for_all:
        transient, permanent = Verdict.LATER, Verdict.HALT
    verdict = permanent if code >= PERMANENT else transient
    return Outcome(verdict, reason=f"The SMTP server said {code}: {text}")

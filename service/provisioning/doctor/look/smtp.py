"""The SMTP server that the settings name: connected to, and left without a message."""

from __future__ import annotations

import smtplib

from service.config import Settings
from service.delivery.transports.smtp import SmtpTransport
from service.provisioning.doctor.finding import Unread


def ask_smtp(settings: Settings) -> str | Unread:
    """The server's name, when it takes our name and password."""
    transport = SmtpTransport(settings.smtp_url, max_rate=settings.max_send_rate)
    try:
        return transport.greet()
    except (OSError, smtplib.SMTPException) as error:
        return Unread(f"It cannot be used: {error}", certain=True)
    finally:
        transport.close()

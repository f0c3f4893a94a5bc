"""The transport that the settings name."""

from __future__ import annotations

from service.config import Settings, aws_region
from service.delivery.transports import AccountRefused, Transport


def make_transport(settings: Settings) -> Transport:
    """A transport for this process. Make it after the fork: sockets must not cross one.

    Raises :class:`AccountRefused` when the settings cannot make one, with what to set.
    """
    if settings.transport == "smtp":
        from service.delivery.transports.smtp import SmtpTransport

        return SmtpTransport(settings.smtp_url, max_rate=settings.max_send_rate)
    from service.delivery.transports.ses import SesTransport

    region = aws_region()
    if not region:
        raise AccountRefused("No AWS region is set. Set AWS_REGION, then resume.")
    return SesTransport(
        mode=settings.ses_mode,
        configuration_set=settings.ses_configuration_set,
        timeout=settings.ses_timeout,
        region=region,
        connections=settings.chunks_in_flight + 1,
    )

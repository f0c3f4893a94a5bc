"""What one reader's copy carries of its own: links, headers, tags. Pure."""

from __future__ import annotations

from service.audience import tokens
from service.config import Settings
from service.delivery.chunk import Parcel
from service.delivery.transports import Recipient, Shipment
from service.message import headers
from service.message.mail import Mail
from service.models import Issue, Newsletter, Variant


def shipment_of(
    issue: Issue, newsletter: Newsletter, variant: Variant, settings: Settings
) -> Shipment:
    """What all readers of *variant* share."""
    mailing = headers.Mailing(
        base_url=settings.base_url,
        newsletter=newsletter.slug,
        name=newsletter.name,
        kind=issue.kind.value,
        number=issue.number,
    )
    return Shipment(
        mail=Mail.of(variant.nonce, variant.subject, variant.html, variant.text),
        sender=headers.mailbox(newsletter.from_name, newsletter.from_address),
        reply_to=newsletter.reply_to,
        headers=headers.list_headers(mailing),
        tags={"site": settings.site, "issue": str(issue.id)},
    )


def recipient_of(parcel: Parcel, *, secret: bytes, base_url: str) -> Recipient:
    """One reader's links, and the tags by which SES's events find this very attempt again."""
    links = reader_links(parcel.subscription_id, secret=secret, base_url=base_url)
    return Recipient(
        address=parcel.address,
        values=links,
        headers=headers.one_click_headers(links["unsubscribeUrl"]),
        tags={"delivery": str(parcel.delivery_id), "attempt": str(parcel.attempt)},
    )


def reader_links(subscription_id: int, *, secret: bytes, base_url: str) -> dict[str, str]:
    """The values of every issue's slots."""
    return {
        "unsubscribeUrl": f"{base_url}/unsubscribe/"
        + tokens.sign(secret, "unsubscribe", subscription_id),
        "preferencesUrl": f"{base_url}/preferences/"
        + tokens.sign(secret, "preferences", subscription_id),
    }

"""Posts of SNS, signed with a key and a certificate of the tests' own."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
TOPIC = "arn:aws:sns:us-east-1:123456789012:broadsheet-events"
CERTIFICATE_URL = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123.pem"
SUBSCRIBE_URL = "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&Token=t"


@lru_cache
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@lru_cache
def certificate() -> bytes:
    """The certificate of :func:`key`, PEM."""
    return certificate_of(key())


def certificate_of(private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .sign(private, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )


def notification(message: str = "{}", **fields: str | None) -> dict[str, str]:
    """An unsigned notification; a field of None is left out."""
    return _without_none(
        {
            "Type": "Notification",
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": TOPIC,
            "Subject": "Amazon SES Email Event Notification",
            "Message": message,
            "Timestamp": "2026-11-20T06:59:30.123Z",
            "UnsubscribeURL": "https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe",
            **fields,
        }
    )


def confirmation(**fields: str | None) -> dict[str, str]:
    """An unsigned request to confirm a subscription."""
    return _without_none(
        {
            "Type": "SubscriptionConfirmation",
            "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
            "Token": "t",
            "TopicArn": TOPIC,
            "Message": "You have chosen to subscribe.",
            "SubscribeURL": SUBSCRIBE_URL,
            "Timestamp": "2026-11-20T06:59:30.123Z",
            **fields,
        }
    )


def signed(post: dict[str, str], version: str = "2", url: str = CERTIFICATE_URL) -> bytes:
    """The body that SNS would send. Written out by the guide's text, not by our own code."""
    if post.get("Type") == "Notification":
        order = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    else:
        order = [
            *("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
        ]
    text = "".join(f"{name}\n{post[name]}\n" for name in order if name in post)
    digest = hashes.SHA1() if version == "1" else hashes.SHA256()
    signature = key().sign(text.encode(), padding.PKCS1v15(), digest)
    return json.dumps(
        {
            **post,
            "SignatureVersion": version,
            "Signature": base64.b64encode(signature).decode(),
            "SigningCertURL": url,
        }
    ).encode()


def _without_none(fields: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value is not None}

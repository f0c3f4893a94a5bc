"""The key with which SNS posts are signed, and the certificate that proves it.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message-verify-message-signature.html
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
# SHA-1 is weak, and is what signature version 1 means: a topic's default to this day.
_HASHES: dict[str, type[hashes.SHA1 | hashes.SHA256]] = {"1": hashes.SHA1, "2": hashes.SHA256}


class Signer:
    """A 2048-bit RSA key, made new, with a self-signed certificate around it."""

    def __init__(self, now: float) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.certificate = _certificate(self._key, datetime.fromtimestamp(now, UTC))
        digest = hashlib.sha256(self.certificate).hexdigest()[:32]
        self.path = f"/sns/SimpleNotificationService-{digest}.pem"

    def sign(self, post: Mapping[str, str], version: str) -> str:
        """The signature of a post, base64, by version 1 (SHA-1) or 2 (SHA-256)."""
        text = canonical(post).encode()
        return base64.b64encode(
            self._key.sign(text, padding.PKCS1v15(), _HASHES[version]())
        ).decode()


def canonical(post: Mapping[str, str]) -> str:
    """What is signed: key and value on lines of their own, keys in byte order."""
    keys = _NOTIFICATION if post["Type"] == "Notification" else _CONFIRMATION
    return "".join(f"{key}\n{post[key]}\n" for key in keys if key in post)


def _certificate(key: rsa.RSAPrivateKey, now: datetime) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.us-east-1.amazonaws.com")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)

"""Posts of Amazon SNS: proved to come from a topic of ours before anything is done with them.

Any AWS account can make a topic that signs validly, so the TopicArn is held against our allow-list
first of all, before a certificate or a SubscribeURL is fetched. Source: the SNS developer guide,
"Verifying the signatures of Amazon SNS messages".
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal
from urllib.parse import urlsplit

import httpx2
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

Kind = Literal["Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"]
Fetch = Callable[[str], bytes]

SIGNED: Mapping[Kind, tuple[str, ...]] = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": (
        "Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type",
    ),
    "UnsubscribeConfirmation": (
        "Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type",
    ),
}  # fmt: skip
"""What is signed, in byte order; Subject only when it is there."""

AMAZON_HOST = re.compile(r"sns\.[a-z0-9-]+\.amazonaws\.com(\.cn)?")
LONGEST_URL = 2048
OLDEST = timedelta(hours=2)
"""A post keeps the time at which it was published, and SNS tries an endpoint for an hour at most:
what is older was recorded and is played back. The second hour is slack for clocks."""
AHEAD = timedelta(minutes=15)
"""Nothing is published in the future; this is slack for clocks alone."""


class Refused(ValueError):
    """A post that is not SNS's, not of our topic, or too old; the text says which."""


@dataclass(frozen=True)
class Post:
    """A post that has been proved."""

    kind: Kind
    message: str
    subscribe_url: str | None


def prove(
    body: bytes,
    *,
    topics: frozenset[str],
    now: datetime,
    fetch: Fetch,
    extra_endpoint: str | None = None,
) -> Post:
    """The post in *body* once it is proved; raises :class:`Refused`.

    *fetch* gets a certificate by URL. *extra_endpoint* is the base URL of an SNS that is not
    Amazon's (the sandbox, by boto3's own variable), whose certificates are taken as well.
    """
    document = _document(body)
    topic = document.get("TopicArn", "")
    if topic not in topics:
        raise Refused(f"topic {topic[:200]!r} is not in BROADSHEET_SNS_TOPIC_ARNS")
    kind = _kind(document.get("Type", ""))
    _check_complete(document, kind)
    _check_fresh(document["Timestamp"], now)
    certificate_url = document.get("SigningCertURL", "")
    _check_host(certificate_url, extra_endpoint, suffix=".pem")
    _check_signature(document, kind, fetch(certificate_url))
    subscribe_url = document.get("SubscribeURL") if kind != "Notification" else None
    if subscribe_url is not None:
        _check_host(subscribe_url, extra_endpoint)
    return Post(kind, document["Message"], subscribe_url)


def canonical(document: Mapping[str, str], kind: Kind) -> bytes:
    """The string that SNS signs: ``Key\\nValue\\n`` for each signed field that is there."""
    return "".join(
        f"{name}\n{document[name]}\n" for name in SIGNED[kind] if name in document
    ).encode(errors="surrogatepass")  # half a surrogate pair, which only a forger sends


@lru_cache(maxsize=16)
def fetch_certificate(url: str) -> bytes:
    """A certificate by its URL, kept; the URL has been held against the host rule before."""
    return get(url)


def get(url: str) -> bytes:
    """The body at *url*: no redirect is followed, no proxy asked."""
    with httpx2.Client(timeout=10, follow_redirects=False, trust_env=False) as client:
        answer = client.get(url)
        answer.raise_for_status()
        return answer.content


def _document(body: bytes) -> dict[str, str]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:  # the latter for what is nested too deep
        raise Refused("not JSON") from error
    if not isinstance(document, dict):
        raise Refused("not a JSON object")
    return {str(name): value for name, value in document.items() if isinstance(value, str)}


def _kind(text: str) -> Kind:
    for kind in SIGNED:
        if kind == text:
            return kind
    raise Refused(f"unknown Type {text[:60]!r}")


def _check_complete(document: Mapping[str, str], kind: Kind) -> None:
    """A field left out could hide in the one before it: names and values are signed as lines."""
    for name in SIGNED[kind]:
        if name not in document and name != "Subject":
            raise Refused(f"it has no {name}")


def _check_fresh(timestamp: str, now: datetime) -> None:
    try:
        age = now - datetime.fromisoformat(timestamp)
    except (ValueError, TypeError) as error:
        raise Refused(f"no readable Timestamp: {timestamp[:60]!r}") from error
    if not -AHEAD <= age <= OLDEST:
        raise Refused(
            f"its Timestamp {timestamp[:60]!r} is more than {OLDEST} old or {AHEAD} ahead of our "
            "clock"
        )


def _check_host(url: str, extra_endpoint: str | None, suffix: str = "") -> None:
    ours = extra_endpoint is not None and url.startswith(extra_endpoint.rstrip("/") + "/")
    sound = len(url) <= LONGEST_URL and url.isascii() and url.isprintable() and " " not in url
    if not sound or not (ours or _is_amazons(url)) or not urlsplit(url).path.endswith(suffix):
        raise Refused(f"{url[:200]!r} is not a URL of Amazon SNS")


def _is_amazons(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # a port that is no number, a bracket that is not closed
        return False
    return (
        parts.scheme == "https"
        and AMAZON_HOST.fullmatch(parts.hostname or "") is not None
        and port in (None, 443)
        and parts.username is None
    )


def _check_signature(document: Mapping[str, str], kind: Kind, certificate: bytes) -> None:
    version = document.get("SignatureVersion", "")
    # Version 1 is SHA-1, a topic's default to this day; version 2 is SHA-256.
    algorithm = {"1": hashes.SHA1(), "2": hashes.SHA256()}.get(version)  # noqa: S303
    if algorithm is None:
        raise Refused(f"unknown SignatureVersion {version[:20]!r}")
    try:
        key = x509.load_pem_x509_certificate(certificate).public_key()
        signature = base64.b64decode(document.get("Signature", ""), validate=True)
    except (ValueError, binascii.Error) as error:
        raise Refused("the signature or its certificate cannot be read") from error
    if not isinstance(key, rsa.RSAPublicKey):
        raise Refused("the certificate holds no RSA key")
    try:
        key.verify(signature, canonical(document, kind), padding.PKCS1v15(), algorithm)
    except InvalidSignature as error:
        raise Refused("the signature does not match") from error

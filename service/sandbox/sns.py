"""The topic to which events are published: into a queue, and to subscribers by signed HTTP posts.

https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import NamedTuple
from urllib.parse import urlencode

from .clock import Clock, stamp
from .courier import Courier, Parcel
from .queue import Queue
from .signing import Signer
from .sqs import ACCOUNT
from .web import Answer, Request, Response, as_json, not_found

TOPIC_ARN = f"arn:aws:sns:us-east-1:{ACCOUNT}:broadsheet-events"
_SUBJECT = "Amazon SES Email Event Notification"


class Notification(NamedTuple):
    """One publication. Its text is made when it is read."""

    number: int
    at: float
    text: Callable[[], str]

    @property
    def id(self) -> str:
        return str(uuid.UUID(int=self.number))


@dataclass(slots=True)
class Subscription:
    """A subscriber by HTTP. It gets nothing but the confirmation until it has confirmed."""

    endpoint: str
    signature_version: str
    certificate_url: str
    confirmed: bool = False
    token: str = field(default_factory=lambda: uuid.uuid4().hex * 2)
    arn: str = field(default_factory=lambda: f"{TOPIC_ARN}:{uuid.uuid4()}")


class Topic:
    """Publishes into *queue* always, and to whoever subscribed and confirmed.

    *raw* puts the bare event on the queue; *signed* false leaves out the queue's signatures, which
    cost about a third of a millisecond each.
    """

    def __init__(self, url: Callable[[], str], clock: Clock, queue: Queue) -> None:
        self._url = url
        self._clock = clock
        self._queue = queue
        self._lock = threading.Lock()
        self._subscriptions: dict[str, Subscription] = {}
        self._count = 0
        self._secret = uuid.uuid4().int >> 64
        self.courier = Courier()
        self.raw = False
        self.signed = True

    @cached_property
    def signer(self) -> Signer:
        return Signer(self._clock())

    def publish(self, text: Callable[[], str], *, delay: float = 0, copies: int = 1) -> None:
        """Publish once, and deliver *copies* of it after *delay* seconds."""
        with self._lock:
            self._count += 1
            number = self._secret << 64 | self._count
            listeners = [s for s in self._subscriptions.values() if s.confirmed]
        note = Notification(number, self._clock(), text)
        body = note.text if self.raw else partial(self.envelope, note)
        for _ in range(copies):
            self._queue.put(body, delay)
            for listener in listeners:
                self.courier.take(self._parcel(listener, note), delay)

    def envelope(self, note: Notification, to: Subscription | None = None) -> str:
        """A notification as subscribers get it."""
        version = to.signature_version if to else "1"
        arn = to.arn if to else f"{TOPIC_ARN}:00000000-0000-4000-8000-000000000000"
        post = {
            "Type": "Notification",
            "MessageId": note.id,
            "TopicArn": TOPIC_ARN,
            "Subject": _SUBJECT,
            "Message": note.text(),
            "Timestamp": stamp(note.at),
            "UnsubscribeURL": self._action("Unsubscribe", SubscriptionArn=arn),
        }
        if to is None and not self.signed:
            return json.dumps(post)
        return self._sealed(post, version, to.certificate_url if to else "")

    def _sealed(self, post: dict[str, str], version: str, certificate_url: str) -> str:
        seal = {
            "SignatureVersion": version,
            "Signature": self.signer.sign(post, version),
            "SigningCertURL": certificate_url or self._url() + self.signer.path,
        }
        return json.dumps({**post, **seal})

    def _parcel(self, to: Subscription, note: Notification) -> Parcel:
        return Parcel(
            to.endpoint,
            "Notification",
            note.id,
            TOPIC_ARN,
            to.arn,
            partial(self.envelope, note, to),
        )

    def _action(self, name: str, **arguments: str) -> str:
        return f"{self._url()}/sns/?{urlencode({'Action': name, **arguments})}"

    def subscribe(self, endpoint: str, version: str, certificate_url: str = "") -> Subscription:
        """Ask an endpoint to confirm. Nothing is published to it before it does."""
        made = Subscription(endpoint, version, certificate_url)
        with self._lock:
            self._subscriptions[made.token] = made
        confirm = self._action("ConfirmSubscription", TopicArn=TOPIC_ARN, Token=made.token)
        post = {
            "Type": "SubscriptionConfirmation",
            "MessageId": str(uuid.uuid4()),
            "Token": made.token,
            "TopicArn": TOPIC_ARN,
            "Message": f"You have chosen to subscribe to the topic {TOPIC_ARN}.\n"
            "To confirm the subscription, visit the SubscribeURL included in this message.",
            "SubscribeURL": confirm,
            "Timestamp": stamp(self._clock()),
        }
        body = self._sealed(post, version, certificate_url)
        self.courier.take(
            Parcel(endpoint, post["Type"], post["MessageId"], TOPIC_ARN, made.arn, lambda: body), 0
        )
        return made

    def subscriptions(self) -> list[Subscription]:
        return list(self._subscriptions.values())

    def handle(self, request: Request) -> Answer:
        """``GET /sns/?Action=ConfirmSubscription&Token=…`` and ``Action=Unsubscribe``."""
        action = request.arg("Action")
        if action == "ConfirmSubscription":
            found = self._subscriptions.get(request.arg("Token"))
            if found is None:
                return as_json({"message": "Invalid token"}, 400)
            found.confirmed = True
            return _xml("ConfirmSubscription", f"<SubscriptionArn>{found.arn}</SubscriptionArn>")
        if action == "Unsubscribe":
            with self._lock:
                for token, listener in list(self._subscriptions.items()):
                    if listener.arn == request.arg("SubscriptionArn"):
                        del self._subscriptions[token]
            return _xml("Unsubscribe", "")
        return not_found(request.path)

    def serve_certificate(self, request: Request) -> Answer:
        if request.path != self.signer.path:
            return not_found(request.path)
        return Response(self.signer.certificate, 200, "application/x-pem-file")


def _xml(action: str, result: str) -> Response:
    body = (
        f'<{action}Response xmlns="http://sns.amazonaws.com/doc/2010-03-31/">'
        f"<{action}Result>{result}</{action}Result></{action}Response>"
    )
    return Response(body.encode(), 200, "text/xml")

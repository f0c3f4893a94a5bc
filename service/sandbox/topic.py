"""One SNS topic: publishes into queues, and to subscribers by signed HTTP posts.

https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, Protocol
from urllib.parse import urlencode

from .clock import Clock, stamp
from .courier import Courier, Parcel
from .policies import allows
from .queue import Queue
from .signing import Signer

_SUBJECT = "Amazon SES Email Event Notification"


class Service(Protocol):
    """What a topic needs of the SNS that it is part of."""

    clock: Clock
    courier: Courier
    url: Callable[[], str]

    @property
    def signer(self) -> Signer: ...

    def queue(self, arn: str) -> Queue | None: ...


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
    arn: str
    confirmed: bool = False
    token: str = field(default_factory=lambda: uuid.uuid4().hex * 2)


@dataclass(slots=True)
class QueueSubscription:
    """A queue that listens. It gets what its own policy lets this topic send."""

    arn: str
    endpoint: str
    """The queue's ARN."""
    raw: bool = False


class Topic:
    """*signed* false leaves out the signatures of what goes to queues: a third of a millisecond."""

    def __init__(self, arn: str, service: Service, attributes: Mapping[str, str]) -> None:
        self.arn = arn
        self.attributes = dict(attributes)
        self.signed = True
        self._service = service
        self._lock = threading.Lock()
        self._subscriptions: dict[str, Subscription] = {}
        self._queues: dict[str, QueueSubscription] = {}
        self._count = 0
        self._secret = uuid.uuid4().int >> 64

    @property
    def raw(self) -> bool:
        """Whether queues get the bare event."""
        return all(listener.raw for listener in self._queues.values())

    @raw.setter
    def raw(self, wanted: bool) -> None:
        for listener in self._queues.values():
            listener.raw = wanted

    def publish(self, text: Callable[[], str], *, delay: float = 0, copies: int = 1) -> None:
        """Publish once, and deliver *copies* of it after *delay* seconds."""
        with self._lock:
            self._count += 1
            number = self._secret << 64 | self._count
            listeners = [s for s in self._subscriptions.values() if s.confirmed]
            queues = list(self._queues.values())
        note = Notification(number, self._service.clock(), text)
        for _ in range(copies):
            for each in queues:
                if (queue := self._open_queue(each.endpoint)) is not None:
                    body = note.text if each.raw else partial(self.envelope, note, arn=each.arn)
                    queue.put(body, delay)
            for listener in listeners:
                self._service.courier.take(self._parcel(listener, note), delay)

    def _open_queue(self, arn: str) -> Queue | None:
        """The queue, when there is one and its policy lets this topic in; else it is dropped."""
        queue = self._service.queue(arn)
        if queue is not None and allows(
            queue.attributes.get("Policy", ""),
            service="sns.amazonaws.com",
            action="sqs:SendMessage",
            resource=arn,
            context=(("aws:SourceArn", self.arn),),
        ):
            return queue
        return None

    def envelope(self, note: Notification, to: Subscription | None = None, arn: str = "") -> str:
        """A notification as subscribers get it."""
        version = to.signature_version if to else self.attributes["SignatureVersion"]
        post = {
            "Type": "Notification",
            "MessageId": note.id,
            "TopicArn": self.arn,
            "Subject": _SUBJECT,
            "Message": note.text(),
            "Timestamp": stamp(note.at),
            "UnsubscribeURL": self._action("Unsubscribe", SubscriptionArn=to.arn if to else arn),
        }
        if to is None and not self.signed:
            return json.dumps(post)
        return self._sealed(post, version, to.certificate_url if to else "")

    def _sealed(self, post: dict[str, str], version: str, certificate_url: str) -> str:
        signer = self._service.signer
        seal = {
            "SignatureVersion": version,
            "Signature": signer.sign(post, version),
            "SigningCertURL": certificate_url or self._service.url() + signer.path,
        }
        return json.dumps({**post, **seal})

    def _parcel(self, to: Subscription, note: Notification) -> Parcel:
        body = partial(self.envelope, note, to)
        return Parcel(to.endpoint, "Notification", note.id, self.arn, to.arn, body)

    def _action(self, name: str, **arguments: str) -> str:
        return f"{self._service.url()}/sns/?{urlencode({'Action': name, **arguments})}"

    def subscribe(
        self, endpoint: str, version: str = "", certificate_url: str = ""
    ) -> Subscription:
        """Ask an endpoint to confirm. Nothing is published to it before it does."""
        version = version or self.attributes["SignatureVersion"]
        made = Subscription(endpoint, version, certificate_url, self._fresh_arn())
        with self._lock:
            self._subscriptions[made.token] = made
        post = {
            "Type": "SubscriptionConfirmation",
            "MessageId": str(uuid.uuid4()),
            "Token": made.token,
            "TopicArn": self.arn,
            "Message": f"You have chosen to subscribe to the topic {self.arn}.\n"
            "To confirm the subscription, visit the SubscribeURL included in this message.",
            "SubscribeURL": self._action(
                "ConfirmSubscription", TopicArn=self.arn, Token=made.token
            ),
            "Timestamp": stamp(self._service.clock()),
        }
        body = self._sealed(post, version, certificate_url)
        kind, number = post["Type"], post["MessageId"]
        parcel = Parcel(endpoint, kind, number, self.arn, made.arn, lambda: body)
        self._service.courier.take(parcel, 0)
        return made

    def subscribe_queue(self, queue_arn: str, *, raw: bool) -> QueueSubscription:
        """A queue of the same account needs no confirmation."""
        made = QueueSubscription(self._fresh_arn(), queue_arn, raw)
        with self._lock:
            self._queues[made.arn] = made
        return made

    def _fresh_arn(self) -> str:
        return f"{self.arn}:{uuid.uuid4()}"

    def subscriptions(self) -> list[Subscription]:
        """Those by HTTP."""
        return list(self._subscriptions.values())

    def queue_subscriptions(self) -> list[QueueSubscription]:
        return list(self._queues.values())

    def confirm(self, token: str) -> Subscription | None:
        """The subscription that is confirmed by *token*; None when there is none."""
        found = self._subscriptions.get(token)
        if found is not None:
            found.confirmed = True
        return found

    def unsubscribe(self, arn: str) -> None:
        with self._lock:
            self._queues.pop(arn, None)
            for token, listener in list(self._subscriptions.items()):
                if listener.arn == arn:
                    del self._subscriptions[token]

"""SNS posts: their signatures, the handshake, and the retries."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from service.sandbox import Sandbox

from .people import ask, simple, until

KEYS = {
    "Notification": "Message MessageId Subject Timestamp TopicArn Type",
    "SubscriptionConfirmation": "Message MessageId SubscribeURL Timestamp Token TopicArn Type",
}
HASHES = {"1": hashes.SHA1, "2": hashes.SHA256}


class Subscriber:
    """An endpoint that keeps what is posted to it, and answers as it is told."""

    def __init__(self) -> None:
        self.posts: list[dict[str, str]] = []
        self.kinds: list[str | None] = []
        self.answers: list[int] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.posts.append(json.loads(body))
                outer.kinds.append(self.headers["x-amz-sns-message-type"])
                self.send_response(outer.answers.pop(0) if outer.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks/ses"
        self.thread = Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def events(self) -> list[str]:
        kinds = [p for p in self.posts if p["Type"] == "Notification"]
        return [json.loads(p["Message"])["eventType"] for p in kinds]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def subscriber() -> Iterator[Subscriber]:
    running = Subscriber()
    yield running
    running.close()


def verify(sandbox: Sandbox, post: dict[str, str]) -> None:
    """Raise InvalidSignature unless the served certificate made the signature."""
    certificate = ask(sandbox.url, urlsplit(post["SigningCertURL"]).path).body
    key = x509.load_pem_x509_certificate(certificate).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    text = "".join(f"{k}\n{post[k]}\n" for k in KEYS[post["Type"]].split() if k in post)
    signature = base64.b64decode(post["Signature"])
    digest = HASHES[post["SignatureVersion"]]()
    key.verify(signature, text.encode(), padding.PKCS1v15(), digest)


def subscribe(sandbox: Sandbox, subscriber: Subscriber, version: str) -> dict[str, str]:
    """Subscribe, wait for the confirmation's post and confirm it."""
    wanted = {"endpoint": subscriber.url, "signature_version": version}
    assert ask(sandbox.url, "/control/sns/subscribe", wanted).status == 201
    post = until(lambda: subscriber.posts[:1], "the confirmation")[0]
    address = urlsplit(post["SubscribeURL"])
    assert ask(sandbox.url, f"{address.path}?{address.query}").status == 200
    return post


@pytest.mark.parametrize("version", ["1", "2"])
def test_it_signs_what_it_posts(
    sandbox: Sandbox, ses: Any, subscriber: Subscriber, version: str
) -> None:
    subscribe(sandbox, subscriber, version)
    ses.send_email(**simple("ada@mail.example"))
    until(lambda: len(subscriber.posts) == 3, "two events")
    assert subscriber.kinds == ["SubscriptionConfirmation", "Notification", "Notification"]
    assert subscriber.events() == ["Send", "Delivery"]
    for post in subscriber.posts:
        assert post["SignatureVersion"] == version
        verify(sandbox, post)
        with pytest.raises(InvalidSignature):
            verify(sandbox, {**post, "Message": post["Message"] + " "})


def test_it_signs_what_it_puts_on_the_queue(sandbox: Sandbox, ses: Any, sqs: Any) -> None:
    ses.send_email(**simple("ada@mail.example"))
    [message] = sqs.receive_message(QueueUrl=sandbox.queue_url)["Messages"]
    post = json.loads(message["Body"])
    assert post["TopicArn"] == "arn:aws:sns:us-east-1:000000000000:broadsheet-events"
    verify(sandbox, post)


def test_it_publishes_nothing_before_the_subscription_is_confirmed(
    sandbox: Sandbox, ses: Any, subscriber: Subscriber
) -> None:
    wanted = {"endpoint": subscriber.url}
    ask(sandbox.url, "/control/sns/subscribe", wanted)
    until(lambda: subscriber.posts, "the confirmation")
    ses.send_email(**simple("early@mail.example"))
    subscribe(sandbox, subscriber, "2")
    ses.send_email(**simple("late@mail.example"))
    until(lambda: len(subscriber.events()) == 2, "two events")
    notes = [p for p in subscriber.posts if p["Type"] == "Notification"]
    sent_to = {json.loads(p["Message"])["mail"]["destination"][0] for p in notes}
    assert sent_to == {"late@mail.example"}


def test_it_tries_again_when_the_subscriber_fails(
    sandbox: Sandbox, ses: Any, subscriber: Subscriber
) -> None:
    subscribe(sandbox, subscriber, "2")
    subscriber.answers = [500, 503]
    call = simple("ada@mail.example")
    ses.send_email(**call)
    until(lambda: len(subscriber.events()) == 4, "two events and two retries")
    ids = [p["MessageId"] for p in subscriber.posts if p["Type"] == "Notification"]
    assert len(set(ids)) == 2


def test_it_stops_posting_to_who_unsubscribed(
    sandbox: Sandbox, ses: Any, subscriber: Subscriber
) -> None:
    subscribe(sandbox, subscriber, "1")
    ses.send_email(**simple("ada@mail.example"))
    until(lambda: len(subscriber.posts) == 3, "two events")
    address = urlsplit(subscriber.posts[1]["UnsubscribeURL"])
    ask(sandbox.url, f"{address.path}?{address.query}")
    assert ask(sandbox.url, "/control/sns").json()["subscriptions"] == []


def test_it_names_another_address_for_the_certificate_when_asked(
    sandbox: Sandbox, subscriber: Subscriber
) -> None:
    elsewhere = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem"
    wanted = {"endpoint": subscriber.url, "signing_cert_url": elsewhere}
    ask(sandbox.url, "/control/sns/subscribe", wanted)
    post = until(lambda: subscriber.posts, "the confirmation")[0]
    assert post["SigningCertURL"] == elsewhere


@pytest.mark.parametrize(
    "wanted", [{}, {"endpoint": "ftp://x"}, {"endpoint": "http://x", "signature_version": "3"}]
)
def test_it_says_what_is_wrong_with_a_subscription(
    sandbox: Sandbox, wanted: dict[str, str], connect: Callable[[str, str], Any]
) -> None:
    answer = ask(sandbox.url, "/control/sns/subscribe", wanted)
    assert answer.status == 400
    assert "endpoint" in answer.json()["message"]

"""A post of SNS is believed only when a topic of ours signed it a short time ago."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from service.events.sns import Fetch, Post, Refused, prove
from tests.events.posts import (
    CERTIFICATE_URL,
    NOW,
    SUBSCRIBE_URL,
    TOPIC,
    certificate,
    certificate_of,
    confirmation,
    notification,
    signed,
)

AT = datetime.fromisoformat(notification()["Timestamp"])


def fetch(url: str) -> bytes:
    assert url == CERTIFICATE_URL
    return certificate()


def nothing_is_fetched(url: str) -> bytes:
    raise AssertionError(f"{url} was fetched before the post was proved")


def read(
    body: bytes,
    *,
    fetch: Fetch = fetch,
    now: datetime = NOW,
    topics: frozenset[str] = frozenset({TOPIC, "another"}),
    extra_endpoint: str | None = None,
) -> Post:
    return prove(body, topics=topics, now=now, fetch=fetch, extra_endpoint=extra_endpoint)


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("subject", ["Amazon SES", None])
def test_it_takes_a_notification(version: str, subject: str | None) -> None:
    body = signed(notification('{"eventType": "Send"}\nü', Subject=subject), version)
    assert read(body) == Post("Notification", '{"eventType": "Send"}\nü', None)


@pytest.mark.parametrize("version", ["1", "2"])
def test_it_takes_a_request_to_confirm(version: str) -> None:
    post = read(signed(confirmation(), version))
    assert (post.kind, post.subscribe_url) == ("SubscriptionConfirmation", SUBSCRIBE_URL)


def test_it_takes_word_of_a_subscription_that_ended() -> None:
    post = read(signed(confirmation(Type="UnsubscribeConfirmation")))
    assert post.kind == "UnsubscribeConfirmation"


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize(
    "field", ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
)
def test_it_refuses_what_was_changed_after_it_was_signed(version: str, field: str) -> None:
    post = json.loads(signed(notification(), version))
    other = {
        "Timestamp": "2026-11-20T06:59:31.123Z",
        "TopicArn": "another",
        "Type": "UnsubscribeConfirmation",
    }
    post[field] = other.get(field, post[field] + " ")
    post |= {"Token": "t", "SubscribeURL": SUBSCRIBE_URL}
    with pytest.raises(Refused, match="signature does not match"):
        read(json.dumps(post).encode())


@pytest.mark.parametrize("signature", ["", "AAAA", "not base64!"])
def test_it_refuses_a_forged_signature(signature: str) -> None:
    post = {**json.loads(signed(notification())), "Signature": signature}
    with pytest.raises(Refused, match="signature"):
        read(json.dumps(post).encode())


def test_it_refuses_the_signature_of_another_key() -> None:
    theirs = certificate_of(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    with pytest.raises(Refused, match="signature does not match"):
        read(signed(notification()), fetch=lambda _: theirs)


@pytest.mark.parametrize(
    "given",
    [b"", b"<html>not found</html>", certificate_of(ec.generate_private_key(ec.SECP256R1()))],
)
def test_it_refuses_what_is_no_certificate_of_sns(given: bytes) -> None:
    with pytest.raises(Refused, match="certificate"):
        read(signed(notification()), fetch=lambda _: given)


@pytest.mark.parametrize("version", ["", "0", "3"])
def test_it_refuses_a_way_of_signing_that_it_does_not_know(version: str) -> None:
    post = {**json.loads(signed(notification())), "SignatureVersion": version}
    with pytest.raises(Refused, match="SignatureVersion"):
        read(json.dumps(post).encode())


@pytest.mark.parametrize(
    "post",
    [
        signed(notification(TopicArn="arn:aws:sns:us-east-1:666666666666:broadsheet-events")),
        signed(confirmation(TopicArn="arn:aws:sns:us-east-1:666666666666:broadsheet-events")),
        signed(notification(TopicArn="")),
        signed(notification(TopicArn=None)),
    ],
)
def test_it_refuses_another_topic_before_anything_is_fetched(post: bytes) -> None:
    with pytest.raises(Refused, match="BROADSHEET_SNS_TOPIC_ARNS"):
        read(post, fetch=nothing_is_fetched)


def test_it_takes_no_topic_when_none_is_set() -> None:
    with pytest.raises(Refused, match="BROADSHEET_SNS_TOPIC_ARNS"):
        read(signed(notification(TopicArn="")), topics=frozenset(), fetch=nothing_is_fetched)


FOREIGN = [
    "https://evil.example/cert.pem",
    "http://sns.us-east-1.amazonaws.com/cert.pem",
    "https://sns.us-east-1.amazonaws.com.evil.example/cert.pem",
    "https://evil.example/sns.us-east-1.amazonaws.com/cert.pem",
    "https://sns.us-east-1.amazonaws.com@evil.example/cert.pem",
    "https://user@sns.us-east-1.amazonaws.com/cert.pem",
    "https://user:pass@sns.us-east-1.amazonaws.com/cert.pem",
    "https://sns.us-east-1.amazonaws.com:8443/cert.pem",
    "https://sns.us-east-1.amazonaws.com:x/cert.pem",
    "https://sns.evil.example#.amazonaws.com/cert.pem",
    "https://sns.a.b.amazonaws.com/cert.pem",
    "https://evilsns.us-east-1.amazonaws.com/cert.pem",
    "https://sns-us-east-1-amazonaws.com/cert.pem",
    "https://snsxus-east-1xamazonaws.com/cert.pem",
    "https://s3.us-east-1.amazonaws.com/cert.pem",
    "https://sns.us-east-1.amazonaws.com.cn.evil/cert.pem",
    "https://sns.us-\u0435ast-1.amazonaws.com/cert.pem",  # a Cyrillic letter
    "https://[sns.us-east-1.amazonaws.com/cert.pem",
    "https://[::1]/cert.pem",
    "https://127.0.0.1/cert.pem",
    "https://sns.us-east-1.amazonaws.com\\@evil.example/cert.pem",
    "https://sns.us-east-1.amazonaws.com/cert\r\n.pem",
    "https://sns.us-east-1.amazonaws.com/" + "x" * 70_000 + ".pem",
    "file:///etc/ssl/cert.pem",
    "//sns.us-east-1.amazonaws.com/cert.pem",
    "",
]


@pytest.mark.parametrize("url", FOREIGN, ids=lambda url: url[:60])
def test_it_fetches_no_certificate_from_elsewhere(url: str) -> None:
    with pytest.raises(Refused, match="not a URL of Amazon SNS"):
        read(signed(notification(), url=url), fetch=nothing_is_fetched)


def test_it_takes_only_a_pem_file_for_a_certificate() -> None:
    with pytest.raises(Refused, match="not a URL of Amazon SNS"):
        read(signed(notification(), url=SUBSCRIBE_URL), fetch=nothing_is_fetched)


@pytest.mark.parametrize(
    "host", ["sns.eu-central-1.amazonaws.com", "sns.cn-north-1.amazonaws.com.cn"]
)
def test_it_takes_a_certificate_from_every_region(host: str) -> None:
    body = signed(notification(), url=f"https://{host}/cert.pem")
    assert read(body, fetch=lambda _: certificate()).kind == "Notification"


@pytest.mark.parametrize("url", [u for u in FOREIGN if u], ids=lambda url: url[:60])
def test_it_gives_nobody_else_to_visit_as_a_confirmation(url: str) -> None:
    """Signed validly even so: the host rule holds by itself."""
    with pytest.raises(Refused, match="not a URL of Amazon SNS"):
        read(signed(confirmation(SubscribeURL=url)))


def test_it_takes_the_urls_of_a_stand_in_only_when_one_is_set() -> None:
    url = "http://127.0.0.1:4566/sns/cert.pem"
    body = signed(notification(), url=url)
    with pytest.raises(Refused):
        read(body, fetch=nothing_is_fetched)
    assert read(body, fetch=lambda _: certificate(), extra_endpoint="http://127.0.0.1:4566/")
    lookalike = signed(notification(), url="http://127.0.0.1:45660/sns/cert.pem")
    with pytest.raises(Refused):
        read(lookalike, fetch=nothing_is_fetched, extra_endpoint="http://127.0.0.1:4566")


@pytest.mark.parametrize("timestamp", ["", "yesterday", "2026-11-20", "2026-11-20T07:00:00"])
def test_it_refuses_a_time_that_it_cannot_read(timestamp: str) -> None:
    with pytest.raises(Refused, match="Timestamp"):
        read(signed(notification(Timestamp=timestamp)), fetch=nothing_is_fetched)


@pytest.mark.parametrize(
    "at", [AT + timedelta(hours=2, seconds=1), AT - timedelta(minutes=15, seconds=1)]
)
@pytest.mark.parametrize("post", [notification(), confirmation()], ids=["event", "confirmation"])
def test_it_refuses_a_post_that_is_played_back(at: datetime, post: dict[str, str]) -> None:
    with pytest.raises(Refused, match="of our clock"):
        read(signed(post), now=at, fetch=nothing_is_fetched)


@pytest.mark.parametrize("at", [AT + timedelta(hours=2), AT - timedelta(minutes=15)])
def test_it_takes_a_post_that_was_tried_for_an_hour_by_a_clock_that_is_off(at: datetime) -> None:
    assert read(signed(notification()), now=at).kind == "Notification"


@pytest.mark.parametrize("kind", ["", "Publish", "notification"])
def test_it_refuses_a_type_that_it_does_not_know(kind: str) -> None:
    with pytest.raises(Refused, match="unknown Type"):
        read(signed(notification(Type=kind)), fetch=nothing_is_fetched)


@pytest.mark.parametrize("field", ["Message", "MessageId", "Timestamp"])
def test_it_refuses_a_post_whose_fields_are_run_together(field: str) -> None:
    """Fields are signed as lines, so a field left out could stand inside the one before it."""
    post = notification()
    del post[field]
    with pytest.raises(Refused, match=f"it has no {field}"):
        read(signed(post), fetch=nothing_is_fetched)


@pytest.mark.parametrize(
    "body", [b"", b"hello", b"[]", b"null", b"\xff\xfe{", b"{" * 10, b"[" * 100_000, b"1" * 5000]
)
def test_it_refuses_what_is_not_json(body: bytes) -> None:
    with pytest.raises(Refused, match="not"):
        read(body, fetch=nothing_is_fetched)


FIELDS = [
    *("Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp", "SubscribeURL", "Token"),
    *("Signature", "SignatureVersion", "SigningCertURL"),
]
values = st.none() | st.integers() | st.text() | st.sampled_from(["\ud800", "https://[", TOPIC])


@given(st.dictionaries(st.sampled_from(FIELDS), values), st.booleans())
def test_it_raises_nothing_else_whatever_the_post(fields: dict[str, object], sound: bool) -> None:
    """On top of a post that is sound but for these fields, or of nothing."""
    post = {**(json.loads(signed(notification())) if sound else {}), **fields}
    try:
        read(json.dumps(post).encode())
    except Refused:
        return
    untouched = json.loads(signed(notification()))
    signed_fields = set(FIELDS) - {"SubscribeURL", "Token"}
    assert {name: post[name] for name in signed_fields} == {
        name: untouched[name] for name in signed_fields
    }

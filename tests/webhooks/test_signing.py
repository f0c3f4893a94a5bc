from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from service.webhooks.signing import headers, new_secret, signature

# The example of the specification (standardwebhooks.com, "Signature scheme").
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
IDENTITY = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = datetime.fromtimestamp(1614265330, UTC)
BODY = b'{"test": 2432232314}'


def test_it_signs_as_the_specification_does() -> None:
    assert signature(SECRET, IDENTITY, AT, BODY) == (
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


def test_it_sends_the_three_headers() -> None:
    assert headers(SECRET, IDENTITY, AT, BODY) == {
        "webhook-id": IDENTITY,
        "webhook-timestamp": "1614265330",
        "webhook-signature": signature(SECRET, IDENTITY, AT, BODY),
    }


def test_it_makes_secrets_that_nobody_guesses() -> None:
    made = {new_secret() for _ in range(20)}
    assert len(made) == 20
    assert all(len(base64.b64decode(one.removeprefix("whsec_"))) == 32 for one in made)


@given(st.binary(max_size=200), st.text("abc_0", min_size=1, max_size=20))
def test_it_signs_the_id_the_time_and_the_body(body: bytes, identity: str) -> None:
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signed = f"{identity}.1614265330.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert signature(SECRET, identity, AT, body) == f"v1,{expected}"

"""Every error that SES can give has a meaning here; botocore's own model is the list."""

from __future__ import annotations

import boto3
import pytest
from botocore.model import ServiceModel
from botocore.retries.standard import ThrottledRetryableChecker

from service.delivery.transports import Verdict
from service.delivery.transports.ses_errors import CALL, ENTRY, of_call, of_entry

SENDER = "The Report <report@news.example.org>"
NOT_VERIFIED = (
    "Email address is not verified. The following identities failed the check in region US-EAST-1:"
)


@pytest.fixture(scope="module")
def model() -> ServiceModel:
    client = boto3.client(
        "sesv2", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    found: ServiceModel = client.meta.service_model
    client.close()
    return found


def test_it_knows_every_status_of_an_entry(model: ServiceModel) -> None:
    assert set(model.shape_for("BulkEmailStatus").enum) == set(ENTRY)


def test_it_knows_every_error_of_the_sending_calls(model: ServiceModel) -> None:
    errors = {
        shape.name
        for operation in ("SendEmail", "SendBulkEmail")
        for shape in model.operation_model(operation).error_shapes
    }
    assert errors == set(CALL)


@pytest.mark.parametrize(
    ("code", "message", "status", "expected"),
    [
        ("TooManyRequestsException", "Maximum sending rate exceeded.", 429, Verdict.LATER),
        ("TooManyRequestsException", "Daily message quota exceeded.", 429, Verdict.PARK),
        ("AccountSuspendedException", "Suspended", 400, Verdict.HALT),
        ("MessageRejected", "Email address is not verified.", 400, Verdict.HALT),
        ("MessageRejected", f"{NOT_VERIFIED} ada@example.org", 400, Verdict.REJECTED),
        ("MessageRejected", f"{NOT_VERIFIED} R <report@NEWS.example.org>", 400, Verdict.HALT),
        ("MessageRejected", f"{NOT_VERIFIED} ada@example.org, ...", 400, Verdict.HALT),
        ("MessageRejected", "Sending suspended for this content", 400, Verdict.REJECTED),
        ("ThrottlingException", "Rate exceeded", 400, Verdict.LATER),
        ("Throttling", "Maximum sending rate exceeded.", 400, Verdict.LATER),
        ("RequestExpired", "The date stamp is too old", 400, Verdict.HALT),
        ("AccessDeniedException", "no", 403, Verdict.HALT),
        ("InternalServiceError", "oops", 500, Verdict.UNKNOWN),
        ("SomethingNew", "?", 400, Verdict.UNKNOWN),
        ("MessageRejected", "a 5xx tells nothing", 503, Verdict.UNKNOWN),
    ],
)
def test_it_says_what_a_refused_call_means(
    code: str, message: str, status: int, expected: Verdict
) -> None:
    outcome = of_call(code, message, status, sender=SENDER)
    assert outcome.verdict is expected
    assert message in (outcome.reason or "")


def test_it_slows_down_for_every_error_by_which_aws_throttles() -> None:
    documented = {"TooManyRequestsException", "ThrottlingException", "Throttling"}
    assert documented <= set(ThrottledRetryableChecker._THROTTLED_ERROR_CODES)
    assert all(of_call(code, "Rate exceeded", 400).throttled for code in documented)


def test_it_halts_for_a_sender_that_is_not_verified_and_not_for_a_reader() -> None:
    said = f"{NOT_VERIFIED} report@news.example.org"
    assert of_entry("MESSAGE_REJECTED", None, said, sender=SENDER).verdict is Verdict.HALT
    said = f"{NOT_VERIFIED} ada@example.org"
    assert of_entry("MESSAGE_REJECTED", None, said, sender=SENDER).verdict is Verdict.REJECTED


def test_it_calls_a_status_that_it_does_not_know_unknown() -> None:
    assert of_entry("NEW_IN_2027", None, None).verdict is Verdict.UNKNOWN


def test_it_says_what_to_do_about_a_halt() -> None:
    reason = of_entry("MAIL_FROM_DOMAIN_NOT_VERIFIED", None, "example.org").reason
    assert reason is not None
    assert "Verify the sender's domain" in reason

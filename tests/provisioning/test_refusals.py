"""What AWS refuses, as a sentence for the operator."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from service.provisioning.aws import Refused, refusals


def refused(
    code: str, status: int, service: str = "sns", operation: str = "CreateTopic"
) -> Refused:
    answer = {
        "Error": {"Code": code, "Message": "As AWS says it"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    with pytest.raises(Refused) as caught, refusals(service, operation):
        raise ClientError(answer, operation)
    return caught.value


@pytest.mark.parametrize(
    ("code", "service", "operation", "permission"),
    [
        ("AuthorizationError", "sns", "CreateTopic", "sns:CreateTopic"),
        ("AccessDenied", "sqs", "CreateQueue", "sqs:CreateQueue"),
        ("AccessDeniedException", "sesv2", "GetAccount", "ses:GetAccount"),
    ],
)
def test_it_names_the_permission(code: str, service: str, operation: str, permission: str) -> None:
    error = refused(code, 403, service, operation)
    assert f"these keys lack the permission {permission}." in str(error)
    assert error.certain


@pytest.mark.parametrize(
    ("code", "status", "told", "certain"),
    [
        ("InvalidClientTokenId", 403, "does not take these keys", True),
        ("SignatureDoesNotMatch", 403, "Check them and the clock", True),
        ("InvalidParameter", 400, "SNS refused CreateTopic (InvalidParameter: As AWS", True),
        ("Throttling", 429, "As AWS says it", False),
        ("InternalFailure", 500, "As AWS says it", False),
    ],
)
def test_it_says_what_aws_said(code: str, status: int, told: str, *, certain: bool) -> None:
    error = refused(code, status)
    assert told in str(error)
    assert error.certain is certain


@pytest.mark.parametrize(
    ("raised", "told", "certain"),
    [
        (NoCredentialsError(), "Set AWS_ACCESS_KEY_ID", True),
        (EndpointConnectionError(endpoint_url="https://x"), "gave no answer to Publish", False),
    ],
)
def test_it_tells_no_keys_from_no_answer(raised: Exception, told: str, *, certain: bool) -> None:
    with pytest.raises(Refused, match=told) as caught, refusals("sns", "Publish"):
        raise raised
    assert caught.value.certain is certain

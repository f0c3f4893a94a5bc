"""Our requests against botocore's own model, which the transport does not ask at every call."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.serialize import create_serializer
from botocore.validate import ParamValidator

from service.delivery.transports import Recipient, Shipment
from service.delivery.transports.ses import SesTransport
from service.message.mail import Mail
from service.message.slots import mark

NONCE = "n0nce"
MODEL = boto3.client("sesv2", region_name="us-east-1").meta.service_model


@pytest.fixture
def transport() -> Iterator[SesTransport]:
    made = SesTransport(mode="bulk", configuration_set="c", timeout=5, region="us-east-1")
    yield made
    made.close()


def shipment(*, html: bool = True) -> Shipment:
    link = mark(NONCE, "unsubscribeUrl")
    return Shipment(
        mail=Mail.of(
            NONCE, "Größe {{1}}", f"<a href='{link}'>∑</a>" if html else None, f"⟶ {link}"
        ),
        sender="The Report <report@news.example.org>",
        reply_to="desk@news.example.org",
        headers={"List-Id": "<report.news.example.org>", "Feedback-ID": "1:report:site:x"},
        tags={"site": "s", "issue": "1"},
    )


def recipient(number: int) -> Recipient:
    link = f"https://news.example.org/unsubscribe/{number}"
    return Recipient(
        address=f'"a\\"b{number}"@example.org',
        values={"unsubscribeUrl": link},
        headers={"List-Unsubscribe": f"<{link}>"},
        tags={"delivery": str(number), "attempt": "1"},
    )


def complaints(operation: str, request: dict[str, Any]) -> str:
    shape = MODEL.operation_model(operation).input_shape
    assert shape is not None
    report: str = ParamValidator().validate(request, shape).generate_report()
    return report


@pytest.mark.parametrize("html", [True, False])
def test_it_sends_as_the_body_of_a_bulk_call_what_botocore_would_have_made(
    transport: SesTransport, *, html: bool
) -> None:
    request = transport._bulk_request(shipment(html=html), [recipient(1), recipient(2)])
    assert complaints("SendBulkEmail", request) == ""
    serializer = create_serializer("rest-json")
    theirs = serializer.serialize_to_request(request, MODEL.operation_model("SendBulkEmail"))
    assert json.loads(json.dumps(request)) == json.loads(theirs["body"])


def test_it_names_nothing_in_a_single_call_that_the_model_does_not_know(
    transport: SesTransport,
) -> None:
    request = transport._single_request(shipment(), recipient(1))
    assert complaints("SendEmail", request) == ""


def test_it_would_see_a_name_that_the_model_does_not_know(transport: SesTransport) -> None:
    request = transport._bulk_request(shipment(), [recipient(1)])
    request["BulkEmailEntries"][0]["ReplacementHeader"] = []
    assert "ReplacementHeader" in complaints("SendBulkEmail", request)

"""Amazon SES through boto3: bulk calls of up to 50, or one call a recipient.

The SDK's own retries are off: one lost answer in its default mode is three POSTs, so fifty messages
sent three times. What a lost answer means is decided by us, from SES's events.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any, Literal

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProxyConnectionError,
)

from service.delivery.transports import (
    Account,
    AccountRefused,
    AccountUnavailable,
    Outcome,
    Recipient,
    Shipment,
    Verdict,
    making,
    ses_errors,
)
from service.delivery.transports.serial import one_by_one
from service.message.mail import Mail
from service.message.ses_template import DEFAULTS, SesTemplate

BULK_MAX = 50  # SendBulkEmail, "BulkEmailEntries": at most 50; the SDK does not check it
CONNECT_TIMEOUT = 5

NEVER_CONNECTED = (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError)
"""No connection came about, so SES has nothing of it."""

NEVER_CALLED = (NoCredentialsError, PartialCredentialsError, NoRegionError, ParamValidationError)
"""boto3 refused before it called: our settings or our request are wrong."""


EMPTY: Mapping[str, Any] = {"DefaultContent": {}, "BulkEmailEntries": []}
"""A bulk call whose body is put in afterwards."""


class Prepared(threading.local):
    """The body of the call that this thread is about to make; several are under way at a time."""

    body: bytes


class SesTransport:
    """``mode`` is ``bulk``, or ``single`` for accounts whose bulk calls are limited."""

    def __init__(
        self,
        *,
        mode: Literal["bulk", "single"],
        configuration_set: str,
        timeout: float,
        region: str | None,
        connections: int = 8,
    ) -> None:
        self.max_recipients = BULK_MAX
        self._mode = mode
        self._configuration_set = configuration_set
        self._prepared = Prepared()
        self._proved: Mail | None = None
        """SES took this mail for someone, in single mode."""
        self._client = boto3.client(
            "sesv2",
            region_name=region,
            config=Config(
                retries={"total_max_attempts": 1, "mode": "standard"},
                connect_timeout=CONNECT_TIMEOUT,
                read_timeout=timeout,
                max_pool_connections=connections,
                # A third of a call's cost; tests hold our requests against botocore's own model.
                parameter_validation=False,
            ),
        )
        self._client.meta.events.register("before-call.sesv2.SendBulkEmail", self._insert_body)

    def _insert_body(self, params: dict[str, Any], **_: object) -> None:
        """Put our own JSON into a bulk call, in place of what botocore made of :data:`EMPTY`.

        botocore's serialiser walks through every header of every entry in Python, which takes as
        long as all the rest of the call. A test holds the two to be equal.
        """
        params["body"] = self._prepared.body

    def send(self, shipment: Shipment, recipients: Sequence[Recipient]) -> list[Outcome]:
        """See :class:`service.delivery.transports.Transport`."""
        if self._mode == "bulk":
            return self._bulk(shipment, recipients)
        with making():
            requests = [self._single_request(shipment, recipient) for recipient in recipients]
        outcomes = one_by_one(requests, partial(self._single, shipment.mail))
        if shipment.mail != self._proved:
            return outcomes
        # SES took the same for others: it is a reader's address that it cannot stand.
        return [
            replace(outcome, verdict=Verdict.REJECTED) if outcome.invalid else outcome
            for outcome in outcomes
        ]

    def account(self) -> Account:
        """GetAccount: ``SendQuota`` counts recipients, in this region. -1 is without limit."""
        try:
            found = self._client.get_account()
        except NEVER_CALLED as error:
            raise AccountRefused(f"SES was not called: {error}. {ses_errors.NO_KEYS}") from error
        except ClientError as error:
            told = error.response.get("Error", {})
            refused = ses_errors.refusal(told.get("Code", ""), told.get("Message", ""))
            if refused:
                raise AccountRefused(refused) from error
            raise AccountUnavailable(f"SES did not tell the account's limits: {error}") from error
        except BotoCoreError as error:
            raise AccountUnavailable(f"SES did not tell the account's limits: {error}") from error
        quota = found.get("SendQuota", {})
        if "MaxSendRate" not in quota:
            raise AccountUnavailable("SES's answer holds no sending rate: is it SES's?")
        daily = quota.get("Max24HourSend")
        return Account(
            max_rate=quota["MaxSendRate"],
            max_24_hours=None if daily in (None, -1) else daily,
            sent_24_hours=quota.get("SentLast24Hours", 0.0),
            sending_enabled=bool(found.get("SendingEnabled", False)),
            note=str(found.get("EnforcementStatus", "")),
        )

    def close(self) -> None:
        self._client.close()

    def _bulk(self, shipment: Shipment, recipients: Sequence[Recipient]) -> list[Outcome]:
        with making():
            request = self._bulk_request(shipment, recipients)
        self._prepared.body = json.dumps(request).encode()
        answer = self._call(self._client.send_bulk_email, EMPTY, shipment.sender)
        if isinstance(answer, Outcome):
            return [answer] * len(recipients)
        results = answer.get("BulkEmailEntryResults", [])
        if len(results) != len(recipients):
            reason = f"SES answered for {len(results)} of {len(recipients)} recipients."
            return [Outcome(Verdict.UNKNOWN, reason=reason)] * len(recipients)
        return [
            ses_errors.of_entry(
                result.get("Status", ""),
                result.get("MessageId"),
                result.get("Error"),
                sender=shipment.sender,
            )
            for result in results
        ]

    def _bulk_request(self, shipment: Shipment, recipients: Sequence[Recipient]) -> dict[str, Any]:
        template = _template_of(shipment.mail)
        return {
            "DefaultContent": {
                "Template": {
                    "TemplateContent": _template_content(template),
                    "TemplateData": json.dumps(dict(DEFAULTS)),
                    "Headers": _headers(_ours(shipment.headers)),
                }
            },
            "DefaultEmailTags": _tags({**shipment.tags, **_feedback_tags(shipment.headers)}),
            "BulkEmailEntries": [_entry(template, recipient) for recipient in recipients],
            **self._envelope(shipment),
        }

    def _single(self, mail: Mail, request: Mapping[str, Any]) -> Outcome:
        answer = self._call(self._client.send_email, request, request["FromEmailAddress"])
        if isinstance(answer, Outcome):
            return answer
        if not answer.get("MessageId"):  # a proxy's page has status 200 too
            return Outcome(Verdict.UNKNOWN, reason="The answer names no message: is it SES's?")
        self._proved = mail
        return Outcome(Verdict.ACCEPTED, message_id=answer["MessageId"])

    def _single_request(self, shipment: Shipment, recipient: Recipient) -> dict[str, Any]:
        mail = shipment.mail.fill(recipient.values)
        body = {"Text": _content(mail.text)}
        if mail.html is not None:
            body["Html"] = _content(mail.html)
        return {
            "Destination": {"ToAddresses": [recipient.address]},
            "Content": {
                "Simple": {
                    "Subject": _content(mail.subject),
                    "Body": body,
                    "Headers": _headers(_ours({**shipment.headers, **recipient.headers})),
                }
            },
            "EmailTags": _tags(
                {**shipment.tags, **recipient.tags, **_feedback_tags(shipment.headers)}
            ),
            **self._envelope(shipment),
        }

    def _envelope(self, shipment: Shipment) -> dict[str, Any]:
        found: dict[str, Any] = {"FromEmailAddress": shipment.sender}
        if shipment.reply_to:
            found["ReplyToAddresses"] = [shipment.reply_to]
        if self._configuration_set:
            found["ConfigurationSetName"] = self._configuration_set
        return found

    @staticmethod
    def _call(operation: Any, request: Mapping[str, Any], sender: str) -> dict[str, Any] | Outcome:
        """SES's answer, or the outcome that the lack of one means for every recipient."""
        try:
            answer: dict[str, Any] = operation(**request)
        except ClientError as error:
            told = error.response
            return ses_errors.of_call(
                told.get("Error", {}).get("Code", ""),
                told.get("Error", {}).get("Message", ""),
                told.get("ResponseMetadata", {}).get("HTTPStatusCode", 0),
                sender=sender,
            )
        except NEVER_CALLED as error:
            return Outcome(Verdict.HALT, reason=f"SES was not called: {error}")
        except BotoCoreError as error:
            if isinstance(error, NEVER_CONNECTED) or _not_trusted(error):
                return Outcome(Verdict.LATER, reason=f"SES could not be reached: {error}")
            return Outcome(Verdict.UNKNOWN, reason=f"SES gave no answer: {error}")
        return answer


def _not_trusted(error: BaseException | None) -> bool:
    """Whether the certificate was refused: the one error of TLS that surely precedes a request.

    Any other may be about the answer, to a call that SES has taken.
    """
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error is not None


@lru_cache(maxsize=16)
def _template_of(mail: Mail) -> SesTemplate:
    """Made once for all chunks of a rendering; several are in flight at a time."""
    return SesTemplate.of(mail)


def _template_content(template: SesTemplate) -> dict[str, str]:
    parts = {"Subject": template.subject, "Html": template.html, "Text": template.text}
    return {name: part for name, part in parts.items() if part is not None}


def _entry(template: SesTemplate, recipient: Recipient) -> dict[str, Any]:
    return {
        "Destination": {"ToAddresses": [recipient.address]},
        "ReplacementEmailContent": {
            "ReplacementTemplate": {
                "ReplacementTemplateData": json.dumps(template.data(recipient.values))
            }
        },
        "ReplacementHeaders": _headers(recipient.headers),
        "ReplacementTags": _tags(recipient.tags),
    }


def _ours(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers without Feedback-ID, which SES writes itself: see :func:`_feedback_tags`."""
    return {name: value for name, value in headers.items() if name != "Feedback-ID"}


def _feedback_tags(headers: Mapping[str, str]) -> dict[str, str]:
    """The first two parts of our Feedback-ID, as the two special tags by which SES takes them.

    Source: SES developer guide, "Using custom Feedback-ID values" (``ses:feedback-id-a``, ``-b``).
    """
    first, second, *_ = [*headers.get("Feedback-ID", "").split(":"), "", ""]
    tags = {"ses:feedback-id-a": first, "ses:feedback-id-b": second}
    return {name: value for name, value in tags.items() if value}


def _headers(headers: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in headers.items()]


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in tags.items()]


def _content(data: str) -> dict[str, str]:
    return {"Data": data, "Charset": "UTF-8"}

"""The edge to AWS: reads what there is, takes a step, and turns every refusal into a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
)

from service.provisioning.doctor.account import Account
from service.provisioning.doctor.identity import Identity
from service.provisioning.setup.found import (
    ConfigurationSet,
    Destination,
    Found,
    Queue,
    Subscription,
    Topic,
)
from service.provisioning.setup.plan import Step
from service.provisioning.setup.wanted import Place, Wanted

NAMES = {"sesv2": "SES", "sns": "SNS", "sqs": "SQS", "sts": "AWS"}
IAM_NAMES = {"sesv2": "ses"}
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "AuthorizationError"})
NO_SUCH = frozenset(
    {
        "NotFound",
        "NotFoundException",
        "QueueDoesNotExist",
        "AWS.SimpleQueueService.NonExistentQueue",
    }
)
BAD_KEYS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
NO_KEYS = "AWS was not called, since there are no keys. Set AWS_ACCESS_KEY_ID and "\
    "AWS_SECRET_ACCESS_KEY, or give the machine a role."  # fmt: skip


class Refused(RuntimeError):
    """AWS did not do it; the text says what it said and what to do. *certain*: it answered."""

    def __init__(self, said: str, *, certain: bool) -> None:
        super().__init__(said)
        self.certain = certain


class Aws:
    """An account in a region, through boto3. Reading calls give None for what does not exist."""

    def __init__(self, region: str) -> None:
        self._region = region
        config = Config(
            retries={"total_max_attempts": 4, "mode": "standard"},
            connect_timeout=5,
            read_timeout=20,
        )
        session = boto3.Session(region_name=region)
        self._clients: dict[str, Any] = {
            service: session.client(service, config=config) for service in NAMES
        }
        self.ses_says_it_is: datetime | None = None
        """The Date of SES's last answer to :meth:`account`."""

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    def place(self) -> Place:
        """Whose account the keys are of. Needs no permission. Raises :class:`Refused`."""
        caller = self._call("sts", "get_caller_identity")
        partition = str(caller["Arn"]).split(":")[1]
        return Place(partition, self._region, str(caller["Account"]))

    def look(self, wanted: Wanted) -> Found:
        """What of *wanted* there is. Raises :class:`Refused`."""
        return Found(
            dead_letters=self._queue(wanted.dead_letters),
            queue=self._queue(wanted.name),
            topic=self._topic(wanted.topic_arn),
            subscription=self._subscription(wanted),
            configuration_set=self.configuration_set(wanted.configuration_set),
        )

    def take(self, step: Step) -> Mapping[str, Any]:
        """AWS's answer to *step*. Raises :class:`Refused`."""
        return self._call(step.service, step.call, **step.arguments)

    def configuration_set(self, name: str) -> ConfigurationSet | None:
        """Raises :class:`Refused`, as all of these do."""
        by_name = {"ConfigurationSetName": name}
        found = self._find("sesv2", "get_configuration_set", **by_name)
        if found is None:
            return None
        listed = self._call("sesv2", "get_configuration_set_event_destinations", **by_name)
        return ConfigurationSet(
            sending_enabled=bool((found.get("SendingOptions") or {}).get("SendingEnabled", True)),
            destinations=tuple(map(_destination, listed.get("EventDestinations") or ())),
        )

    def account(self) -> Account:
        found = self._call("sesv2", "get_account")
        date = found["ResponseMetadata"].get("HTTPHeaders", {}).get("date", "")
        self.ses_says_it_is = parsedate_to_datetime(date) if date else None
        quota = found.get("SendQuota") or {}
        most = float(quota.get("Max24HourSend", 0.0))
        return Account(
            production=bool(found.get("ProductionAccessEnabled", False)),
            enforcement=str(found.get("EnforcementStatus", "")),
            sending_enabled=bool(found.get("SendingEnabled", False)),
            max_rate=float(quota.get("MaxSendRate", 0.0)),
            max_24_hours=None if most == -1 else most,
            sent_24_hours=float(quota.get("SentLast24Hours", 0.0)),
        )

    def identity(self, name: str) -> Identity | None:
        found = self._find("sesv2", "get_email_identity", EmailIdentity=name)
        if found is None:
            return None
        dkim, mail_from = found.get("DkimAttributes") or {}, found.get("MailFromAttributes") or {}
        return Identity(
            name=name,
            verified=bool(found.get("VerifiedForSendingStatus", False)),
            dkim_on=bool(dkim.get("SigningEnabled", False)),
            dkim_status=str(dkim.get("Status", "")),
            dkim_tokens=tuple(dkim.get("Tokens") or ()),
            dkim_by_ses=dkim.get("SigningAttributesOrigin") != "EXTERNAL",
            mail_from=str(mail_from.get("MailFromDomain") or ""),
            mail_from_status=str(mail_from.get("MailFromDomainStatus") or ""),
            rejects_without_mx=mail_from.get("BehaviorOnMxFailure") == "REJECT_MESSAGE",
        )

    def _queue(self, name: str) -> Queue | None:
        found = self._find("sqs", "get_queue_url", QueueName=name)
        if found is None:
            return None
        url = found["QueueUrl"]
        known = self._find("sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=["All"])
        return Queue(url, (known or {}).get("Attributes") or {})

    def _topic(self, arn: str) -> Topic | None:
        found = self._find("sns", "get_topic_attributes", TopicArn=arn)
        return None if found is None else Topic(found.get("Attributes") or {})

    def _subscription(self, wanted: Wanted) -> Subscription | None:
        more: dict[str, str] = {}
        while True:
            by_topic = {"TopicArn": wanted.topic_arn, **more}
            page = self._find("sns", "list_subscriptions_by_topic", **by_topic) or {}
            for row in page.get("Subscriptions") or ():
                ours = row["Protocol"] == "sqs" and row["Endpoint"] == wanted.queue_arn
                # One that was deleted is listed for a while, with a word in place of its ARN.
                if ours and row["SubscriptionArn"].startswith("arn:"):
                    return self._subscribed(row["SubscriptionArn"])
            if not page.get("NextToken"):
                return None
            more = {"NextToken": page["NextToken"]}

    def _subscribed(self, arn: str) -> Subscription:
        found = self._call("sns", "get_subscription_attributes", SubscriptionArn=arn)
        raw = (found.get("Attributes") or {}).get("RawMessageDelivery") == "true"
        return Subscription(arn, raw)

    def _find(self, service: str, call: str, **arguments: Any) -> dict[str, Any] | None:
        try:
            return self._call(service, call, **arguments)
        except Refused as error:
            told = error.__cause__
            if isinstance(told, ClientError) and told.response["Error"]["Code"] in NO_SUCH:
                return None
            raise

    def _call(self, service: str, call: str, **arguments: Any) -> dict[str, Any]:
        client = self._clients[service]
        operation = client.meta.method_to_api_mapping[call]
        with refusals(service, operation):
            answer: dict[str, Any] = getattr(client, call)(**arguments)
        return answer


@contextmanager
def refusals(service: str, operation: str) -> Iterator[None]:
    """Turns what boto3 raises in here into :class:`Refused`."""
    try:
        yield
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise Refused(NO_KEYS, certain=True) from error
    except ClientError as error:
        told = error.response.get("Error", {})
        said = sentence(service, operation, str(told.get("Code", "")), str(told.get("Message", "")))
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        raise Refused(said, certain=400 <= status < 500 and status != 429) from error
    except BotoCoreError as error:
        said = f"{NAMES[service]} gave no answer to {operation}: {error}"
        raise Refused(said, certain=False) from error


def sentence(service: str, operation: str, code: str, message: str) -> str:
    """What AWS refused, and the permission that is missing where that is the reason."""
    name = NAMES[service]
    if code in DENIED:
        permission = f"{IAM_NAMES.get(service, service)}:{operation}"
        return (
            f"{name} refused {operation}: these keys lack the permission {permission}. "
            "`broadsheet ses setup --policy` prints all that are needed."
        )
    if code in BAD_KEYS:
        return f"{name} does not take these keys ({code}: {message}). Check them and the clock."
    return f"{name} refused {operation} ({code}: {message})."


def _destination(row: Mapping[str, Any]) -> Destination:
    return Destination(
        name=str(row.get("Name", "")),
        enabled=bool(row.get("Enabled", False)),
        types=frozenset(row.get("MatchingEventTypes") or ()),
        topic_arn=str((row.get("SnsDestination") or {}).get("TopicArn", "")),
    )

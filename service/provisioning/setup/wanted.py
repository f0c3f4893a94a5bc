"""What ``broadsheet ses setup`` wants to be there, with the names and documents that follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DEFAULT_NAME = "broadsheet-events"
NAME = r"[A-Za-z0-9_-]{1,75}"
"""SQS allows 80, and ours ends in ``-dead`` for the dead letters."""

EVENT_TYPES: Mapping[str, str] = {
    "Send": "SEND",
    "Delivery": "DELIVERY",
    "DeliveryDelay": "DELIVERY_DELAY",
    "Bounce": "BOUNCE",
    "Complaint": "COMPLAINT",
    "Reject": "REJECT",
    "Rendering Failure": "RENDERING_FAILURE",
    "Open": "OPEN",
    "Click": "CLICK",
}
"""Events that ``service.events`` understands, and what ``MatchingEventTypes`` calls them."""

TRACKING = frozenset({"OPEN", "CLICK"})
"""With these SES rewrites links and adds a picture to every mail: only where it is asked for."""

SIGNATURE_VERSION = "2"  # SHA-256; a topic's default is 1, which is SHA-1
RECEIVES = 5
QUEUE_ATTRIBUTES: Mapping[str, str] = {
    "VisibilityTimeout": "60",
    "MessageRetentionPeriod": "1209600",  # 14 days, the longest: a stopped worker loses nothing
}
DEAD_LETTER_ATTRIBUTES: Mapping[str, str] = {"MessageRetentionPeriod": "1209600"}


@dataclass(frozen=True)
class Place:
    """An account in a region."""

    partition: str
    """``aws``, ``aws-cn`` or ``aws-us-gov``."""
    region: str
    account: str

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"


def any_account(region: str | None) -> Place:
    """A place for patterns: any account, and any region unless one is named."""
    region = region or "*"
    own = [each for each in ("cn", "us-gov") if region.startswith(f"{each}-")]
    return Place("-".join(["aws", *own]), region, "*")


@dataclass(frozen=True)
class Wanted:
    """The wiring of one installation. Topic and queue are called *name*."""

    place: Place
    configuration_set: str
    name: str = DEFAULT_NAME
    tracking: bool = False

    @property
    def dead_letters(self) -> str:
        return f"{self.name}-dead"

    @property
    def topic_arn(self) -> str:
        return self.place.arn("sns", self.name)

    @property
    def queue_arn(self) -> str:
        return self.place.arn("sqs", self.name)

    @property
    def dead_letter_arn(self) -> str:
        return self.place.arn("sqs", self.dead_letters)

    @property
    def event_types(self) -> tuple[str, ...]:
        types = EVENT_TYPES.values()
        return tuple(kind for kind in types if self.tracking or kind not in TRACKING)

    @property
    def redrive(self) -> dict[str, Any]:
        return {"deadLetterTargetArn": self.dead_letter_arn, "maxReceiveCount": RECEIVES}

    @property
    def topic_may_send(self) -> dict[str, Any]:
        """The queue's statement. SNS developer guide, "Subscribing an SQS queue to a topic"."""
        return {
            "Sid": "BroadsheetTopicSends",
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": self.queue_arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": self.topic_arn}},
        }

    @property
    def ses_may_publish(self) -> dict[str, Any]:
        """The topic's. SES developer guide, "Set up an SNS event destination"."""
        return {
            "Sid": "BroadsheetSesPublishes",
            "Effect": "Allow",
            "Principal": {"Service": "ses.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": self.topic_arn,
            "Condition": {"StringEquals": {"AWS:SourceAccount": self.place.account}},
        }

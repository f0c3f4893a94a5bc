"""Amazon SNS: its topics, and the calls that make and wire them.

https://docs.aws.amazon.com/sns/latest/api/
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cached_property

from .clock import Clock
from .courier import Courier
from .query import Operation, QueryError, answer, attributes, entries, members, tag
from .queue import Queue
from .signing import Signer
from .sqs import ACCOUNT, REGION, Queues
from .topic import QueueSubscription, Subscription, Topic
from .web import Answer, Request, Response, as_json, not_found

TOPIC_ARN = f"arn:aws:sns:{REGION}:{ACCOUNT}:broadsheet-events"
_PAGE = 100  # ListSubscriptionsByTopic: "a limited list of subscriptions, up to 100"
_SETTABLE = frozenset({"Policy", "DisplayName", "SignatureVersion", "DeliveryPolicy"})
_PENDING = "PendingConfirmation"


class Topics:
    """The SNS service of one account in one region."""

    def __init__(self, url: Callable[[], str], clock: Clock, queues: Queues) -> None:
        self.url = url
        self.clock = clock
        self.courier = Courier()
        self._queues = queues
        self._topics: dict[str, Topic] = {}
        self.version = 0
        """Grows whenever what a topic lets in may have changed."""
        self.operations: Mapping[str, Operation] = {
            "CreateTopic": self._create_topic,
            "GetTopicAttributes": self._get_topic_attributes,
            "SetTopicAttributes": self._set_topic_attributes,
            "DeleteTopic": self._delete_topic,
            "Subscribe": self._subscribe,
            "Unsubscribe": self._unsubscribe,
            "ListSubscriptionsByTopic": self._list_subscriptions,
            "GetSubscriptionAttributes": self._get_subscription_attributes,
            "SetSubscriptionAttributes": self._set_subscription_attributes,
        }

    @cached_property
    def signer(self) -> Signer:
        return Signer(self.clock())

    def queue(self, arn: str) -> Queue | None:
        return self._queues.by_arn(arn)

    def made(self, arn: str, given: Mapping[str, str] | None = None) -> Topic:
        """The topic, made when it is new."""
        if arn not in self._topics:
            basics = {"SignatureVersion": "1", "DisplayName": "", "Policy": _owners_policy(arn)}
            self._topics[arn] = Topic(arn, self, {**basics, **(given or {})})
            self.version += 1
        return self._topics[arn]

    def named(self, arn: str) -> Topic | None:
        return self._topics.get(arn)

    # --- calls of the API ---

    def _create_topic(self, call: Mapping[str, str]) -> str:
        name, given = call.get("Name", ""), _checked(attributes(call))
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", name):
            raise QueryError("InvalidParameter", "Invalid parameter: Topic Name")
        arn = f"arn:aws:sns:{REGION}:{ACCOUNT}:{name}"
        known = self._topics.get(arn)
        if known and any(known.attributes.get(key) != value for key, value in given.items()):
            said = "Attributes Reason: Topic already exists with different attributes"
            raise QueryError("InvalidParameter", f"Invalid parameter: {said}")
        return tag("TopicArn", self.made(arn, given).arn)

    def _get_topic_attributes(self, call: Mapping[str, str]) -> str:
        topic = self._topic(call)
        confirmed = [s for s in topic.subscriptions() if s.confirmed]
        counts = {
            "SubscriptionsConfirmed": len(confirmed) + len(topic.queue_subscriptions()),
            "SubscriptionsPending": len(topic.subscriptions()) - len(confirmed),
        }
        shown = {"TopicArn": topic.arn, "Owner": ACCOUNT, **topic.attributes}
        return entries("Attributes", {**shown, **{k: str(n) for k, n in counts.items()}})

    def _set_topic_attributes(self, call: Mapping[str, str]) -> str:
        given = {call.get("AttributeName", ""): call.get("AttributeValue", "")}
        self._topic(call).attributes.update(_checked(given))
        self.version += 1
        return ""

    def _delete_topic(self, call: Mapping[str, str]) -> str:
        self._topics.pop(call.get("TopicArn", ""), None)
        self.version += 1
        return ""

    def _subscribe(self, call: Mapping[str, str]) -> str:
        topic, endpoint = self._topic(call), call.get("Endpoint", "")
        raw = attributes(call).get("RawMessageDelivery", "false") == "true"
        if call.get("Protocol") in {"http", "https"} and endpoint.startswith("http"):
            topic.subscribe(endpoint)
            return tag("SubscriptionArn", "pending confirmation")
        if call.get("Protocol") != "sqs" or not endpoint.startswith("arn:aws:sqs:"):
            raise QueryError("InvalidParameter", "Invalid parameter: Endpoint Reason: unsupported")
        for known in topic.queue_subscriptions():
            if known.endpoint == endpoint:
                if known.raw != raw:
                    said = "Subscription already exists with different attributes"
                    raise QueryError("InvalidParameter", f"Invalid parameter: Attributes: {said}")
                return tag("SubscriptionArn", known.arn)
        return tag("SubscriptionArn", topic.subscribe_queue(endpoint, raw=raw).arn)

    def _unsubscribe(self, call: Mapping[str, str]) -> str:
        arn = call.get("SubscriptionArn", "")
        for topic in self._topics.values():
            topic.unsubscribe(arn)
        return ""

    def _list_subscriptions(self, call: Mapping[str, str]) -> str:
        topic, start = self._topic(call), int(call.get("NextToken") or 0)
        listeners: list[QueueSubscription | Subscription]
        listeners = [*topic.queue_subscriptions(), *topic.subscriptions()]
        rows = [_row(topic, each) for each in listeners[start : start + _PAGE]]
        more = start + _PAGE < len(listeners)
        return members("Subscriptions", rows) + (
            tag("NextToken", str(start + _PAGE)) if more else ""
        )

    def _get_subscription_attributes(self, call: Mapping[str, str]) -> str:
        topic, found = self._queue_subscription(call)
        raw = "true" if found.raw else "false"
        return entries("Attributes", {**_row(topic, found), "RawMessageDelivery": raw})

    def _set_subscription_attributes(self, call: Mapping[str, str]) -> str:
        _, found = self._queue_subscription(call)
        if call.get("AttributeName") != "RawMessageDelivery":
            raise QueryError("InvalidParameter", "Invalid parameter: AttributeName")
        found.raw = call.get("AttributeValue") == "true"
        return ""

    def _topic(self, call: Mapping[str, str]) -> Topic:
        topic = self._topics.get(call.get("TopicArn", ""))
        if topic is None:
            raise QueryError("NotFound", "Topic does not exist", 404)
        return topic

    def _queue_subscription(self, call: Mapping[str, str]) -> tuple[Topic, QueueSubscription]:
        for topic in self._topics.values():
            for found in topic.queue_subscriptions():
                if found.arn == call.get("SubscriptionArn"):
                    return topic, found
        raise QueryError("NotFound", "Subscription does not exist", 404)

    # --- the addresses that posts name ---

    def handle(self, request: Request) -> Answer:
        """``GET /sns/?Action=ConfirmSubscription&Token=…`` and ``Action=Unsubscribe``."""
        action = request.arg("Action")
        if action == "ConfirmSubscription":
            confirmed = [t.confirm(request.arg("Token")) for t in self._topics.values()]
            for found in filter(None, confirmed):
                return answer(action, tag("SubscriptionArn", found.arn))
            return as_json({"message": "Invalid token"}, 400)
        if action == "Unsubscribe":
            call = {"SubscriptionArn": request.arg("SubscriptionArn")}
            return answer(action, self._unsubscribe(call))
        return not_found(request.path)

    def serve_certificate(self, request: Request) -> Answer:
        if request.path != self.signer.path:
            return not_found(request.path)
        return Response(self.signer.certificate, 200, "application/x-pem-file")


def _row(topic: Topic, each: Subscription | QueueSubscription) -> dict[str, str]:
    confirmed, protocol = True, "sqs"
    if isinstance(each, Subscription):
        confirmed, protocol = each.confirmed, each.endpoint.partition(":")[0]
    return {
        "SubscriptionArn": each.arn if confirmed else _PENDING,
        "Owner": ACCOUNT,
        "Protocol": protocol,
        "Endpoint": each.endpoint,
        "TopicArn": topic.arn,
    }


def _checked(given: Mapping[str, str]) -> Mapping[str, str]:
    """Attributes that a topic may have, or an InvalidParameter that names the one which is not."""
    for name, value in given.items():
        wrong = name == "SignatureVersion" and value not in {"1", "2"}
        if name == "Policy":
            try:
                json.loads(value)
            except ValueError:
                wrong = True
        if name not in _SETTABLE or wrong:
            raise QueryError("InvalidParameter", f"Invalid parameter: {name}")
    return given


def _owners_policy(arn: str) -> str:
    """What SNS gives a topic that is made without a policy: its owner's account alone."""
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": ["SNS:Publish", "SNS:Subscribe", "SNS:GetTopicAttributes"],
        "Resource": arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": ACCOUNT}},
    }
    return json.dumps({"Version": "2008-10-17", "Statement": [statement]})

"""The part of the SQS wire protocol that a poller needs.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/ (AWS JSON 1.0)
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from typing import Any

from .clock import Clock
from .permissions import Denied, Permissions
from .queue import Queue, QueuedMessage, QueueError
from .queue_attributes import DEFAULTS, checked, differing, redrive
from .web import Answer, Request, Response

ACCOUNT, REGION = "000000000000", "us-east-1"
_TYPE = "application/x-amz-json-1.0"
_OLD_CODE = {"QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue"}


class Queues:
    """The SQS service: ``POST /`` with the operation's name in ``X-Amz-Target``."""

    def __init__(
        self, url: Callable[[], str], clock: Clock, permissions: Permissions | None = None
    ) -> None:
        self._permissions = permissions or Permissions()
        self._url = url
        self._clock = clock
        self._queues: dict[str, Queue] = {}
        self._lock = threading.Lock()
        self._operations: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "CreateQueue": self._create_queue,
            "GetQueueUrl": self._get_queue_url,
            "GetQueueAttributes": self._get_queue_attributes,
            "SetQueueAttributes": self._set_queue_attributes,
            "SendMessage": self._send_message,
            "ReceiveMessage": self._receive_message,
            "DeleteMessage": self._delete_message,
            "DeleteMessageBatch": self._delete_message_batch,
            "ChangeMessageVisibility": self._change_message_visibility,
            "PurgeQueue": self._purge_queue,
        }

    def named(self, name: str) -> Queue:
        """The queue of that name, made when it is new."""
        with self._lock:
            return self._queues.setdefault(name, Queue(name, self._clock))

    def by_arn(self, arn: str) -> Queue | None:
        return self._queues.get(arn.rpartition(":")[2])

    def all(self) -> list[Queue]:
        return list(self._queues.values())

    def handle(self, request: Request) -> Answer:
        """One call of the API."""
        target = request.headers.get("X-Amz-Target", "").removeprefix("AmazonSQS.")
        operation = self._operations.get(target, _unsupported)
        try:
            self._permissions.require(f"sqs:{target}")
            answer = operation(request.document())
        except Denied as error:
            return _refusal(QueueError("AccessDeniedException", str(error)), 403)
        except QueueError as error:
            return _refusal(error)
        return Response(json.dumps(answer).encode(), 200, _TYPE)

    def _find(self, call: dict[str, Any]) -> Queue:
        name = str(call.get("QueueUrl", "")).rpartition("/")[2]
        queue = self._queues.get(name)
        if queue is None:
            raise QueueError("QueueDoesNotExist", "The specified queue does not exist.")
        return queue

    def _create_queue(self, call: dict[str, Any]) -> dict[str, Any]:
        name, given = str(call["QueueName"]), checked(call.get("Attributes") or {})
        known = self._queues.get(name)
        if known is not None:
            if other := differing(self._attributes_of(known), given):
                raise QueueError(
                    "QueueNameExists",
                    "A queue already exists with the same name and a different value for "
                    f"attribute {other}",
                )
            return {"QueueUrl": self.url_of(known)}
        dead_letters = redrive(given, self.by_arn)
        queue = self.named(name)
        self._take(queue, given, dead_letters)
        return {"QueueUrl": self.url_of(queue)}

    def _set_queue_attributes(self, call: dict[str, Any]) -> dict[str, Any]:
        queue, given = self._find(call), checked(call.get("Attributes") or {})
        self._take(queue, given, redrive(given, self.by_arn))
        return {}

    def _take(
        self, queue: Queue, given: dict[str, str], dead_letters: tuple[Queue, int] | None
    ) -> None:
        queue.attributes.update(given)
        if "VisibilityTimeout" in given:
            queue.visibility = float(given["VisibilityTimeout"])
        if "RedrivePolicy" in given:
            queue.dead_letters = dead_letters

    def url_of(self, queue: Queue) -> str:
        return f"{self._url()}/{ACCOUNT}/{queue.name}"

    def _get_queue_url(self, call: dict[str, Any]) -> dict[str, Any]:
        return {"QueueUrl": self.url_of(self._find({"QueueUrl": call.get("QueueName", "")}))}

    def _get_queue_attributes(self, call: dict[str, Any]) -> dict[str, Any]:
        queue = self._find(call)
        visible, in_flight, delayed = queue.counts()
        known = {
            "ApproximateNumberOfMessages": visible,
            "ApproximateNumberOfMessagesNotVisible": in_flight,
            "ApproximateNumberOfMessagesDelayed": delayed,
            **self._attributes_of(queue),
            "QueueArn": self.arn_of(queue),
        }
        asked = call.get("AttributeNames") or []
        wanted = known if "All" in asked else {k: v for k, v in known.items() if k in asked}
        return {"Attributes": {k: str(v) for k, v in wanted.items()}}

    @staticmethod
    def arn_of(queue: Queue) -> str:
        return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue.name}"

    @staticmethod
    def _attributes_of(queue: Queue) -> dict[str, str]:
        visibility = {"VisibilityTimeout": f"{queue.visibility:g}"}
        return {k: v for k, v in {**DEFAULTS, **queue.attributes, **visibility}.items() if v}

    def _send_message(self, call: dict[str, Any]) -> dict[str, Any]:
        queue, body = self._find(call), str(call["MessageBody"])
        message = queue.put(lambda: body, float(call.get("DelaySeconds") or 0))
        return {"MessageId": queue.id_of(message), "MD5OfMessageBody": _md5(body)}

    def _receive_message(self, call: dict[str, Any]) -> dict[str, Any]:
        queue = self._find(call)
        most = int(call.get("MaxNumberOfMessages") or 1)
        if not 1 <= most <= 10:
            raise QueueError(
                "InvalidParameterValue", f"Value {most} for MaxNumberOfMessages is not 1 to 10."
            )
        wait = min(20.0, float(call.get("WaitTimeSeconds") or 0))
        messages = queue.receive(most, wait, call.get("VisibilityTimeout"))
        names = [
            *(call.get("AttributeNames") or []),
            *(call.get("MessageSystemAttributeNames") or []),
        ]
        return {"Messages": [_shown(queue, m, names) for m in messages]} if messages else {}

    def _delete_message(self, call: dict[str, Any]) -> dict[str, Any]:
        self._find(call).delete(str(call["ReceiptHandle"]))
        return {}

    def _delete_message_batch(self, call: dict[str, Any]) -> dict[str, Any]:
        queue, entries = self._find(call), call.get("Entries") or []
        if not entries:
            raise QueueError("EmptyBatchRequest", "There should be at least one entry.")
        if len(entries) > 10:
            raise QueueError("TooManyEntriesInBatchRequest", "There should be at most 10 entries.")
        for entry in entries:
            queue.delete(str(entry["ReceiptHandle"]))
        return {"Successful": [{"Id": entry["Id"]} for entry in entries], "Failed": []}

    def _change_message_visibility(self, call: dict[str, Any]) -> dict[str, Any]:
        self._find(call).change_visibility(str(call["ReceiptHandle"]), call["VisibilityTimeout"])
        return {}

    def _purge_queue(self, call: dict[str, Any]) -> dict[str, Any]:
        self._find(call).purge()
        return {}


def _unsupported(_call: dict[str, Any]) -> dict[str, Any]:
    raise QueueError("UnsupportedOperation", "The sandbox has no such operation.")


def _shown(queue: Queue, message: QueuedMessage, names: list[str]) -> dict[str, Any]:
    body = message.body()
    shown: dict[str, Any] = {
        "MessageId": queue.id_of(message),
        "ReceiptHandle": message.receipt,
        "MD5OfBody": _md5(body),
        "Body": body,
    }
    if names:
        known = {
            "ApproximateReceiveCount": str(message.receives),
            "SentTimestamp": str(int(message.sent * 1000)),
        }
        shown["Attributes"] = {k: v for k, v in known.items() if "All" in names or k in names}
    return shown


def _refusal(error: QueueError, status: int = 400) -> Response:
    body = {"__type": f"com.amazonaws.sqs#{error.code}", "message": str(error)}
    headers = {"x-amzn-query-error": f"{_OLD_CODE.get(error.code, error.code)};Sender"}
    return Response(json.dumps(body).encode(), status, _TYPE, headers)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

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
from .queue import Queue, QueuedMessage, QueueError
from .web import Answer, Request, Response

ACCOUNT = "000000000000"
_TYPE = "application/x-amz-json-1.0"
_OLD_CODE = {"QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue"}


class Queues:
    """The SQS service: ``POST /`` with the operation's name in ``X-Amz-Target``."""

    def __init__(self, url: Callable[[], str], clock: Clock) -> None:
        self._url = url
        self._clock = clock
        self._queues: dict[str, Queue] = {}
        self._lock = threading.Lock()
        self._operations: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "CreateQueue": self._create_queue,
            "GetQueueUrl": self._get_queue_url,
            "GetQueueAttributes": self._get_queue_attributes,
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

    def all(self) -> list[Queue]:
        return list(self._queues.values())

    def handle(self, request: Request) -> Answer:
        """One call of the API."""
        target = request.headers.get("X-Amz-Target", "").removeprefix("AmazonSQS.")
        operation = self._operations.get(target, _unsupported)
        try:
            answer = operation(request.document())
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
        queue = self.named(str(call["QueueName"]))
        queue.visibility = float(call.get("Attributes", {}).get("VisibilityTimeout", 30))
        return {"QueueUrl": self.url_of(queue)}

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
            "VisibilityTimeout": int(queue.visibility),
            "QueueArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:{queue.name}",
        }
        asked = call.get("AttributeNames") or []
        wanted = known if "All" in asked else {k: v for k, v in known.items() if k in asked}
        return {"Attributes": {k: str(v) for k, v in wanted.items()}}

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


def _refusal(error: QueueError) -> Response:
    body = {"__type": f"com.amazonaws.sqs#{error.code}", "message": str(error)}
    headers = {"x-amzn-query-error": f"{_OLD_CODE.get(error.code, error.code)};Sender"}
    return Response(json.dumps(body).encode(), 400, _TYPE, headers)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

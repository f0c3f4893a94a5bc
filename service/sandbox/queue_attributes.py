"""What a queue's attributes may be, and what they are when nobody said.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from .queue import Queue, QueueError

DEFAULTS: Mapping[str, str] = {
    "DelaySeconds": "0",
    "MaximumMessageSize": "1048576",
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "SqsManagedSseEnabled": "true",
}
_RANGES: Mapping[str, range] = {
    "DelaySeconds": range(901),
    "MaximumMessageSize": range(1024, 1_048_577),
    "MessageRetentionPeriod": range(60, 1_209_601),
    "ReceiveMessageWaitTimeSeconds": range(21),
    "VisibilityTimeout": range(43_201),
}
_DOCUMENTS = frozenset({"Policy", "RedrivePolicy", "RedriveAllowPolicy"})


def checked(given: Mapping[str, Any]) -> dict[str, str]:
    """*given* when each may be so, or an error that names the first which may not."""
    for name, value in given.items():
        if name in _RANGES:
            right = str(value).isdecimal() and int(value) in _RANGES[name]
        elif name in _DOCUMENTS:
            right = value == "" or _document(value) is not None
        else:
            right = name == "SqsManagedSseEnabled" and value in {"true", "false"}
        if not right:
            code = "InvalidAttributeValue" if name in _RANGES else "InvalidAttributeName"
            raise QueueError(code, f"Invalid value for the parameter {name}.")
    return {name: str(value) for name, value in given.items()}


def differing(known: Mapping[str, str], given: Mapping[str, str]) -> str | None:
    """The first attribute that is given and is not so."""
    return next((name for name, value in given.items() if known.get(name, "") != value), None)


def redrive(
    given: Mapping[str, str], by_arn: Callable[[str], Queue | None]
) -> tuple[Queue, int] | None:
    """The dead-letter queue that a redrive policy names, and after how many receives."""
    policy = _document(given.get("RedrivePolicy", ""))
    if policy is None:
        return None
    target = by_arn(str(policy.get("deadLetterTargetArn", "")))
    most = int(policy.get("maxReceiveCount", 0))
    if target is None or not 1 <= most <= 1000:
        raise QueueError(
            "InvalidParameterValue",
            "Value for parameter RedrivePolicy is invalid. Reason: Dead letter target does not "
            "exist, or maxReceiveCount is not 1 to 1000.",
        )
    return target, most


def _document(text: object) -> dict[str, Any] | None:
    try:
        found = json.loads(str(text))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None

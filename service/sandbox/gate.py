"""``POST /``: SQS, SNS and STS share one address here, and tell themselves apart by their calls."""

from __future__ import annotations

from .permissions import CALLER, Permissions
from .query import SNS_VERSION, STS_VERSION, arguments, run, tag
from .sns import Topics
from .sqs import ACCOUNT, Queues
from .web import Answer, Request


class Gate:
    """Hands a call to the service that it is for."""

    def __init__(self, queues: Queues, topics: Topics, permissions: Permissions) -> None:
        self._queues = queues
        self._topics = topics
        self._permissions = permissions

    def handle(self, request: Request) -> Answer:
        if "X-Amz-Target" in request.headers:
            return self._queues.handle(request)
        call = arguments(request)
        operations = {
            SNS_VERSION: self._topics.operations,
            STS_VERSION: {"GetCallerIdentity": _caller},
        }.get(call.get("Version", ""), {})
        return run(call, operations, self._permissions)


def _caller(_call: object) -> str:
    return tag("Arn", CALLER) + tag("UserId", "SANDBOX") + tag("Account", ACCOUNT)

"""The sandbox put together: its parts, their routes, and its life as a server."""

from __future__ import annotations

import json
import threading
import time
from datetime import date
from types import TracebackType

from .clock import Clock
from .control import Control
from .faults import Faults
from .gate import Gate
from .inbox import Inbox
from .newsroom import Newsroom
from .permissions import Permissions
from .server import Server
from .ses.account import Account
from .ses.api import Api
from .sns import TOPIC_ARN, Topics
from .sqs import ACCOUNT, Queues
from .store import Store
from .web import Router

QUEUE = "broadsheet-events"


class Sandbox:
    """A whole sandbox. It listens from the moment it is made, and answers once it is started.

    *date* is the newsroom's day 0. *port* 0 takes a free one; ``url`` says which. Unless it is
    *wired*, the account is a new one: no configuration set, no topic, no queue.
    """

    def __init__(
        self,
        date: date,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Clock = time.time,
        wired: bool = True,
    ) -> None:
        self.stopping = threading.Event()
        router = Router()
        self.server = Server(host, port, router)
        self.url = f"http://{host}:{self.server.server_port}"
        self.faults = Faults()
        self.store = Store()
        self.permissions = Permissions()
        self.queues = Queues(lambda: self.url, clock, self.permissions)
        self.topics = Topics(lambda: self.url, clock, self.queues)
        self.account = Account(clock, self.store, self.faults, self.topics, self.permissions)
        if wired:
            self._wire()
        self.newsroom = Newsroom(date, self.url, self.stopping)
        self._mount(router)
        self._thread: threading.Thread | None = None

    @property
    def queue_url(self) -> str:
        """The queue that holds the events."""
        return self.queues.url_of(self.queues.named(QUEUE))

    def _wire(self) -> None:
        """Events go from the set to the topic and on to the queue, as after a set-up."""
        queue = self.queues.named(QUEUE)
        queue.attributes["Policy"] = _letting_in(TOPIC_ARN)
        topic = self.topics.made(TOPIC_ARN)
        topic.subscribe_queue(self.queues.arn_of(queue), raw=False)
        self.account.directory.wire(topic)

    def _mount(self, router: Router) -> None:
        Api(self.account, self.stopping).mount(router)
        router.add("POST", "/", Gate(self.queues, self.topics, self.permissions).handle)
        router.add("POST", f"/{ACCOUNT}/{{queue}}", self.queues.handle)
        router.add("GET", "/sns/", self.topics.handle)
        router.add("GET", "/sns/{certificate}", self.topics.serve_certificate)
        self.permissions.mount(router)
        self.account.identities.mount(router)
        self.newsroom.mount(router)
        Inbox(self.store).mount(router)
        Control(self.account, self.queues, self.newsroom).mount(router)

    def start(self) -> None:
        """Serve in a thread."""
        self._thread = threading.Thread(
            target=self.server.serve_forever, args=(0.05,), name="sandbox", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Hang up on everyone and let the port go."""
        self.stopping.set()
        self.topics.courier.stop()
        self.server.stop()
        if self._thread is not None:
            self._thread.join()

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _letting_in(topic_arn: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

"""The sandbox put together: its parts, their routes, and its life as a server."""

from __future__ import annotations

import threading
import time
from datetime import date
from types import TracebackType

from .clock import Clock
from .control import Control
from .faults import Faults
from .inbox import Inbox
from .newsroom import Newsroom
from .server import Server
from .ses.account import Account
from .ses.api import Api
from .sns import Topic
from .sqs import ACCOUNT, Queues
from .store import Store
from .web import Router

QUEUE = "broadsheet-events"


class Sandbox:
    """A whole sandbox. It listens from the moment it is made, and answers once it is started.

    *date* is the newsroom's day 0. *port* 0 takes a free one; ``url`` says which.
    """

    def __init__(
        self,
        date: date,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Clock = time.time,
    ) -> None:
        self.stopping = threading.Event()
        router = Router()
        self.server = Server(host, port, router)
        self.url = f"http://{host}:{self.server.server_port}"
        self.faults = Faults()
        self.store = Store()
        self.queues = Queues(lambda: self.url, clock)
        self.topic = Topic(lambda: self.url, clock, self.queues.named(QUEUE))
        self.account = Account(clock, self.store, self.faults, self.topic)
        self.newsroom = Newsroom(date, self.url, self.stopping)
        self._mount(router)
        self._thread: threading.Thread | None = None

    @property
    def queue_url(self) -> str:
        """The queue that holds the events."""
        return self.queues.url_of(self.queues.named(QUEUE))

    def _mount(self, router: Router) -> None:
        Api(self.account, self.stopping).mount(router)
        router.add("POST", "/", self.queues.handle)
        router.add("POST", f"/{ACCOUNT}/{{queue}}", self.queues.handle)
        router.add("GET", "/sns/", self.topic.handle)
        router.add("GET", "/sns/{certificate}", self.topic.serve_certificate)
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
        self.topic.courier.stop()
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

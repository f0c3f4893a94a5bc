"""``/control``: what tests and people ask of the sandbox itself, never what the project calls."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from .clock import stamp
from .faults import LIMITS
from .newsroom import Newsroom
from .ses.account import Account
from .sns import TOPIC_ARN
from .sqs import Queues
from .store import Message
from .topic import Topic
from .web import BadDocument, Handler, Request, Response, Router, as_json


class Control:
    """The ledger, the faults, the newsroom's day, the topic's subscribers, and reset."""

    def __init__(self, account: Account, queues: Queues, newsroom: Newsroom) -> None:
        self._account = account
        self._store = account.store
        self._queues = queues
        self._newsroom = newsroom

    @property
    def _topic(self) -> Topic:
        """The one that an account has which was set up."""
        found = self._account.topics.named(TOPIC_ARN)
        if found is None:
            raise BadDocument(f"There is no topic {TOPIC_ARN}.")
        return found

    def mount(self, router: Router) -> None:
        routes: list[tuple[str, str, Handler]] = [
            ("GET", "messages", self._messages),
            ("GET", "ledger", self._ledger),
            ("POST", "reset", self._reset),
            ("GET", "faults", self._show_faults),
            ("POST", "faults", self._change_faults),
            ("DELETE", "faults", self._clear_faults),
            ("GET", "newsroom", self._show_newsroom),
            ("POST", "newsroom", self._change_newsroom),
            ("GET", "queues", self._show_queues),
            ("POST", "sns/queue", self._change_queue_delivery),
            ("GET", "sns", self._show_sns),
            ("POST", "sns/subscribe", self._subscribe),
        ]
        for method, path, handler in routes:
            router.add(method, f"/control/{path}", handler)

    def _messages(self, request: Request) -> Response:
        """``?to=…&tag.NAME=VALUE&since=SEQ&limit=100``: oldest first; ``next`` goes on."""
        wanted = {k[4:]: v[0] for k, v in request.query.items() if k.startswith("tag.")}
        to, limit = request.arg("to").lower(), request.number("limit", 100, low=1)
        rows: list[dict[str, Any]] = []
        seq = request.number("since", 0, high=1 << 60)
        for message in self._store.since(seq):
            if len(rows) == limit:
                break
            seq = message.seq
            if to and to not in (a.lower() for a in message.destination.everyone):
                continue
            if wanted and not wanted.items() <= message.tags.items():
                continue
            rows.append(row(message))
        return as_json({"messages": rows, "next": seq})

    def _ledger(self, request: Request) -> Response:
        """``?tag=delivery&repeated=1``: counts by recipient and by tag value.

        With *repeated* only what was counted more than once: empty is what a sender hopes for.
        """
        least = 2 if request.arg("repeated") else 1
        recipients = self._store.by_recipient()
        names = [request.arg("tag")] if request.arg("tag") else sorted(self._store.tag_names())
        tags = {name: self._store.by_tag(name) for name in names}
        return as_json(
            {
                "messages": sum(1 for _ in self._store.since(0)),
                "rendering_failures": self._store.never_made(),
                "distinct_recipients": len(recipients),
                "distinct_tags": {name: len(values) for name, values in tags.items()},
                "recipients": {a: n for a, n in recipients.items() if n >= least},
                "tags": {
                    name: {value: n for value, n in values.items() if n >= least}
                    for name, values in tags.items()
                },
            }
        )

    def _reset(self, _request: Request) -> Response:
        """An empty account without faults. The newsroom's day and the subscribers stay."""
        self._store.reset()
        self._account.suppression.clear()
        self._account.faults.clear()
        self._account.forget_held_events()
        self._account.apply_faults()
        self._account.limits.reset()
        for queue in self._queues.all():
            queue.purge()
        self._newsroom.forget_requests()
        return as_json({"reset": True})

    def _show_faults(self, _request: Request) -> Response:
        return as_json(self._account.faults.shown())

    def _change_faults(self, request: Request) -> Response:
        wanted = request.document()
        self._account.faults.change(wanted)
        if wanted.keys() & LIMITS:
            self._account.apply_faults()
        self._account.let_events_go()
        return self._show_faults(request)

    def _clear_faults(self, request: Request) -> Response:
        self._account.faults.clear()
        self._account.apply_faults()
        self._account.let_events_go()
        return self._show_faults(request)

    def _show_newsroom(self, _request: Request) -> Response:
        return as_json(self._newsroom.shown())

    def _change_newsroom(self, request: Request) -> Response:
        self._newsroom.change(request.document())
        return as_json(self._newsroom.shown())

    def _show_queues(self, _request: Request) -> Response:
        names = ("visible", "in_flight", "delayed")
        counts = {q.name: dict(zip(names, q.counts(), strict=True)) for q in self._queues.all()}
        return as_json(counts)

    def _change_queue_delivery(self, request: Request) -> Response:
        """``{"raw": true}`` puts bare events on the queue, ``{"signed": false}`` saves time."""
        wanted = request.document()
        self._topic.raw = bool(wanted.get("raw", self._topic.raw))
        self._topic.signed = bool(wanted.get("signed", self._topic.signed))
        return as_json({"raw": self._topic.raw, "signed": self._topic.signed})

    def _subscribe(self, request: Request) -> Response:
        """``{"endpoint": URL, "signature_version": "1"|"2", "signing_cert_url": optional}``."""
        wanted = request.document()
        endpoint, version = (
            str(wanted.get("endpoint", "")),
            str(wanted.get("signature_version", "1")),
        )
        if not endpoint.startswith(("http://", "https://")) or version not in {"1", "2"}:
            raise BadDocument(
                'Give an http(s) "endpoint", and a "signature_version" of "1" or "2".'
            )
        made = self._topic.subscribe(endpoint, version, str(wanted.get("signing_cert_url", "")))
        return as_json(asdict(made), 201)

    def _show_sns(self, _request: Request) -> Response:
        return as_json(
            {
                "subscriptions": [asdict(s) for s in self._topic.subscriptions()],
                "posts": self._account.topics.courier.log,
                "certificate": self._account.topics.signer.path,
            }
        )


def row(message: Message) -> dict[str, Any]:
    """A message as the ledger shows it."""
    origin = message.origin
    return {
        "seq": message.seq,
        "time": stamp(origin.at),
        "message_id": message.id,
        "kind": origin.kind,
        "from": origin.sender,
        "to": list(message.destination.everyone),
        "tags": message.tags,
        "configuration_set": origin.configuration_set,
    }

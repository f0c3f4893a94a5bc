"""Every message that was accepted, cheap to keep and rebuilt when somebody looks.

A message holds what is its own (address, data, headers, tags) and points to what it shares with
the other recipients of its call; its MIME is made on demand, and is the same each time.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple, Protocol

Pair = tuple[str, str]

_SCATTER = 0x9E3779B97F4B  # Odd, so multiplying by it modulo 2**48 can be undone.
_GATHER = pow(_SCATTER, -1, 1 << 48)


class Filled(NamedTuple):
    """What a recipient reads, before it is put into MIME. ``None`` is a part that there is not."""

    subject: str
    text: str | None
    html: str | None


class Content(Protocol):
    """A template or a literal: fills in one recipient's data."""

    @property
    def name(self) -> str | None: ...

    def fill(self, data: Mapping[str, object]) -> Filled: ...

    def subject(self, data: Mapping[str, object]) -> str: ...


class Destination(NamedTuple):
    """Bare or full addresses, as they were given."""

    to: tuple[str, ...]
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()

    @property
    def everyone(self) -> tuple[str, ...]:
        return self.to + self.cc + self.bcc


class Step(NamedTuple):
    """Something that happens to a message, and how many milliseconds after it was accepted."""

    kind: str
    after_ms: int
    recipient: int = -1


@dataclass(slots=True, frozen=True)
class Origin:
    """What the messages of one call share; ``Content.Raw`` has *raw* in place of *content*.

    *run* is the store's, so that ids given out before a reset do not come again.
    """

    run: str
    kind: str
    at: float
    sender: str
    reply_to: tuple[str, ...] = ()
    configuration_set: str | None = None
    content: Content | None = None
    raw: bytes = b""
    data: Mapping[str, object] = field(default_factory=dict)
    headers: tuple[Pair, ...] = ()
    tags: tuple[Pair, ...] = ()


@dataclass(slots=True, eq=False)
class Message:
    """One accepted message. *missing* names the variable for want of which it was never made."""

    seq: int
    origin: Origin
    destination: Destination
    data: str = ""
    own_headers: tuple[Pair, ...] = ()
    own_tags: tuple[Pair, ...] = ()
    plan: tuple[Step, ...] = ()
    missing: str | None = None

    @property
    def id(self) -> str:
        """As SES writes ids. It holds the number, so that no index of ids is needed."""
        run, spot = self.origin.run, f"{self.seq * _SCATTER % (1 << 48):012x}"
        at = f"{int(self.origin.at * 1000):012x}"
        return f"0100{at}-{run[:8]}-{run[8:12]}-4{run[13:16]}-a{run[:3]}-{spot}-000000"

    @property
    def headers(self) -> list[Pair]:
        """Default headers, overridden by this recipient's of the same name, whatever its case."""
        replaced = {name.lower() for name, _ in self.own_headers}
        kept = [pair for pair in self.origin.headers if pair[0].lower() not in replaced]
        return [*kept, *self.own_headers]

    @property
    def tags(self) -> dict[str, str]:
        return {**dict(self.origin.tags), **dict(self.own_tags)}

    def filled(self) -> Filled:
        """Subject, text and HTML with this recipient's data in them."""
        if self.origin.content is None:
            return Filled("", None, None)
        return self.origin.content.fill(self._values())

    def subject(self) -> str:
        """The subject alone: each event shows it, and the parts are long."""
        return self.origin.content.subject(self._values()) if self.origin.content else ""

    def _values(self) -> dict[str, object]:
        own: dict[str, object] = json.loads(self.data) if self.data else {}
        return {**self.origin.data, **own}


class Store:
    """All messages, numbered from 1 in the order in which they were accepted."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._messages: list[Message] = []
        self.run = uuid.uuid4().hex[:16]

    def add(self, message: Message) -> Message:
        """Number it and keep it."""
        with self._lock:
            message.seq = len(self._messages) + 1
            self._messages.append(message)
        return message

    def by_id(self, message_id: str) -> Message | None:
        """The message of that id."""
        try:
            seq = int(message_id.split("-")[5], 16) * _GATHER % (1 << 48)
        except (IndexError, ValueError):
            return None
        found = self.by_seq(seq)
        return found if found and found.id == message_id else None

    def by_seq(self, seq: int) -> Message | None:
        return self._messages[seq - 1] if 0 < seq <= len(self._messages) else None

    def since(self, seq: int) -> Iterator[Message]:
        """The messages that reached a mailbox, oldest first, after number *seq*."""
        return (m for m in islice(self._messages, seq, len(self._messages)) if m.missing is None)

    def newest(self) -> Iterator[Message]:
        """The same, newest first."""
        return (m for m in reversed(self._messages[:]) if m.missing is None)

    def latest(self) -> int:
        """The number of the last message, 0 before there is one."""
        return len(self._messages)

    def never_made(self) -> int:
        return sum(1 for m in self._messages if m.missing is not None)

    def reset(self) -> None:
        """Forget everything; ids given out before are not given out again."""
        with self._lock:
            self._messages = []
            self.run = uuid.uuid4().hex[:16]

    def by_recipient(self) -> Counter[str]:
        """How many messages each address was sent."""
        return Counter(a for m in self.since(0) for a in m.destination.everyone)

    def by_tag(self, name: str) -> Counter[str]:
        """How many messages carry each value of a tag."""
        return Counter(m.tags[name] for m in self.since(0) if name in m.tags)

    def tag_names(self) -> set[str]:
        return {name for m in self.since(0) for name in m.tags}

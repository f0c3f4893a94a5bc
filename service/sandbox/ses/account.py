"""An SES account: its parts, what lets a call in, and what happens to a message it accepts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from ..clock import Clock
from ..faults import Faults
from ..permissions import Permissions
from ..sns import Topics
from ..store import Destination, Message, Origin, Pair, Step, Store
from ..web import Request, Response, as_json
from . import events, outcomes
from .checks import bare
from .directory import Directory
from .errors import SesError
from .identities import Identities
from .limits import Limits
from .suppression import SuppressionList
from .templates import Templates


@dataclass(slots=True)
class Entry:
    """One recipient's share of a call, checked."""

    destination: Destination
    data: str = ""
    headers: tuple[Pair, ...] = ()
    tags: tuple[Pair, ...] = ()
    missing: str | None = None


@dataclass(slots=True)
class Account:
    """The parts of an SES account in one region."""

    clock: Clock
    store: Store
    faults: Faults
    topics: Topics
    permissions: Permissions = field(default_factory=Permissions)
    templates: Templates = field(init=False)
    limits: Limits = field(init=False)
    suppression: SuppressionList = field(init=False)
    directory: Directory = field(init=False)
    identities: Identities = field(default_factory=Identities)
    _held: list[Callable[[], None]] = field(default_factory=list)
    """Publications that wait until events are held no more."""
    _holding: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.directory = Directory(self.topics)
        self.templates = Templates(self.clock)
        self.suppression = SuppressionList(self.clock)
        self.limits = Limits(self.clock, self.faults["max_send_rate"], self.faults["max_24h"])

    def apply_faults(self) -> None:
        """Take the account's limits from the faults in force."""
        asked = self.faults
        self.limits.configure(
            asked["max_send_rate"],
            asked["max_24h"],
            asked["sent_last_24h"],
            kept_rate=asked["throttle_above"],
            day=asked["day_seconds"],
        )

    def require_open(self) -> None:
        """Refuse while the account is suspended or paused."""
        state = self.faults["account"]
        if state["enforcement_status"] == "SHUTDOWN":
            raise SesError("AccountSuspendedException", "Your account is suspended.")
        if not state["sending_enabled"]:
            raise SesError("SendingPausedException", "Sending is paused for your account.")

    def accept(self, origin: Origin, entry: Entry) -> Message:
        """Keep a message and decide what becomes of it. Its events are published apart."""
        if entry.missing is None:
            steps = outcomes.plan(entry.destination, self.suppression, self.faults["outcomes"])
        else:
            steps = outcomes.RENDERING_FAILURE
        return self.store.add(
            Message(
                0,
                origin,
                entry.destination,
                entry.data,
                entry.headers,
                entry.tags,
                steps,
                entry.missing,
            )
        )

    def publish(self, accepted: list[Message]) -> None:
        """Send the events of one call's messages on their way, as the faults will have it."""
        self._remember_bad_addresses(accepted)
        wish = self.faults["events"]
        if not accepted or not accepted[0].origin.configuration_set or not wish["enabled"]:
            return
        told = [
            (message, step)
            for message in accepted
            if not self._meets(wish["mute_rate"], "mute", message)
            for step in message.plan
        ]
        if wish["shuffle"]:
            told.sort(key=lambda event: self._luck("place", *event))
        for message, step in told:
            if self._meets(wish["drop_rate"], "drop", message, step):
                continue
            late = wish["delay_ms"]
            if wish["jitter_ms"]:
                late += wish["jitter_ms"] * self._luck("late", message, step)
            copies = 2 if self._meets(wish["double"], "double", message, step) else 1
            for topic in self.directory.listening(message.origin.configuration_set, step.kind):
                render = partial(events.render, message, step)
                self._publish(partial(topic.publish, render, delay=late / 1000, copies=copies))

    def _publish(self, publication: Callable[[], None]) -> None:
        with self._holding:
            if self.faults["events"]["hold"]:
                self._held.append(publication)
                return
        publication()

    def let_events_go(self) -> None:
        """Publish what was held, unless it still is to be. Their delays count from now."""
        with self._holding:
            if self.faults["events"]["hold"]:
                return
            held, self._held = self._held, []
        for publication in held:
            publication()

    def forget_held_events(self) -> None:
        """Of an account that is emptied."""
        with self._holding:
            self._held.clear()

    def _meets(self, rate: float, what: str, message: Message, *steps: Step) -> bool:
        return bool(rate) and self._luck(what, message, *steps) < rate

    def _luck(self, what: str, message: Message, *steps: Step) -> float:
        """Drawn for this very message, so that it is the same in whatever order calls come."""
        return self.faults.draw(what, message.destination.everyone, message.own_tags, *steps)

    def _remember_bad_addresses(self, accepted: list[Message]) -> None:
        """Bounces and complaints put an address on the account's list; the simulator's do not."""
        reasons = {"Bounce": "BOUNCE", "Complaint": "COMPLAINT"}
        for message in accepted:
            for step in message.plan:
                if step.kind in reasons:
                    address = bare(message.destination.everyone[step.recipient]).lower()
                    if not address.endswith(outcomes.SIMULATOR):
                        self.suppression.add(address, reasons[step.kind])

    def show(self, _request: Request) -> Response:
        """GetAccount."""
        state = self.faults["account"]
        return as_json(
            {
                "DedicatedIpAutoWarmupEnabled": False,
                "EnforcementStatus": state["enforcement_status"],
                "ProductionAccessEnabled": state["production_access"],
                "SendQuota": {
                    "Max24HourSend": float(self.limits.max_24h),
                    "MaxSendRate": float(self.limits.max_send_rate),
                    "SentLast24Hours": float(self.limits.sent_last_24h()),
                },
                "SendingEnabled": state["sending_enabled"],
                "SuppressionAttributes": {"SuppressedReasons": ["BOUNCE", "COMPLAINT"]},
            }
        )

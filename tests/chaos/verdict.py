"""Hold what the rows say against the sandbox's own ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import text

from service.delivery.states import SENT
from service.models import DeliveryState
from tests.chaos.history import Change, history
from tests.chaos.scene import Scene

ROWS = """
SELECT d.id, s.email, d.state, d.resends, coalesce(d.reason, '')
FROM delivery d JOIN subscriber s ON s.id = d.subscriber_id
WHERE d.issue_id = :issue
"""


NEVER_PLANNED = """
SELECT s.email FROM subscription c JOIN subscriber s ON s.id = c.subscriber_id
WHERE c.newsletter_id = :newsletter AND NOT EXISTS (
    SELECT FROM delivery d WHERE d.issue_id = :issue AND d.subscription_id = c.id
)
"""


READ_BEFORE = 1.0
"""Seconds between the service's look at the clock and its transaction, on a busy machine."""


class Promise(StrEnum):
    """What a round holds the service to. In each, nothing is ever lost without being said."""

    EXACTLY_ONCE = "exactly once"
    """Everyone who did not leave has one message, and nobody two."""
    NEVER_TWICE = "never twice"
    """Events are missing for good, policy ``skip``: who has none is said to be given up."""
    NEVER_NONE = "never none"
    """Events are missing for good, policy ``retry``: who has two was unknown, and has two."""


@dataclass(frozen=True)
class Row:
    """A delivery at the end."""

    address: str
    state: DeliveryState
    resends: int
    reason: str


@dataclass(frozen=True)
class Sent:
    """A message that the sandbox took."""

    delivery_id: int
    attempt: int
    address: str
    at: float


@dataclass(frozen=True)
class Verdict:
    """The figures of a round, and what is wrong with it in sentences."""

    messages: int
    lost: int
    twice: int
    unknown: int
    given_up: int
    rejected: int
    left: int
    suppressed: int
    """Of those who left: by a bounce or a complaint after the plan."""
    sent_back: int
    """Times that a message was marked and came back as surely not sent."""
    samples: int
    problems: list[str]


def judge(scene: Scene, promise: Promise, *, grace: float, rejects: bool) -> Verdict:
    """Judge a round that is over; *grace* in seconds, *rejects* when SES refused some for good."""
    sent, rows, changes = messages_of(scene), rows_of(scene), history_of(scene)
    count = Counter(message.delivery_id for message in sent)
    journeys = journeys_of(changes)
    said_so = {DeliveryState.SKIPPED}
    if rejects:
        said_so.add(DeliveryState.REJECTED)
    given_up = {i for i, row in rows.items() if row.state is DeliveryState.GIVEN_UP}
    if promise is Promise.NEVER_TWICE:
        said_so.add(DeliveryState.GIVEN_UP)
    lost = [i for i, row in rows.items() if not count[i] and row.state not in said_so]
    if promise is Promise.NEVER_NONE:  # the second call was swallowed as well, and it is said
        lost = [i for i in lost if not (rows[i].resends and i in given_up)]
    twice = [i for i, times in count.items() if times > 1]
    told = {i for i, row in rows.items() if count[i] and row.state not in SENT}
    if promise is not Promise.EXACTLY_ONCE:
        told -= given_up
    problems = list(scene.watcher.wrong)
    problems += [f"lost: {rows[i]} {journeys.get(i)}" for i in lost]
    if promise is Promise.NEVER_NONE:
        problems += [
            f"twice without need: {rows.get(i)} {journeys.get(i)}"
            for i in twice
            if i not in rows or not _resent(rows[i], count[i])
        ]
    else:
        problems += [f"{count[i]} times: {rows.get(i)} {journeys.get(i)}" for i in twice]
    problems += [f"sent, and said to be {rows[i].state}: {rows[i]}" for i in told if i in rows]
    problems += [f"nobody's message: {m}" for m in sent if m.delivery_id not in rows]
    problems += [
        f"to somebody else: {m} {rows[m.delivery_id]}"
        for m in sent
        if m.delivery_id in rows and m.address != rows[m.delivery_id].address
    ]
    problems += [
        f"skipped without having left: {row}"
        for row in rows.values()
        if row.state is DeliveryState.SKIPPED and row.address not in scene.watcher.left
    ]
    problems += [
        f"never planned: {address}"
        for address in never_planned(scene)
        if address not in scene.watcher.left
    ]
    problems += _written_ahead(sent, changes)
    problems += _after_leaving(sent, changes, scene.watcher.left)
    problems += _backwards(changes)
    problems += _too_early(changes, grace)
    if scene.watcher.samples < 5:
        problems.append(f"only {scene.watcher.samples} samples of the states were had")
    return Verdict(
        messages=len(sent),
        lost=len(lost),
        twice=len(twice),
        unknown=len({c.delivery_id for c in changes if c.state is DeliveryState.UNKNOWN}),
        given_up=len(given_up),
        rejected=sum(row.state is DeliveryState.REJECTED for row in rows.values()),
        left=sum(row.state is DeliveryState.SKIPPED for row in rows.values()),
        suppressed=sum(
            row.state is DeliveryState.SKIPPED and "suppressed" in row.reason
            for row in rows.values()
        ),
        sent_back=_sent_back(changes),
        samples=scene.watcher.samples,
        problems=problems,
    )


def _resent(row: Row, times: int) -> bool:
    return times == 2 and row.resends == 1


def messages_of(scene: Scene) -> list[Sent]:
    """The ledger's messages of the round's issue."""
    everything: list[dict[str, Any]] = scene.stage.control("messages", limit="1000000")["messages"]
    ours = {str(identity) for identity in scene.issues}
    nobodys = [row for row in everything if row["tags"].get("issue") not in ours]
    assert not nobodys, f"{len(nobodys)} messages of no issue of ours, such as {nobodys[0]}"
    rows = [row for row in everything if row["tags"]["issue"] == str(scene.issue_id)]
    return [
        Sent(
            int(row["tags"]["delivery"]),
            int(row["tags"]["attempt"]),
            row["to"][0],
            datetime.fromisoformat(row["time"]).timestamp(),
        )
        for row in rows
    ]


def rows_of(scene: Scene) -> dict[int, Row]:
    with scene.stage.engine.connect() as connection:
        found = connection.execute(text(ROWS), {"issue": scene.issue_id}).all()
    return {row[0]: Row(row[1], DeliveryState(row[2]), row[3], row[4]) for row in found}


def never_planned(scene: Scene) -> list[str]:
    """Addresses of subscribers without a row."""
    keys = {"issue": scene.issue_id, "newsletter": scene.newsletter_id}
    with scene.stage.engine.connect() as connection:
        return list(connection.execute(text(NEVER_PLANNED), keys).scalars())


def journeys_of(changes: list[Change]) -> Mapping[int, str]:
    """By delivery, what it went through, for whoever must find out why."""
    steps: dict[int, list[str]] = {}
    for change in changes:
        step = f"{change.at:%M:%S.%f} {change.state.value} {change.attempt}"
        steps.setdefault(change.delivery_id, []).append(step)
    return {identity: " → ".join(found) for identity, found in steps.items()}


def _sent_back(changes: list[Change]) -> int:
    before: dict[int, DeliveryState] = {}
    times = 0
    for change in changes:
        was = before.get(change.delivery_id)
        times += was is DeliveryState.SENDING and change.state is DeliveryState.QUEUED
        before[change.delivery_id] = change.state
    return times


def history_of(scene: Scene) -> list[Change]:
    return history(scene.stage.engine, scene.issue_id)


def _marks(changes: list[Change]) -> Mapping[tuple[int, int], Change]:
    sending = (change for change in changes if change.state is DeliveryState.SENDING)
    return {(change.delivery_id, change.attempt): change for change in sending}


def _written_ahead(sent: list[Sent], changes: list[Change]) -> Iterator[str]:
    """Each message was marked with its attempt before SES had it, and each attempt went once."""
    marks, seen = _marks(changes), set[tuple[int, int]]()
    for message in sent:
        key = (message.delivery_id, message.attempt)
        mark = marks.get(key)
        # The sandbox writes down milliseconds, cut off.
        if mark is None or mark.at.timestamp() > message.at + 0.001:
            yield f"sent before it was marked: {message}"
        if key in seen:
            yield f"one attempt, two messages: {message}"
        seen.add(key)


def _after_leaving(
    sent: list[Sent], changes: list[Change], left: Mapping[str, float]
) -> Iterator[str]:
    """Who was seen to have left before the mark's transaction began gets nothing."""
    marks = _marks(changes)
    for message in sent:
        mark = marks.get((message.delivery_id, message.attempt))
        if mark and left.get(message.address, mark.begun.timestamp()) < mark.begun.timestamp():
            yield f"sent to who had left: {message}"


def _backwards(changes: list[Change]) -> Iterator[str]:
    """What SES is known to have is never queued or sent again."""
    known: set[int] = set()
    for change in changes:
        if change.state in SENT:
            known.add(change.delivery_id)
        elif change.delivery_id in known:
            yield f"went back: {change}"


def waited(since: Change, until: Change) -> float:
    """Seconds, by the clocks of the two transactions, which may begin a moment after the service
    has read its own."""
    return (until.at - since.begun).total_seconds() + READ_BEFORE


def _too_early(changes: list[Change], grace: float) -> Iterator[str]:
    """The policy speaks for no row that was unknown for less than the grace period."""
    unknown: dict[int, Change] = {}
    for change in changes:
        since = unknown.pop(change.delivery_id, None)
        if change.state is DeliveryState.UNKNOWN:
            unknown[change.delivery_id] = change
        spoken = change.state in {DeliveryState.GIVEN_UP, DeliveryState.QUEUED} and since
        by_policy = since is not None and (
            change.state is DeliveryState.GIVEN_UP or change.resends > since.resends
        )
        if spoken and since and by_policy and waited(since, change) < grace:
            yield f"the policy spoke too early: {since} → {change}"

"""One call a recipient, for transports whose far side takes one message at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from service.delivery.transports import Outcome, Verdict

PATIENCE = 20.0
"""Seconds after which no further call of a chunk is begun: a task may take 90, a lease 120."""

ABOUT_ONE_READER = frozenset({Verdict.ACCEPTED, Verdict.RETRY, Verdict.REJECTED})

Message = TypeVar("Message")


def one_by_one(
    messages: Sequence[Message],
    call: Callable[[Message], Outcome],
    *,
    clock: Callable[[], float] = time.time,
) -> list[Outcome]:
    """Call for each of *messages*; one outcome each, in their order.

    Once the far side is away or refuses everybody, or time has run out (also while the process was
    frozen), the rest is not tried, so that it is surely not sent.
    """
    outcomes: list[Outcome] = []
    until = clock() + PATIENCE
    for message in messages:
        outcome = call(message)
        twice_invalid = outcome.invalid and bool(outcomes) and outcomes[-1].invalid
        outcomes.append(outcome)
        if outcome.invalid and not twice_invalid:
            continue  # the next one tells whether it is the mail or this reader's address
        if outcome.verdict not in ABOUT_ONE_READER:
            why = outcome.reason
        elif clock() >= until:
            why = "The far side is too slow."
        else:
            continue
        rest = Outcome(Verdict.LATER, reason=f"Not tried. {why}")
        return outcomes + [rest] * (len(messages) - len(outcomes))
    return outcomes

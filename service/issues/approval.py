"""What to do about an issue that waits for an editor: remind, remind again, then let it be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from service.models import UnapprovedPolicy

LAST_CALL = timedelta(hours=1)
"""How long before its limit an issue reminds again; half of the limit where that is shorter."""


class Step(StrEnum):
    """Editors are told of each, once."""

    REMIND = "waits"
    REMIND_AGAIN = "last_call"
    HOLD = "held"
    SKIP = "skipped"


TOLD = {Step.REMIND: 1, Step.REMIND_AGAIN: 2, Step.HOLD: 3, Step.SKIP: 3}
"""How many reminders an issue counts after a step; those passed over count as well."""


@dataclass(frozen=True)
class Rule:
    """A newsletter's: how long its issues wait, and what then becomes of them."""

    limit: timedelta
    then: UnapprovedPolicy

    @property
    def last_call(self) -> timedelta:
        """How long an issue has waited when it reminds again."""
        return self.limit - min(LAST_CALL, self.limit / 2)


def next_step(rule: Rule, since: datetime, reminders: int, now: datetime) -> Step | None:
    """What is due at *now* for an issue that waits *since* and has *reminders*; None for nothing.

    Of several that are due after an outage, only the last. No step sends anything.
    """
    waited = now - since
    if waited >= rule.limit:
        step = Step.SKIP if rule.then is UnapprovedPolicy.SKIP else Step.HOLD
    elif waited >= rule.last_call:
        step = Step.REMIND_AGAIN
    else:
        step = Step.REMIND
    return step if reminders < TOLD[step] else None

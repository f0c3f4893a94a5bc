"""Which state follows which. Pure: evidence in, state out.

Events from SES come twice, out of order and before our own commit, so nothing here is a strict
machine: what SES says moves a delivery *by rank*, never back, and from wherever it stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from service.models import DeliveryState

RANK: Mapping[DeliveryState, int] = {
    DeliveryState.ACCEPTED: 1,
    DeliveryState.SOFT_BOUNCED: 2,
    DeliveryState.DELIVERED: 3,
    DeliveryState.BOUNCED: 4,
    DeliveryState.COMPLAINED: 5,
}
"""A bounce may follow a delivery (the receiving host took it and then thought better of it)."""

UNRESOLVED = frozenset({DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.UNKNOWN})
"""While one row is in these, its issue is not "sent"."""

SENT = frozenset(RANK)
"""SES took the message: it is never sent again."""


class Evidence(StrEnum):
    """What an event of SES proves about one message."""

    ACCEPTED = "accepted"
    """Send, DeliveryDelay, Open, Click: SES has it."""
    SOFT_BOUNCED = "soft_bounced"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    REJECTED = "rejected"
    """Reject, Rendering Failure: SES took the call and then sent nothing."""


def after(state: DeliveryState, evidence: Evidence) -> DeliveryState:
    """The state of a delivery in *state* once *evidence* is known.

    A row that we hold for queued, unknown, skipped or rejected moves as well: evidence of a message
    outranks what we believed, and a row that is known to be sent is not sent again.
    """
    if evidence is Evidence.REJECTED:
        return state if RANK.get(state, 0) > 1 else DeliveryState.REJECTED
    proved = DeliveryState(evidence.value)
    if state is DeliveryState.REJECTED and evidence is Evidence.ACCEPTED:
        return state  # "Send" precedes "Rendering Failure" and may come after it
    return proved if RANK[proved] > RANK.get(state, 0) else state

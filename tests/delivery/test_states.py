"""What SES says moves a delivery by rank: never back, from wherever it stands."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.delivery.states import RANK, SENT, UNRESOLVED, Evidence, after
from service.models import DeliveryState as State


@pytest.mark.parametrize(
    ("state", "evidence", "expected"),
    [
        (State.SENDING, Evidence.ACCEPTED, State.ACCEPTED),
        (State.UNKNOWN, Evidence.ACCEPTED, State.ACCEPTED),
        (State.UNKNOWN, Evidence.DELIVERED, State.DELIVERED),
        (State.ACCEPTED, Evidence.SOFT_BOUNCED, State.SOFT_BOUNCED),
        (State.SOFT_BOUNCED, Evidence.DELIVERED, State.DELIVERED),
        (State.DELIVERED, Evidence.SOFT_BOUNCED, State.DELIVERED),
        (State.DELIVERED, Evidence.ACCEPTED, State.DELIVERED),
        (State.DELIVERED, Evidence.BOUNCED, State.BOUNCED),
        (State.BOUNCED, Evidence.DELIVERED, State.BOUNCED),
        (State.BOUNCED, Evidence.COMPLAINED, State.COMPLAINED),
        (State.COMPLAINED, Evidence.BOUNCED, State.COMPLAINED),
        # Queued again after an unknown outcome, and then the first attempt's event arrives.
        (State.QUEUED, Evidence.DELIVERED, State.DELIVERED),
        (State.SKIPPED, Evidence.ACCEPTED, State.ACCEPTED),
        # A template that could not be filled: SES took the call and sent nothing.
        (State.ACCEPTED, Evidence.REJECTED, State.REJECTED),
        (State.REJECTED, Evidence.ACCEPTED, State.REJECTED),
        (State.REJECTED, Evidence.DELIVERED, State.DELIVERED),
        (State.DELIVERED, Evidence.REJECTED, State.DELIVERED),
    ],
)
def test_it_follows_the_table(state: State, evidence: Evidence, expected: State) -> None:
    assert after(state, evidence) is expected


@given(st.lists(st.sampled_from(sorted(Evidence)), min_size=1, max_size=5))
def test_it_ends_the_same_in_whatever_order_the_events_come(evidence: list[Evidence]) -> None:
    ends = set()
    for order in permutations(evidence):
        state = State.SENDING
        for one in order:
            state = after(state, one)
        ends.add(state)
    assert len(ends) == 1, f"{evidence} ends in {ends}"


@given(st.sampled_from(sorted(State)), st.sampled_from(sorted(Evidence)))
def test_it_never_moves_back_and_never_into_an_unresolved_state(
    state: State, evidence: Evidence
) -> None:
    moved = after(state, evidence)
    assert moved == state or moved not in UNRESOLVED
    if state in SENT and moved in SENT:
        assert RANK[moved] >= RANK[state]
    assert after(moved, evidence) is moved, "the same event twice moved it twice"

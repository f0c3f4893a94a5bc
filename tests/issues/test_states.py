"""Which state of an issue may follow which."""

from __future__ import annotations

from itertools import product

import pytest

from service.issues.states import FROZEN, MOVES, IllegalMove, check_move
from service.models import IssueState

ALLOWED = {
    ("draft", "approved"),
    ("draft", "skipped"),
    ("approved", "sending"),
    ("approved", "held"),
    ("approved", "skipped"),
    ("approved", "stopped"),
    ("approved", "draft"),
    ("sending", "sent"),
    ("sending", "held"),
    ("sending", "stopped"),
    ("sent", "sending"),
    ("held", "approved"),
    ("held", "sending"),
    ("held", "stopped"),
    ("skipped", "draft"),
}


@pytest.mark.parametrize(("old", "new"), list(product(IssueState, IssueState)))
def test_it_allows_these_moves_and_no_others(old: IssueState, new: IssueState) -> None:
    if (old.value, new.value) in ALLOWED:
        check_move(old, new)
        return
    with pytest.raises(IllegalMove):
        check_move(old, new)


def test_every_state_has_its_moves() -> None:
    assert set(MOVES) == set(IssueState)


def test_what_went_out_is_frozen_and_what_did_not_is_not() -> None:
    assert set(IssueState) - FROZEN == {IssueState.DRAFT, IssueState.SKIPPED}


def test_it_says_what_is_possible_instead() -> None:
    with pytest.raises(IllegalMove) as caught:
        check_move(IssueState.STOPPED, IssueState.SENDING)
    assert str(caught.value) == "The issue is stopped and cannot become being sent: that is final."
    with pytest.raises(IllegalMove, match="it can only become approved or skipped"):
        check_move(IssueState.DRAFT, IssueState.SENDING)

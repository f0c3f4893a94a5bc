"""Faults by chance: as often as they were told, together, and the same for the same seed."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from service.sandbox import Sandbox

from .people import ask, bulk, entry, simple

CALLS = 60


def set_chances(sandbox: Sandbox, *chances: dict[str, Any], seed: int = 7, **more: Any) -> None:
    answer = ask(sandbox.url, "/control/faults", {"seed": seed, "chance": chances, **more})
    assert answer.status == 200


def answers(ses: Any, calls: int = CALLS) -> list[str]:
    """What became of each of so many single sends."""
    found = []
    for number in range(calls):
        try:
            ses.send_email(**simple(f"p{number}@mail.example"))
        except ConnectionClosedError:
            found.append("dropped")
        except ClientError as error:
            found.append(error.response["Error"]["Code"])
        else:
            found.append("taken")
    return found


def statuses(ses: Any, calls: int = 10) -> list[str]:
    call = bulk(*(entry(f"p{n}@mail.example") for n in range(50)))
    return [
        result["Status"]
        for _ in range(calls)
        for result in ses.send_bulk_email(**call)["BulkEmailEntryResults"]
    ]


def test_it_fails_a_share_of_calls_and_the_same_ones_for_the_same_seed(
    sandbox: Sandbox, ses: Any
) -> None:
    chances = (
        {"kind": "drop", "probability": 0.25},
        {"kind": "error500", "probability": 0.25},
    )
    set_chances(sandbox, *chances)
    first = answers(ses)
    assert {"dropped", "InternalServiceErrorException", "taken"} == set(first)
    assert 0.1 < first.count("dropped") / CALLS < 0.4
    assert first.count("taken") == sandbox.store.latest()
    set_chances(sandbox, *chances)
    assert answers(ses) == first
    set_chances(sandbox, *chances, seed=8)
    assert answers(ses) != first


def test_it_accepts_what_is_dropped_after_it_was_taken(sandbox: Sandbox, ses: Any) -> None:
    set_chances(sandbox, {"kind": "accept_then_drop", "probability": 0.5})
    assert set(answers(ses)) == {"dropped", "taken"}
    assert sandbox.store.latest() == CALLS


def test_it_fails_a_share_of_entries_with_each_status(sandbox: Sandbox, ses: Any) -> None:
    wanted = ["TRANSIENT_FAILURE", "FAILED", "MESSAGE_REJECTED"]
    chance = {"kind": "entry_status", "statuses": wanted, "probability": 0.3}
    set_chances(sandbox, chance, max_send_rate=10_000)
    first = statuses(ses)
    tally = Counter(first)
    assert set(tally) == {"SUCCESS", *wanted}
    assert 0.2 < 1 - tally["SUCCESS"] / len(first) < 0.4
    assert all(tally[status] > 0.2 * (len(first) - tally["SUCCESS"]) for status in wanted)
    assert sandbox.store.latest() == tally["SUCCESS"]
    set_chances(sandbox, chance)
    assert statuses(ses) == first


def test_it_lets_one_call_meet_several_faults(sandbox: Sandbox, ses: Any) -> None:
    set_chances(
        sandbox,
        {"kind": "slow", "seconds": 0.01, "probability": 1},
        {"kind": "entry_status", "status": "FAILED", "probability": 1},
        {"kind": "accept_then_500", "probability": 1},
    )
    with pytest.raises(ClientError, match="InternalServiceError"):
        ses.send_bulk_email(**bulk(entry("ada@mail.example")))
    assert sandbox.store.latest() == 0


def test_it_meets_what_is_told_before_what_is_left_to_chance(sandbox: Sandbox, ses: Any) -> None:
    told = [{"kind": "throttle"}]
    set_chances(sandbox, {"kind": "error500", "probability": 1}, fail_next=told)
    assert answers(ses, 2) == ["TooManyRequestsException", "InternalServiceErrorException"]

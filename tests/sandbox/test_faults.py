"""Faults: what was told to go wrong goes wrong, once, in its order."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from hypothesis import given
from hypothesis import strategies as st

from service.sandbox import Sandbox
from service.sandbox.faults import KINDS, Faults

from .people import ask, bulk, entry, simple


def fail(sandbox: Sandbox, *faults: dict[str, Any]) -> None:
    assert ask(sandbox.url, "/control/faults", {"fail_next": faults}).status == 200


def test_it_eats_faults_in_order_one_a_call(sandbox: Sandbox, ses: Any) -> None:
    fail(sandbox, {"kind": "throttle"}, {"kind": "error500", "times": 2})
    with pytest.raises(ses.exceptions.TooManyRequestsException):
        ses.send_email(**simple("ada@mail.example"))
    for _ in range(2):
        with pytest.raises(ClientError, match="InternalServiceError"):
            ses.send_bulk_email(**bulk(entry("ada@mail.example")))
    assert ask(sandbox.url, "/control/faults").json()["fail_next"] == []
    assert sandbox.store.latest() == 0
    assert ses.send_email(**simple("ada@mail.example"))["MessageId"]


def test_it_accepts_and_then_answers_500(sandbox: Sandbox, ses: Any, events: Any) -> None:
    fail(sandbox, {"kind": "accept_then_500"})
    with pytest.raises(ClientError, match="InternalServiceError"):
        ses.send_bulk_email(**bulk(entry("ada@mail.example", "d1")))
    assert sandbox.store.by_tag("delivery") == {"d1": 1}
    assert [e["eventType"] for e in events()] == ["Send", "Delivery"]


def test_it_accepts_and_then_hangs_up_without_an_answer(sandbox: Sandbox, ses: Any) -> None:
    fail(sandbox, {"kind": "accept_then_drop"})
    with pytest.raises(ConnectionClosedError):
        ses.send_bulk_email(**bulk(entry("ada@mail.example")))
    assert sandbox.store.by_recipient() == {"ada@mail.example": 1}


def test_it_hangs_up_before_it_has_accepted_anything(sandbox: Sandbox, ses: Any) -> None:
    fail(sandbox, {"kind": "drop"})
    with pytest.raises(ConnectionClosedError):
        ses.send_bulk_email(**bulk(entry("ada@mail.example")))
    assert sandbox.store.latest() == 0


def test_it_is_slow_when_told_and_answers_as_always(sandbox: Sandbox, ses: Any) -> None:
    fail(sandbox, {"kind": "slow", "seconds": 0.2})
    start = time.monotonic()
    assert ses.send_email(**simple("ada@mail.example"))["MessageId"]
    assert time.monotonic() - start >= 0.2


@pytest.mark.parametrize(("accept", "kept"), [(True, 1), (False, 0)])
def test_it_hangs_for_as_long_as_it_was_told(
    sandbox: Sandbox, ses: Any, accept: bool, kept: int
) -> None:
    fail(sandbox, {"kind": "hang", "seconds": 0.3, "accept": accept})
    start = time.monotonic()
    with pytest.raises(ConnectionClosedError):
        ses.send_email(**simple("ada@mail.example"))
    assert time.monotonic() - start >= 0.3
    assert sandbox.store.latest() == kept


def test_it_refuses_with_the_error_it_was_told(sandbox: Sandbox, ses: Any) -> None:
    error = "MailFromDomainNotVerifiedException"
    fail(sandbox, {"kind": "refuse", "error": error, "message": "Not verified: news.example"})
    with pytest.raises(ses.exceptions.MailFromDomainNotVerifiedException, match=r"news\.example"):
        ses.send_bulk_email(**bulk(entry("ada@mail.example")))


@pytest.mark.parametrize(
    ("which", "failed"),
    [
        ({"first": 2}, {"p0", "p1"}),
        ({"recipients": ["P1@mail.example"]}, {"p1"}),
        ({}, {"p0", "p1", "p2"}),
    ],
)
def test_it_gives_entries_the_status_it_was_told(
    sandbox: Sandbox, ses: Any, which: dict[str, Any], failed: set[str]
) -> None:
    fail(sandbox, {"kind": "entry_status", "status": "TRANSIENT_FAILURE", **which})
    call = bulk(*(entry(f"p{n}@mail.example") for n in range(3)))
    results = ses.send_bulk_email(**call)["BulkEmailEntryResults"]
    assert {f"p{n}" for n, r in enumerate(results) if r["Status"] == "TRANSIENT_FAILURE"} == failed
    assert len(sandbox.store.by_recipient()) == 3 - len(failed)


def test_it_delays_sends(sandbox: Sandbox, ses: Any) -> None:
    ask(sandbox.url, "/control/faults", {"send_delay_ms": 200})
    start = time.monotonic()
    ses.send_email(**simple("ada@mail.example"))
    assert time.monotonic() - start >= 0.2


def test_it_keeps_what_a_change_does_not_name(sandbox: Sandbox) -> None:
    ask(sandbox.url, "/control/faults", {"seed": 4, "events": {"double": True}})
    shown = ask(sandbox.url, "/control/faults", {"events": {"delay_ms": 5}}).json()
    assert shown["seed"] == 4
    assert (shown["events"]["double"], shown["events"]["delay_ms"]) == (True, 5)


@pytest.mark.parametrize(
    "wrong",
    [
        {"fail_nxt": []},
        {"fail_next": [{"kind": "explode"}]},
        {"fail_next": {}},
        {"max_send_rate": "fast"},
        {"events": {"dubble": True}},
        {"events": 3},
        {"outcomes": {"ada@mail.example": "vanish"}},
        {"chance": [{"kind": "explode", "probability": 0.5}]},
        {"chance": [{"kind": "drop"}]},
        {"chance": [{"kind": "drop", "probability": 2}]},
        {"throttle_above": "slowly"},
        {"events": {"double": "often"}},
    ],
)
def test_it_refuses_a_fault_it_does_not_know_and_changes_nothing(
    sandbox: Sandbox, wrong: dict[str, Any]
) -> None:
    before = ask(sandbox.url, "/control/faults").json()
    answer = ask(sandbox.url, "/control/faults", {"seed": 9, **wrong})
    assert answer.status == 400
    assert ask(sandbox.url, "/control/faults").json() == before


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(1, 4)), max_size=6))
def test_it_hands_out_each_fault_as_often_as_it_was_told(planned: list[tuple[str, int]]) -> None:
    faults = Faults()
    faults.change({"fail_next": [{"kind": kind, "times": times} for kind, times in planned]})
    drawn = [faults.next_send() for _ in range(sum(times for _, times in planned) + 1)]
    assert [f["kind"] for f in drawn if f] == [k for k, times in planned for _ in range(times)]
    assert drawn[-1] is None


@given(st.integers(), st.lists(st.text(max_size=5), min_size=2, max_size=5, unique=True))
def test_it_draws_by_the_seed_and_by_what_it_draws_for(seed: int, things: list[str]) -> None:
    first, second = Faults(), Faults()
    for faults in (first, second):
        faults.change({"seed": seed})
    numbers = {thing: first.draw("late", thing) for thing in things}
    assert numbers == {thing: second.draw("late", thing) for thing in reversed(things)}
    assert all(0 <= number < 1 for number in numbers.values())
    assert len(set(numbers.values())) == len(things)

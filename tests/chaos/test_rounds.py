"""Short rounds of what `make chaos` does at length: faults together, fewer readers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from service.models import UnknownPolicy
from tests.chaos import acts
from tests.chaos.rounds import LOST_ANSWERS, WILD_EVENTS, Round
from tests.chaos.rounds import play as play_round
from tests.chaos.stage import Stage
from tests.chaos.verdict import Promise

READERS = 2000
PATIENCE = 90.0

NO_EVENT = {
    "fail_next": [{"kind": "accept_then_drop"}, {"kind": "drop"}],
    "events": {"enabled": False},
}
"""The first two calls: one was taken, one was not, and nobody ever tells which."""
NO_EVENT_GRACE = 0.02
"""Minutes; where no event comes it is waited six times as long."""

SHORT = (  # those that want the same processes one after the other
    Round("killed processes", (acts.kill_workers, acts.kill_beat, acts.kill_events_reader)),
    Round("lost servers", (acts.lose_redis, acts.flush_redis, acts.crash_postgres)),
    Round(
        "a bad network",
        (acts.cut_network, acts.stop_workers),
        faults={"chance": LOST_ANSWERS, "events": WILD_EVENTS},
        needs=("unknown",),
    ),
    Round("readers who leave", (acts.unsubscribe_many,), earlier=100, needs=("left", "suppressed")),
    Round(
        "no events, skip",
        faults=NO_EVENT,
        promise=Promise.NEVER_TWICE,
        policy=UnknownPolicy.SKIP,
        grace_minutes=NO_EVENT_GRACE,
        needs=("given_up",),
    ),
    Round(
        "no events, retry",
        faults=NO_EVENT,
        promise=Promise.NEVER_NONE,
        grace_minutes=NO_EVENT_GRACE,
        needs=("twice",),
    ),
    Round("jumping clocks", (acts.jump_clocks,), grace_minutes=0.2, clocks=True),
)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One for all rounds: most of a round's time is the start of processes."""
    made = Stage(tmp_path_factory.mktemp("chaos"), READERS)
    try:
        made.open()
        yield made
    finally:
        made.close()


@pytest.mark.timeout(240)
@pytest.mark.parametrize("wanted", SHORT, ids=lambda wanted: wanted.name)
def test_it_keeps_its_promise(stage: Stage, wanted: Round) -> None:
    try:
        result = play_round(stage, wanted, seed=1, readers=READERS, patience=PATIENCE)
    except BaseException as error:
        error.add_note(stage.log())
        raise
    problems = result.verdict.problems
    assert not problems, "\n".join([*problems[:20], stage.log()])
    assert not result.undone, f"nothing was done by {result.undone}: the round proves nothing"

"""The rounds: which faults, what is done, what is promised."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from service.models import UnknownPolicy
from tests.chaos import acts
from tests.chaos.scene import Scene
from tests.chaos.stage import GRACE_MINUTES, Stage
from tests.chaos.verdict import Promise, Verdict, judge

QUIET = 2.5
"""Seconds after the end in which nothing more may come: two ticks, and a few rings."""

BOUNCE_JITTER_MS = 3000
"""Of the five seconds and more that an issue takes, so that some are still to be reached."""

THROTTLE_SHARE = 0.15
"""Of the rate that GetAccount tells: well below what two workers reach on two cores."""

ROW_FAILURES = ["TRANSIENT_FAILURE", "FAILED", "ACCOUNT_THROTTLED"]
FOR_GOOD = ["MESSAGE_REJECTED", "INVALID_PARAMETER"]
LOST_ANSWERS = [
    {"kind": "accept_then_drop", "probability": 0.05},
    {"kind": "accept_then_500", "probability": 0.03},
    {"kind": "drop", "probability": 0.03},
    {"kind": "error500", "probability": 0.03},
    {"kind": "hang", "seconds": 3, "accept": True, "probability": 0.02},
    {"kind": "slow", "seconds": 0.3, "probability": 0.1},
]
SWALLOWED = [
    {"kind": "accept_then_drop", "probability": 0.03},
    {"kind": "drop", "probability": 0.03},
]
WILD_EVENTS = {"delay_ms": 200, "jitter_ms": 2500, "double": 0.5, "shuffle": True}


@dataclass(frozen=True)
class Round:
    """*faults* is for ``/control/faults``; *acts* run while the issue goes out."""

    name: str
    acts: tuple[acts.Act, ...] = ()
    faults: Mapping[str, Any] = field(default_factory=dict)
    promise: Promise = Promise.EXACTLY_ONCE
    policy: UnknownPolicy = UnknownPolicy.RETRY
    grace_minutes: float = GRACE_MINUTES
    clocks: bool = False
    """Processes whose clocks can be set."""
    earlier: int = 0
    """Readers of an issue before this one, whose bounces and complaints come in once this one goes.
    They are spread over the audience, so that some are reached after their bounce."""
    rejects: bool = False
    needs: tuple[str, ...] = ()
    """Figures of the verdict that may not be 0: else its faults hit nothing."""

    def spread(self, readers: int) -> int:
        """Every so-manieth reader is one of the ``earlier`` ones."""
        return readers // self.earlier if self.earlier else readers + 1


@dataclass(frozen=True)
class Result:
    """A round that was played."""

    round: Round
    seed: int
    readers: int
    deeds: Mapping[str, int]
    seconds: float
    verdict: Verdict

    @property
    def held(self) -> bool:
        return not self.verdict.problems and not self.undone

    @property
    def undone(self) -> list[str]:
        """Acts and faults that found nothing to disturb: then the round proves nothing of them."""
        idle = [
            act.__name__
            for act in self.round.acts
            if not all(deed in self.deeds for deed in acts.DEEDS[act])
        ]
        return idle + [what for what in self.round.needs if not getattr(self.verdict, what)]


def play(stage: Stage, round_: Round, *, seed: int, readers: int, patience: float) -> Result:
    """Play a round on *stage* and judge it. AssertionError when the issue never comes to an end."""
    grace = round_.grace_minutes
    settings = {"BROADSHEET_GRACE_MINUTES": str(grace)}
    crew = stage.ready(settings, clocks=round_.clocks)
    scene = Scene(stage, crew, seed, readers)
    with stage.inside():
        scene.prepare(round_.policy)
        faults = {
            "seed": seed,
            "send_delay_ms": 500,  # a call is under way for a while, so that a kill finds some
            "max_send_rate": readers / 5,
            "max_24h": -1,
            **round_.faults,
        }
        if round_.earlier:
            _send_an_earlier_issue(scene, round_.spread(readers), patience)
        scene.subscribe(step=round_.spread(readers), chosen=False)
        if acts.unsubscribe_many in round_.acts:
            crew.web_url()  # started before the issue goes, not meanwhile
        doing = [*round_.acts, acts.hear_of_earlier_ones] if round_.earlier else round_.acts
        if "quota" in faults:
            faults |= {"max_24h": round(faults.pop("quota") * readers)}
        if "throttle_share" in faults:
            faults["throttle_above"] = faults["max_send_rate"] * faults.pop("throttle_share")
        stage.control("faults", faults)
        start = time.monotonic()
        scene.send_issue()
        with ThreadPoolExecutor(len(doing) + 1) as pool:
            acting = [pool.submit(act, scene) for act in doing]
            try:
                scene.wait_until_sent(patience)
            finally:
                scene.over.set()
        took = time.monotonic() - start
        time.sleep(QUIET)
        scene.watcher.stop()
        for act in acting:
            act.result()  # an act that broke has disturbed less than it says
        verdict = judge(scene, round_.promise, grace=grace * 60, rejects=round_.rejects)
    return Result(round_, seed, readers, dict(scene.deeds), took, verdict)


def _send_an_earlier_issue(scene: Scene, step: int, patience: float) -> None:
    """To every *step*-th, whose address goes bad; SES tells of it while the next one goes out."""
    bad = {
        f"reader{n}@example.org": ("complaint", "bounce", "bounce")[n // step % 3]
        for n in range(step, scene.readers + 1, step)
    }
    late = {"hold": True, "jitter_ms": BOUNCE_JITTER_MS}
    scene.stage.control("faults", {"outcomes": bad, "events": late, "max_send_rate": 5000})
    scene.subscribe(step=step, chosen=True)
    scene.send_issue()
    scene.wait_until_sent(patience)
    scene.watcher.stop()
    scene.stage.control("faults", {"outcomes": {}, "events": {"jitter_ms": 0}})


LONG = (
    Round("none"),
    Round("kill -9 of workers", (acts.kill_workers,)),
    Round("kill -9 of single processes of the pools", (acts.kill_pool_processes,)),
    Round("kill -9 of beat and of the reader of events", (acts.kill_beat, acts.kill_events_reader)),
    Round("SIGTERM in mid-batch", (acts.stop_workers,)),
    Round("Redis killed, data kept", (acts.kill_redis,)),
    Round("Redis killed, data lost", (acts.lose_redis,)),
    Round("FLUSHALL", (acts.flush_redis,)),
    Round("PostgreSQL crashes", (acts.crash_postgres,)),
    Round("network to SES cut", (acts.cut_network,)),
    Round(
        "SES throttles below its own rate",
        faults={"throttle_share": THROTTLE_SHARE},
        needs=("sent_back",),
    ),
    Round(
        "entries fail, for now and for good",
        faults={
            "chance": [
                {"kind": "entry_status", "statuses": ROW_FAILURES, "probability": 0.004},
                {"kind": "entry_status", "statuses": FOR_GOOD, "probability": 0.002},
            ]
        },
        rejects=True,
        needs=("rejected", "sent_back"),
    ),
    Round("account paused, resumed by hand", (acts.pause_account, acts.resume_when_halted)),
    Round(
        "daily quota used up",
        (acts.wait_for_quota,),
        faults={"quota": 0.4},  # used up twice
        clocks=True,
        needs=("sent_back",),
    ),
    Round(
        "answers lost, before and after acceptance",
        faults={"chance": LOST_ANSWERS},
        needs=("unknown",),
    ),
    Round(
        "answers lost; events late, doubled, reordered",
        faults={"chance": LOST_ANSWERS, "events": WILD_EVENTS},
        needs=("unknown",),
    ),
    Round(
        "answers lost, no event ever; policy skip",
        faults={"chance": SWALLOWED, "events": {"enabled": False}},
        promise=Promise.NEVER_TWICE,
        policy=UnknownPolicy.SKIP,
        needs=("given_up",),
    ),
    Round(
        "answers lost, no event ever; policy retry",
        faults={"chance": SWALLOWED, "events": {"enabled": False}},
        promise=Promise.NEVER_NONE,
        needs=("twice",),
    ),
    Round(
        "answers lost, a third of the messages without events; policy skip",
        faults={"chance": SWALLOWED, "events": {**WILD_EVENTS, "mute_rate": 0.33}},
        promise=Promise.NEVER_TWICE,
        policy=UnknownPolicy.SKIP,
        needs=("given_up",),
    ),
    Round("two beats", (acts.second_beat,)),
    Round("clocks jump", (acts.jump_clocks,), grace_minutes=0.2, clocks=True),
    Round(
        "readers leave, bounce and complain meanwhile",
        (acts.unsubscribe_many,),
        earlier=300,
        needs=("left", "suppressed"),
    ),
    Round(
        "everything at once",
        (
            acts.kill_workers,
            acts.kill_beat,
            acts.flush_redis,
            acts.kill_redis,
            acts.crash_postgres,
            acts.cut_network,
            acts.unsubscribe_many,
            acts.second_beat,
        ),
        faults={"chance": LOST_ANSWERS, "events": WILD_EVENTS},
        earlier=300,
        grace_minutes=0.25,
        needs=("unknown", "left", "suppressed"),
    ),
)

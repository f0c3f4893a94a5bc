"""What becomes of a message, decided by its recipients alone.

The simulator's addresses and what they do:
https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html#send-email-simulator
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache

from ..store import Destination, Step
from .checks import bare

SIMULATOR = "simulator.amazonses.com"
OUTCOMES = ("delivered", "bounce", "complaint", "suppressionlist", "ooto", "on_suppression_list")
_SIMULATED = {
    "success": "delivered",
    "bounce": "bounce",
    "complaint": "complaint",
    "suppressionlist": "suppressionlist",
    "ooto": "ooto",
}
_STEPS: Mapping[str, tuple[tuple[str, int], ...]] = {
    "delivered": (("Delivery", 640),),
    "bounce": (("Bounce", 820),),
    "complaint": (("Delivery", 640), ("Complaint", 2_400)),
    "suppressionlist": (("Bounce:suppressed", 90),),
    "ooto": (("Delivery", 640), ("Bounce:ooto", 1_900)),
    "on_suppression_list": (("Bounce:account", 60),),
}
RENDERING_FAILURE = (Step("Rendering Failure", 40),)


def outcome_of(address: str, suppressed: Collection[str], told: Mapping[str, str]) -> str:
    """One of OUTCOMES. *told* is what a test wants of an address; it goes before all else."""
    known = bare(address).lower()
    if known in told:
        return told[known]
    if known in suppressed:
        return "on_suppression_list"
    if known.endswith(SIMULATOR):
        local = known.partition("@")[0].partition("+")[0]
        return _SIMULATED.get(local, "bounce")
    return "delivered"


def plan(
    destination: Destination, suppressed: Collection[str], told: Mapping[str, str]
) -> tuple[Step, ...]:
    """The steps of a message, in time. Equal plans are one object, so that they cost nothing."""
    return _steps(tuple([outcome_of(a, suppressed, told) for a in destination.everyone]))


@lru_cache(maxsize=4096)
def _steps(outcomes: tuple[str, ...]) -> tuple[Step, ...]:
    steps = [
        Step(kind, after, number)
        for number, outcome in enumerate(outcomes)
        for kind, after in _STEPS[outcome]
    ]
    return (Step("Send", 0), *sorted(steps, key=lambda step: step.after_ms))

"""What the faults in force make of one send call: drawn once, before anything is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..faults import Faults
from . import checks
from .account import Entry
from .errors import EntryError

_NOTHING: Mapping[str, Any] = {"kind": ""}


@dataclass(frozen=True)
class Fate:
    """One call's share of what goes wrong."""

    call: int
    wait: float
    """Seconds before the call is looked at."""
    whole: Mapping[str, Any]
    """The one fault that the call as a whole meets; its kind is '' when there is none."""
    entries: Sequence[tuple[int, Mapping[str, Any]]]
    """Faults of single entries, each with its place among the chances."""
    faults: Faults

    def check(self, number: int, entry: Entry) -> None:
        """Raise the EntryError that entry *number* of a bulk call was told to meet, if any."""
        for place, fault in self.entries:
            if "probability" in fault:
                luck = self.faults.draw("entry", self.call, place, number)
                met = luck < fault["probability"]
            else:
                luck, met = 0.0, _named(fault, number, entry)
            if met:
                statuses = fault.get("statuses") or [fault.get("status", "FAILED")]
                # The luck of those who were met is spread evenly below the probability.
                status = statuses[int(luck / fault.get("probability", 1) * len(statuses))]
                raise EntryError(status, f"The sandbox was told to answer {status}.")


def fate_of(faults: Faults) -> Fate:
    """What the next send call meets."""
    call = faults.next_call()
    told = faults.next_send()
    met: list[tuple[int, Mapping[str, Any]]] = [(-1, told)] if told else []
    for place, fault in enumerate(faults["chance"]):
        one_by_one = fault["kind"] == "entry_status"
        if one_by_one or faults.draw("call", call, place) < fault["probability"]:
            met.append((place, fault))
    slow = sum(fault.get("seconds", 1.0) for _, fault in met if fault["kind"] == "slow")
    whole = [fault for _, fault in met if fault["kind"] not in {"slow", "entry_status"}]
    return Fate(
        call,
        wait=faults["send_delay_ms"] / 1000 + slow,
        whole=whole[0] if whole else _NOTHING,
        entries=[(place, fault) for place, fault in met if fault["kind"] == "entry_status"],
        faults=faults,
    )


def _named(fault: Mapping[str, Any], number: int, entry: Entry) -> bool:
    """``first``: so many entries; ``recipients``: these; neither: all of them."""
    recipients = {address.lower() for address in fault.get("recipients", ())}
    if number < fault.get("first", 0):
        return True
    if not recipients:
        return "first" not in fault
    return not recipients.isdisjoint(checks.bare(a).lower() for a in entry.destination.everyone)

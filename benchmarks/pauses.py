"""When the machine itself stood still: a virtual one is stopped by its host for 20 to 50 ms now and
then, and who was being answered then waits as long, whatever answers them.

A sleeper on each core, of a class that every ordinary process makes way for (SCHED_FIFO), wakes
each millisecond; only the machine can make it late. Where that class is not permitted, pauses are
unknown, and said to be.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

LATE = 0.005
"""Seconds too late from which on a sleeper tells it."""
SETTLES = 0.1
"""Seconds after a pause in which those who came meanwhile are still in the way of others."""

SLEEPER = f"""
import os, sys, time
os.sched_setaffinity(0, [int(sys.argv[1])])
os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
while True:
    began = time.perf_counter()
    time.sleep(0.001)
    ended = time.perf_counter()
    if ended - began > {LATE}:
        print(began, ended, flush=True)
"""


@dataclass
class Pauses:
    """Spans of ``time.perf_counter``, which all processes of a Linux machine share."""

    spans: list[tuple[float, float]] = field(default_factory=list)
    known: bool = True
    """False where the sleepers' class is not permitted: there may have been any."""

    def undisturbed(self, times: Sequence[tuple[float, float]]) -> list[float]:
        """Of *times* (begin, seconds), the seconds of those that no pause was near."""
        return [
            seconds
            for began, seconds in times
            if not any(
                began < ended + SETTLES and began + seconds > stood for stood, ended in self.spans
            )
        ]


@contextmanager
def watched() -> Iterator[Pauses]:
    """What the sleepers found is there at the end."""
    pauses = Pauses()
    sleepers = [
        subprocess.Popen(
            [sys.executable, "-c", SLEEPER, str(core)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for core in sorted(os.sched_getaffinity(0))
    ]
    try:
        yield pauses
    finally:
        for sleeper in sleepers:
            pauses.known &= sleeper.poll() is None
            sleeper.terminate()
            said, _ = sleeper.communicate()
            pauses.spans += [
                (float(began), float(ended)) for began, ended in map(str.split, said.splitlines())
            ]

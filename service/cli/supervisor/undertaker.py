"""Ends what is left when the supervisor is gone, however it went.

A process of its own at the other end of a pipe: the supervisor writes ``+pid`` for each child that
it starts and ``-pid`` for each that ended. When the pipe closes, which the kernel sees to even
after ``kill -9``, whatever is still on the list gets SIGTERM, time to drain, and then SIGKILL.
Each child leads a process group of its own, so its children go with it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time

DRAIN_SECONDS = 30.0
REDIS_LAST = "redis"


def main(fd: int) -> None:
    """Read the list from *fd* until it closes, then end what is on it."""
    for wanted in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(wanted, signal.SIG_IGN)
    left: dict[int, str] = {}
    with os.fdopen(fd, "r") as pipe:
        for line in pipe:
            pid, _, name = line[1:].strip().partition(" ")
            if line.startswith("+"):
                left[int(pid)] = name
            else:
                left.pop(int(pid), None)
    # Redis goes after the others, who still want to tell it what they finished.
    for last in (False, True):
        end_groups([pid for pid, name in left.items() if (name == REDIS_LAST) is last])


def end_groups(pids: list[int], drain: float = DRAIN_SECONDS) -> None:
    """SIGTERM to each process group, SIGKILL to those that are there after *drain* seconds."""
    for pid in pids:
        _signal_leader(pid, signal.SIGTERM)
    deadline = time.monotonic() + drain
    while any(_alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.1)
    for pid in pids:
        _signal_group(pid, signal.SIGKILL)


def _signal_leader(pid: int, number: signal.Signals) -> None:
    """To the leader only: it knows how to drain its own children (Celery's, gunicorn's)."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        _signal_group(pid, number)


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)


def _alive(group: int) -> bool:
    """Whether any process of the group is there."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    main(int(sys.argv[1]))

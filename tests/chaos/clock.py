"""A process whose clock can be set from outside: ``python -m tests.chaos.clock FILE MODULE ARG…``.

FILE holds seconds by which the clock is wrong, and is read again and again, also by the children
that the process forks. Only what the wall's clock says moves; waits are as long as they are, which
is what happens to a process when its machine's clock is set.
"""

from __future__ import annotations

import os
import runpy
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import time_machine

LOOK_EVERY = 0.05


class WrongClock:
    """This process's clock, as wrong as *path* says at the moment."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._wrong = 0.0
        # It stays for as long as the process does.
        self._clock = time_machine.travel(datetime.now(UTC), tick=True).start()
        os.register_at_fork(after_in_child=self.follow)

    def follow(self) -> None:
        """Read the file in a thread from now on; a fork leaves the parent's behind."""
        self._look()
        threading.Thread(target=self._run, name="wrong-clock", daemon=True).start()

    def _run(self) -> None:
        pause = threading.Event()
        while not pause.wait(LOOK_EVERY):
            self._look()

    def _look(self) -> None:
        text = self._path.read_text() if self._path.exists() else ""
        wrong = float(text or self._wrong)  # empty while it is being written
        if wrong != self._wrong:
            self._clock.shift(timedelta(seconds=wrong - self._wrong))
            self._wrong = wrong


def main(path: str, module: str, *arguments: str) -> None:
    WrongClock(Path(path)).follow()
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Start the children in order, restart one that dies, give up on one that keeps dying."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from service.cli.supervisor.children import Child, log_path
from service.cli.supervisor.undertaker import REDIS_LAST, end_groups
from service.config import child_environment

MAX_DEATHS = 5
WITHIN_SECONDS = 60.0
READY_SECONDS = 30.0


class GivenUp(RuntimeError):
    """A child keeps dying, or never became ready; the text says which, and shows its last words."""


@dataclass
class Running:
    """A child and its present process."""

    child: Child
    process: subprocess.Popen[bytes]
    deaths: deque[float] = field(default_factory=lambda: deque(maxlen=MAX_DEATHS))
    restart_at: float | None = None


class Supervisor:
    """Owns the children of one data folder. Use as a context: leaving it stops everything."""

    def __init__(
        self,
        lock_fd: int,
        *,
        log_folder: Path | None = None,
        say: Callable[[str], None] = print,
    ) -> None:
        self._say = say
        self._log_folder = log_folder
        if log_folder:
            log_folder.mkdir(parents=True, exist_ok=True)
        self._running: list[Running] = []
        read_end, self._undertaker_pipe = os.pipe()
        self._undertaker = subprocess.Popen(
            [sys.executable, "-m", "service.cli.supervisor.undertaker", str(read_end)],
            pass_fds=(read_end, lock_fd),
            start_new_session=True,
            stdin=subprocess.DEVNULL,
        )
        os.close(read_end)

    def __enter__(self) -> Supervisor:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, child: Child) -> None:
        """Start *child* and wait until it is ready. Raises :class:`GivenUp`."""
        running = Running(child, self._spawn(child))
        self._running.append(running)
        deadline = time.monotonic() + READY_SECONDS
        while not child.ready():
            if running.process.poll() is not None:
                raise GivenUp(self._obituary(child, f"ended with {running.process.returncode}"))
            if time.monotonic() > deadline:
                raise GivenUp(self._obituary(child, f"was not ready in {READY_SECONDS:.0f} s"))
            time.sleep(0.05)

    def check(self, now: float | None = None) -> None:
        """Restart who died. Raises :class:`GivenUp` for one that died too often."""
        now = time.monotonic() if now is None else now
        for running in self._running:
            if running.restart_at is not None:
                if now >= running.restart_at:
                    running.restart_at = None
                    running.process = self._spawn(running.child)
            elif running.process.poll() is not None:
                self._mourn(running, now)

    def pid_of(self, name: str) -> int:
        """The process id of the child called *name*."""
        return next(r.process.pid for r in self._running if r.child.name == name)

    def stop(self) -> None:
        """Stop everything: those who make work first, Redis last, each with time to drain."""
        redis = [r for r in self._running if r.child.name == REDIS_LAST]
        for group in ([r for r in self._running if r not in redis], redis):
            for running in group:
                if running.process.poll() is None:
                    running.process.send_signal(signal.SIGTERM)
            for running in group:
                self._wait(running)
        self._running.clear()
        os.close(self._undertaker_pipe)
        self._undertaker.wait()

    def _spawn(self, child: Child) -> subprocess.Popen[bytes]:
        log: IO[bytes] | None = None
        if self._log_folder:
            log = log_path(self._log_folder, child).open("ab")
        try:
            process = subprocess.Popen(
                child.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT if log else None,
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, who stops in order
                env=child_environment(**child.environment),
            )
        finally:
            if log:
                log.close()
        self._tell(f"+{process.pid} {child.name}")
        return process

    def _mourn(self, running: Running, now: float) -> None:
        child, code = running.child, running.process.returncode
        self._forget(running)
        running.deaths.append(now)
        if len(running.deaths) == MAX_DEATHS and now - running.deaths[0] < WITHIN_SECONDS:
            raise GivenUp(
                self._obituary(child, f"died {MAX_DEATHS} times in {WITHIN_SECONDS:.0f} s")
            )
        wait = min(10.0, 0.5 * 2 ** (len(running.deaths) - 1))
        self._say(f"{child.name} ended with {code}; starting it again in {wait:g} s.")
        running.restart_at = now + wait

    def _wait(self, running: Running) -> None:
        try:
            running.process.wait(running.child.stop_seconds)
        except subprocess.TimeoutExpired:
            self._say(f"{running.child.name} did not stop in time and was ended.")
        self._forget(running)
        running.process.wait()

    def _forget(self, running: Running) -> None:
        """End what a dead leader left of its group (a killed Celery's children) and unlist it."""
        end_groups([running.process.pid], drain=0 if running.process.poll() is None else 5.0)
        self._tell(f"-{running.process.pid}")

    def _tell(self, line: str) -> None:
        """To the undertaker. Without one, what is left to do here goes on all the same."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self._undertaker_pipe, f"{line}\n".encode())

    def _obituary(self, child: Child, what: str) -> str:
        said = f"{child.name} {what}, so everything was stopped."
        if not self._log_folder:
            return f"{said} Its messages are above."
        path = log_path(self._log_folder, child)
        last = path.read_text(errors="replace").splitlines()[-15:] if path.exists() else []
        return "\n".join([f"{said} Its last words ({path}):", *last])

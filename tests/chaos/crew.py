"""The service's processes, each of which can be killed and started again."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import httpx2
import psutil

from service.doorbell import QUEUES
from tests.servers.leash import Leash
from tests.servers.ports import free_port
from tests.servers.processes import until

WORKERS = ("worker-a", "worker-b")
BEAT, SECOND_BEAT, EVENTS, WEB = "beat", "beat-b", "events", "web"
POOL = 2
STOP_SECONDS = 60


class Crew:
    """Two workers of two processes each, beat, the reader of SES's events, and a web process."""

    def __init__(self, folder: Path, environment: Mapping[str, str], *, clocks: bool) -> None:
        self._folder = folder
        self._environment = environment
        self._clocks = clocks
        self._leash = Leash()
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._web = ""

    def start_all(self) -> None:
        """Start whoever is not there."""
        for name in (*WORKERS, BEAT, EVENTS):
            if name not in self._running or self._running[name].poll() is not None:
                self.start(name)

    def wait_until_ready(self) -> None:
        """Until both pools stand: a send that begins before is not one of two workers."""
        deadline = time.monotonic() + 60
        for name in WORKERS:
            while len(psutil.Process(self._running[name].pid).children()) < POOL:
                assert self._running[name].poll() is None, f"{name} ended: see its log"
                assert time.monotonic() < deadline, f"{name} did not start"
                time.sleep(0.05)

    def web_url(self) -> str:
        """Where the web process answers; it is started for the first who asks."""
        if not self._web:
            self._web = f"127.0.0.1:{free_port()}"
            self.start(WEB)
            until(self._web_answers, "the web process to answer")
        return f"http://{self._web}"

    def _web_answers(self) -> bool:
        assert self._running[WEB].poll() is None, "web ended: see its log"
        try:
            return httpx2.get(f"http://{self._web}/", trust_env=False).status_code > 0
        except httpx2.HTTPError:
            return False

    def start(self, name: str) -> None:
        with (self._folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                self._command(name),
                cwd=self._folder,
                env=dict(self._environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._leash.hold(process.pid)
        self._running[name] = process

    def kill(self, name: str) -> None:
        """``kill -9`` of the process and of all that it forked, at one moment."""
        process = self._running[name]
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def kill_one_of(self, name: str, place: int) -> bool:
        """``kill -9`` of one process of a worker's pool; False when there is none now."""
        with contextlib.suppress(psutil.Error):
            children = psutil.Process(self._running[name].pid).children()
            if children:
                children[place % len(children)].kill()
                return True
        return False

    def stop(self, name: str) -> None:
        """SIGTERM, and wait until it has put down what it had in hand."""
        process = self._running[name]
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_SECONDS)

    def set_clock(self, name: str, wrong: float) -> None:
        """Let the clock of *name* be so many seconds wrong from now on."""
        path = self._clock_of(name)
        draft = path.with_suffix(".new")
        draft.write_text(str(wrong))
        draft.replace(path)

    def close(self) -> None:
        for name, process in self._running.items():
            if process.poll() is None:
                self.kill(name)
        self._leash.let_go()

    def _clock_of(self, name: str) -> Path:
        return self._folder / f"{name}.clock"

    def _command(self, name: str) -> list[str]:
        run = [sys.executable, "-m"]
        if self._clocks:
            run += ["tests.chaos.clock", str(self._clock_of(name))]
        celery = [*run, "celery", "--quiet", "-A", "workers.app"]
        if name in WORKERS:
            return [
                *celery, "worker", "--concurrency", str(POOL), "--hostname", f"{name}@chaos",
                "-Q", ",".join(sorted(set(QUEUES.values()))),
                "--without-gossip", "--without-mingle", "--without-heartbeat",
                "--loglevel", "WARNING",
            ]  # fmt: skip
        if name == WEB:
            return [
                sys.executable, "-m", "gunicorn", "service.web.app:serve()",
                "--bind", self._web, "--worker-class", "gthread", "--threads", "4",
                "--no-control-socket",
            ]  # fmt: skip
        if name == EVENTS:
            return [*run, "service.cli", "events"]
        return [*celery, "beat", "--pidfile", "", "--loglevel", "WARNING"]

"""``broadsheet`` as real processes on a data folder and ports of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from service.config import Settings
from tests.servers.ports import free_port


def until(look: Callable[[], object], what: str, seconds: float = 60) -> None:
    """Wait until *look* is true; AssertionError with *what*, a text or what makes one."""
    deadline = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.05)


class Installation:
    """A data folder, its settings, and the processes that have it in their environment."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.data_dir = folder / "data"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            "PATH": os.environ["PATH"],
            "BROADSHEET_DATA_DIR": str(self.data_dir),
            "BROADSHEET_BIND": f"127.0.0.1:{self.port}",
            "BROADSHEET_BASE_URL": self.url,
            "BROADSHEET_TICK_SECONDS": "1",
            "BROADSHEET_WORKER_PROCESSES": "1",
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x",
            "AWS_REGION": "us-east-1",
            **settings,
        }

    def run(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """A command, to its end."""
        return subprocess.run(
            [sys.executable, "-m", "service.cli", *arguments],
            cwd=self.folder, env={**self.environment, **settings}, timeout=60,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def up(self) -> Up:
        return Up(self)

    def processes(self) -> dict[int, str]:
        """Process id and command line of everything that runs on this folder.

        Redis writes its title over its environment, so it is known by its socket there.
        """
        mark = f"BROADSHEET_DATA_DIR={self.data_dir}\0".encode()
        socket = str(Settings(data_dir=self.data_dir).redis_socket)
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            # A process may end while we look; a zombie has neither.
            with contextlib.suppress(OSError):
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
                ours = mark in (entry / "environ").read_bytes() + b"\0" or socket in line
                if line and ours:
                    found[int(entry.name)] = line
        return found

    def named(self, part: str) -> list[int]:
        return [pid for pid, line in self.processes().items() if part in line]

    def end(self) -> None:
        """Whatever a failed test left."""
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


class Up:
    """``broadsheet up``, whose words go to a file."""

    def __init__(self, installation: Installation) -> None:
        self._log = installation.folder / "up.log"
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "service.cli", "up"],
                cwd=installation.folder, env=installation.environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip

    @property
    def said(self) -> str:
        return self._log.read_text(errors="replace")

    def wait_for(self, text: str, seconds: float = 60) -> None:
        until(
            lambda: text in self.said or self.process.poll() is not None,
            f"{text!r} from `up`",
            seconds,
        )
        assert text in self.said, f"`up` never said {text!r}:\n{self.said}"

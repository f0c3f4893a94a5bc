"""A real Redis for the tests, found and started as the embedded default does."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from service.cli.supervisor.children import redis_answers
from service.cli.supervisor.redis_server import find_redis, redis_command
from tests.servers.leash import Leash


class RedisServer:
    """A running server on a socket in a folder of its own."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="broadsheet-redis-"))
        self.socket = self.folder / "redis.sock"
        self.url = f"unix://{self.socket}"
        self._leash = Leash()
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            redis_command(find_redis(), self.socket, self.folder / "data"),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
        )
        self._leash.hold(self._process.pid)
        deadline = time.monotonic() + 15
        while not redis_answers(self.url):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("redis-server did not start")
            time.sleep(0.02)

    def kill(self) -> None:
        """As a crash would: nothing is saved, nobody is told."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        """It takes connections, as the kernel does for it, and answers nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def close(self) -> None:
        self.kill()
        self._leash.let_go()
        shutil.rmtree(self.folder, ignore_errors=True)

"""Ends what the tests started also when the tests themselves are killed."""

from __future__ import annotations

import os
import subprocess
import sys


class Leash:
    """Holds processes; the service's own undertaker is at its other end."""

    def __init__(self) -> None:
        read_end, self._pipe = os.pipe()
        self._undertaker = subprocess.Popen(
            [sys.executable, "-m", "service.cli.supervisor.undertaker", str(read_end)],
            pass_fds=(read_end,),
            start_new_session=True,
            stdin=subprocess.DEVNULL,
        )
        os.close(read_end)

    def hold(self, pid: int) -> None:
        os.write(self._pipe, f"+{pid} process\n".encode())

    def let_go(self) -> None:
        os.close(self._pipe)
        self._undertaker.wait()

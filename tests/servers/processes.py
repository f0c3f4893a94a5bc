"""What tests of whole processes need: a free port, patience, and proof that nothing was left."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Found = TypeVar("Found")

BELOW_EPHEMERAL = range(20_000, 30_000)
"""Ports that the kernel gives to nobody by itself, so a free one stays free until it is used."""


def free_port() -> int:
    for port in random.SystemRandom().sample(BELOW_EPHEMERAL, 50):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port was found on 127.0.0.1")


def until(look: Callable[[], Found | None], what: str, patience: float = 40.0) -> Found:
    """What *look* gives once it is neither None nor False; an error that names *what* if never."""
    deadline = time.monotonic() + patience
    while True:
        found = look()
        if found is not None and found is not False:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {patience:.0f} s for {what}")
        time.sleep(0.1)


def living_with(variable: str) -> list[str]:
    """Processes whose environment holds *variable* (``NAME=value``): a whole family, orphans too.

    Linux only: it reads ``/proc``. A zombie has no environment left and does not count.
    """
    wanted, found = variable.encode(), []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                found.append(f"{folder.name}: {command}")
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # it ended meanwhile, or is nobody of ours
    return found

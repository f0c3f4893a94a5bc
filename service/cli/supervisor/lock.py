"""One supervisor to a data folder. The lock is the kernel's, so a crash cannot leave it behind."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class AlreadyRunning(RuntimeError):
    """Somebody supervises this folder already; the text says who and what to do."""


def take_lock(data_dir: Path) -> int:
    """Lock *data_dir*; the file descriptor holds the lock until it is closed everywhere.

    The undertaker inherits it, so that after a ``kill -9`` nobody starts on the folder before the
    last of the old processes has ended. Raises :class:`AlreadyRunning`.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    fd = os.open(data_dir / "broadsheet.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.read(fd, 32).decode(errors="replace").strip() or "unknown"
        os.close(fd)
        if not _lives(owner):
            raise AlreadyRunning(
                f"What ran on {data_dir.resolve()} was killed, and its processes are still "
                "finishing their work. Try again in half a minute."
            ) from None
        raise AlreadyRunning(
            f"Broadsheet already runs on {data_dir.resolve()} (process {owner}). Stop it with "
            "Ctrl-C there, or set BROADSHEET_DATA_DIR to another folder."
        ) from None
    os.ftruncate(fd, 0)
    os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
    return fd


def _lives(owner: str) -> bool:
    """Whether the process that took the lock is there; unknown counts as there."""
    try:
        os.kill(int(owner), 0)
    except ProcessLookupError:
        return False
    except (ValueError, PermissionError):
        return True
    return True

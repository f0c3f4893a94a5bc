"""What tests of whole processes need: patience, and proof that nothing was left."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import psutil

Found = TypeVar("Found")


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


def living_with(variable: str, value: str) -> list[str]:
    """Processes whose environment says ``variable=value``: a whole family, orphans too."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(variable) == value:
                found.append(f"{process.pid}: {' '.join(process.cmdline())}")
        except psutil.Error:
            continue  # it ended meanwhile, is a zombie, or is nobody of ours
    return found

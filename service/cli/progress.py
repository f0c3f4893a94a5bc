"""Where a long command is: a line on a terminal that goes again, nothing anywhere else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TextIO, TypeVar

T = TypeVar("T")
CLEAR = "\r\x1b[K"


def shown(things: Iterable[tuple[str, T]], total: int, stream: TextIO) -> Iterator[T]:
    """Each of *things*, while a line says which one is worked on: ``[3/19] the-verge …``.

    The line is gone before the next is shown, so that what is said of one stands on its own line.
    """
    terminal = stream.isatty()
    for number, (name, thing) in enumerate(things, start=1):
        if terminal:
            stream.write(f"{CLEAR}[{number}/{total}] {name} …")
            stream.flush()
        yield thing


def clear(stream: TextIO) -> None:
    """Take the line away before something else is printed."""
    if stream.isatty():
        stream.write(CLEAR)
        stream.flush()

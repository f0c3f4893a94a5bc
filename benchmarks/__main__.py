"""``python -m benchmarks [NAME …] [--out FILE]``: run all benchmarks, or those named.

With ``--out`` what is printed is kept in FILE as well, as a page of the docs.
"""

from __future__ import annotations

import argparse
import io
import logging
import sys
from contextlib import redirect_stdout
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import structlog

from benchmarks.table import machine

NAMES = ("issue", "mail", "sending", "pipeline", "events", "web", "search", "imports")

PAGE = """# What was measured

By `make bench OUT=docs/benchmarks.md` on {day}; not edited. Each figure stands beside a yardstick
of the same run; *times* says how many times as fast as the yardstick it is, below 1 is slower.
Single runs on a machine that others share: a third more or less means nothing.

```
{text}
```
"""


class Both(io.TextIOBase):
    """Writes to the screen and keeps what it wrote."""

    def __init__(self) -> None:
        self.kept: list[str] = []

    def write(self, text: str) -> int:
        self.kept.append(text)
        return sys.__stdout__.write(text) if sys.__stdout__ else len(text)

    def flush(self) -> None:
        if sys.__stdout__:
            sys.__stdout__.flush()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], metavar="NAME")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    quiet = structlog.make_filtering_bound_logger(logging.ERROR)
    structlog.configure(
        wrapper_class=quiet, logger_factory=structlog.PrintLoggerFactory(sys.stderr)
    )
    both = Both()
    with redirect_stdout(both):
        print(machine())
        for name in asked.names or NAMES:
            import_module(f"benchmarks.{name}").run()
    if asked.out:
        text = "".join(both.kept).strip()
        asked.out.write_text(PAGE.format(day=f"{datetime.now(UTC):%Y-%m-%d}", text=text))


main()

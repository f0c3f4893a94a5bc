"""``python -m benchmarks [NAME …]``: run all benchmarks, or those named."""

from __future__ import annotations

import sys
from importlib import import_module

from benchmarks.table import machine

NAMES = ("issue", "mail", "sending", "pipeline", "events")


def main(wanted: list[str]) -> None:
    unknown = set(wanted) - set(NAMES)
    if unknown:
        sys.exit(f"There is no benchmark {', '.join(unknown)}; there are: {', '.join(NAMES)}.")
    print(machine())
    for name in wanted or NAMES:
        import_module(f"benchmarks.{name}").run()


main(sys.argv[1:])

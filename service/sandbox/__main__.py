"""``python -m service.sandbox``: the sandbox as a process."""

from __future__ import annotations

import argparse
import gc
import signal
import sys
import threading
from datetime import UTC, date, datetime
from pathlib import Path

from .app import Sandbox


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; the exit code."""
    asked = _parser().parse_args(arguments)
    # Almost everything made here is kept: looking for garbage among a million messages is waste.
    gc.set_threshold(100_000, 50, 100)
    leave = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: leave.set())
    try:
        wired = not asked.new_account
        sandbox = Sandbox(date=asked.date, host=asked.host, port=asked.port, wired=wired)
    except OSError as error:
        sys.stderr.write(f"The sandbox cannot listen on {asked.host}:{asked.port}: {error}\n")
        return 1
    with sandbox:
        if asked.ready_file:
            _write_at_once(asked.ready_file, sandbox.url)
        sys.stdout.write(f"sandbox ready on {sandbox.url}\n")
        sys.stdout.flush()
        leave.wait()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m service.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (the default)")
    parser.add_argument(
        "--date",
        type=date.fromisoformat,
        default=datetime.now(UTC).date(),
        help="the newsroom's day 0, such as 2026-11-20; today unless given",
    )
    parser.add_argument(
        "--new-account", action="store_true", help="without set, topic and queue: for a set-up"
    )
    parser.add_argument("--ready-file", type=Path, help="gets the URL once it answers")
    return parser


def _write_at_once(path: Path, url: str) -> None:
    """Whoever finds the file finds all of it."""
    draft = path.with_name(path.name + ".new")
    draft.write_text(url + "\n", encoding="utf-8")
    draft.replace(path)


if __name__ == "__main__":
    sys.exit(main())

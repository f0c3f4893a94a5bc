"""What a check comes to: a line for a person, or an object for a program."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    OK = "ok"
    WARNING = "warning"
    """Mail goes out; something should be mended."""
    FAILED = "failed"
    """Mail does not go out, or does not arrive as it should."""
    UNKNOWN = "unknown"
    """It could not be looked at."""


@dataclass(frozen=True)
class Finding:
    """*check* names what was looked at, *said* what was seen, *todo* what to do about it."""

    check: str
    status: Status
    said: str
    todo: str = ""

    def line(self) -> str:
        after = f" {self.todo}" if self.todo else ""
        return f"{self.status.value:<8} {self.check}: {self.said}{after}"


@dataclass(frozen=True)
class Unread:
    """What could not be looked at, and why. *certain*: the far side answered, and refused."""

    reason: str
    certain: bool = False


def ok(check: str, said: str) -> Finding:
    return Finding(check, Status.OK, said)


def warning(check: str, said: str, todo: str) -> Finding:
    return Finding(check, Status.WARNING, said, todo)


def failed(check: str, said: str, todo: str) -> Finding:
    return Finding(check, Status.FAILED, said, todo)


def unknown(check: str, unread: Unread) -> Finding:
    """A check that was not made is not passed."""
    return Finding(check, Status.UNKNOWN, unread.reason)

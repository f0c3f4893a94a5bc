"""What a check says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    FAILURE = "failure"
    """The issue is not sent."""
    WARNING = "warning"
    """It is sent; better is possible."""


@dataclass(frozen=True)
class Finding:
    """One thing that was found, with what to do about it."""

    severity: Severity
    about: str
    """The subject of the check, such as ``size`` or ``links``."""
    sentence: str

    @property
    def blocks(self) -> bool:
        return self.severity is Severity.FAILURE

    def __str__(self) -> str:
        return f"{self.severity.value}: {self.sentence}"


def failure(about: str, sentence: str) -> Finding:
    return Finding(Severity.FAILURE, about, sentence)


def warning(about: str, sentence: str) -> Finding:
    return Finding(Severity.WARNING, about, sentence)


def reasons(findings: list[Finding]) -> str:
    """Why it is not sent, in one line; '' when nothing blocks."""
    return " ".join(finding.sentence for finding in findings if finding.blocks)

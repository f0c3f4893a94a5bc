"""What can be wrong with a request about an issue. Each text says what to do."""

from __future__ import annotations


class IssueFrozen(ValueError):
    """The issue was approved: its content no longer changes."""


class BadInput(ValueError):
    """What was typed cannot be an issue."""

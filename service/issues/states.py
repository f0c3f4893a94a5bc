"""Which state of an issue may follow which."""

from __future__ import annotations

from service.models import IssueState

DRAFT, APPROVED, SENDING, SENT, HELD, SKIPPED, STOPPED = (
    IssueState.DRAFT,
    IssueState.APPROVED,
    IssueState.SENDING,
    IssueState.SENT,
    IssueState.HELD,
    IssueState.SKIPPED,
    IssueState.STOPPED,
)

MOVES: dict[IssueState, frozenset[IssueState]] = {
    DRAFT: frozenset({APPROVED, SKIPPED}),
    # Back to draft: the undo window, in which nothing has been handed to SES yet.
    APPROVED: frozenset({SENDING, HELD, SKIPPED, STOPPED, DRAFT}),
    SENDING: frozenset({SENT, HELD, STOPPED}),
    # From where it was held, on again; which of the two hangs on whether it had begun.
    HELD: frozenset({APPROVED, SENDING, STOPPED}),
    SKIPPED: frozenset({DRAFT}),
    STOPPED: frozenset(),
    # What failed is tried again, or some who joined late get it too.
    SENT: frozenset({SENDING}),
}

FROZEN = frozenset({APPROVED, SENDING, SENT, HELD, STOPPED})
"""States in which an issue's content no longer changes."""

_MEANING = {
    DRAFT: "a draft",
    APPROVED: "approved",
    SENDING: "being sent",
    SENT: "sent",
    HELD: "held",
    SKIPPED: "skipped",
    STOPPED: "stopped",
}


class IllegalMove(ValueError):
    """The issue's state does not allow it; the text says what does."""


def check_move(old: IssueState, new: IssueState) -> None:
    """Raise :class:`IllegalMove` unless *new* may follow *old*."""
    if new in MOVES[old]:
        return
    allowed = sorted(_MEANING[state] for state in MOVES[old])
    next_step = f"it can only become {' or '.join(allowed)}" if allowed else "that is final"
    raise IllegalMove(
        f"The issue is {_MEANING[old]} and cannot become {_MEANING[new]}: {next_step}."
    )

"""Looks at an issue's rows all the while it is sent, over a connection of its own."""

from __future__ import annotations

import threading
import time
from collections import Counter

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from service.models import IssueState

EVERY = 0.15

STATES = "SELECT state, count(*) FROM delivery WHERE issue_id = :issue GROUP BY state"
ISSUE = "SELECT state, audience_count, parked_until IS NOT NULL FROM issue WHERE id = :issue"
LEFT = """
SELECT s.email FROM subscription JOIN subscriber s ON s.id = subscriber_id
WHERE newsletter_id = :newsletter AND state = 'unsubscribed'
UNION SELECT s.email FROM suppression JOIN subscriber s ON s.email_hash = suppression.email_hash
"""


class Watcher(threading.Thread):
    """One snapshot after the other, until :meth:`stop`. ``samples`` counts those that it got."""

    def __init__(self, engine: Engine, issue_id: int, newsletter_id: int) -> None:
        super().__init__(name="watcher", daemon=True)
        self._engine = engine
        self._keys = {"issue": issue_id, "newsletter": newsletter_id}
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self.samples = 0
        self.blind = 0
        """Looks at which the database did not answer."""
        self.wrong: list[str] = []
        """Moments at which the states did not add up to the audience."""
        self.states: Counter[str] = Counter()
        self.issue = IssueState.APPROVED
        self.parked = False
        self.left: dict[str, float] = {}
        """By address, when it was first known that nobody may write to it any more."""

    def run(self) -> None:
        while not self._stopping.wait(EVERY):
            self.look()

    def stop(self) -> None:
        self._stopping.set()
        self.join()

    def look(self) -> None:
        """One look, all of it at one moment of the database's."""
        try:
            with self._engine.connect().execution_options(
                isolation_level="REPEATABLE READ"
            ) as connection:
                issue, audience, parked = connection.execute(text(ISSUE), self._keys).one()
                states: Counter[str] = Counter(
                    dict(connection.execute(text(STATES), self._keys).all())
                )
                left = connection.execute(text(LEFT), self._keys).scalars().all()
        except DBAPIError:
            self.blind += 1
            return
        seen = time.time()
        self.samples += 1
        self.issue, self.states, self.parked = IssueState(issue), states, bool(parked)
        for address in left:
            self.has_left(address, seen)
        if audience is not None and states.total() != audience:
            self.wrong.append(f"{dict(states)} of {audience} in sample {self.samples}")
        if audience is None and states:
            self.wrong.append(f"rows before the plan in sample {self.samples}: {dict(states)}")

    def has_left(self, address: str, at: float) -> None:
        """Whoever let them leave knows it sooner than a look does."""
        with self._lock:
            self.left[address] = min(at, self.left.get(address, at))

    def share_out(self) -> float:
        """How much of the audience is past ``queued``, from 0 to 1."""
        total = self.states.total()
        return (total - self.states["queued"]) / total if total else 0.0

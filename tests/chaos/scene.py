"""One round as it is played: an issue for so many readers, and what is done to the stage."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from service.audience.choices import Wanted, row_for
from service.issues.approve import approve, compose_manual
from service.models import Issue, IssueState, Newsletter, Suppression, Timing, UnknownPolicy
from tests.chaos.crew import Crew
from tests.chaos.stage import Stage
from tests.chaos.watcher import Watcher
from tests.delivery.rows import a_newsletter

SUBSCRIBE = """
INSERT INTO subscription
    (subscriber_id, newsletter_id, state, choice_id, cadence, created_at, confirmed_at)
SELECT id, :newsletter, 'active', :choice, 'daily', now(), now() FROM subscriber
WHERE id <= :readers AND (id % :step = 0) = :chosen
"""

MARKED = "SELECT count(*) FROM chaos_history WHERE issue_id = :issue AND state = 'sending'"


class Scene:
    """What an act may look at and touch. Each has a *chance* of its own, by the round's seed."""

    def __init__(self, stage: Stage, crew: Crew, seed: int, readers: int) -> None:
        self.stage = stage
        self.crew = crew
        self.seed = seed
        self.readers = readers
        self.deeds: Counter[str] = Counter()
        """What was done while messages were still waiting."""
        self.over = threading.Event()
        self.issues: set[int] = set()
        """All of the round's: messages of any other are nobody's."""
        self._lock = threading.Lock()

    def prepare(self, policy: UnknownPolicy) -> None:
        """A newsletter of this round's own."""
        now = datetime.now(UTC)
        with Session(self.stage.engine, expire_on_commit=False) as session, session.begin():
            session.execute(delete(Suppression))
            taken = session.query(Newsletter).count()
            row = a_newsletter(session, now, slug=f"round-{taken}", unknown_policy=policy)
            self.newsletter_id = row.id

    def subscribe(self, *, step: int, chosen: bool) -> None:
        """Let every *step*-th subscriber read it when *chosen*, else all the others."""
        with Session(self.stage.engine) as session, session.begin():
            newsletter = session.get_one(Newsletter, self.newsletter_id)
            choice = row_for(session, newsletter.id, Wanted()).id
            keys = {
                "newsletter": self.newsletter_id, "choice": choice, "readers": self.readers
            }  # fmt: skip
            session.execute(text(SUBSCRIBE), {**keys, "step": step, "chosen": chosen})

    def send_issue(self) -> Watcher:
        """Approve an issue that goes at once, and watch it from now on."""
        now = datetime.now(UTC)
        with Session(self.stage.engine, expire_on_commit=False) as session, session.begin():
            newsletter = session.get_one(Newsletter, self.newsletter_id)
            issue = compose_manual(session, newsletter, "A note", "Good *morning*.", now)
            approve(session, issue, now, scheduled_at=now, timing=Timing.NOW)
        self.issue_id = issue.id
        self.issues.add(issue.id)
        self.watcher = Watcher(self.stage.engine, issue.id, self.newsletter_id)
        self.watcher.start()
        return self.watcher

    def wait_until_sent(self, patience: float) -> None:
        """Until every row is resolved. An act that holds something up is the one to let it go."""
        deadline = time.monotonic() + patience
        while self.watcher.issue is not IssueState.SENT:
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"not sent within {patience:.0f} s: {dict(self.watcher.states)}, the issue is "
                    f"{self.watcher.issue.value}: {self.issue().reason}"
                )
            time.sleep(0.1)

    def marked(self) -> int:
        """How many messages were marked as being sent until now, each time they were."""
        with self.stage.engine.connect() as connection:
            found = connection.execute(text(MARKED), {"issue": self.issue_id})
            return int(found.scalar_one())

    def issue(self) -> Issue:
        with Session(self.stage.engine) as session:
            return session.get_one(Issue, self.issue_id)

    # --- what an act asks ---

    def chance(self, act: str) -> random.Random:
        """The luck of one act, whatever the others draw."""
        return random.Random(f"{self.seed} {act}")

    def moments(self, chance: random.Random, count: int) -> Iterator[int]:
        """*count* random moments of the send, each when it has come; fewer when it ends before."""
        for number, share in enumerate(sorted(chance.uniform(0.02, 0.85) for _ in range(count))):
            while self.watcher.share_out() < share:
                if self.over.wait(0.03):
                    return
            if self.watcher.share_out() >= 1:
                return
            yield number

    def deed(self, what: str) -> None:
        with self._lock:
            self.deeds[what] += 1

    def pause(self, seconds: float) -> None:
        """Wait, but not beyond the round's end."""
        self.over.wait(seconds)

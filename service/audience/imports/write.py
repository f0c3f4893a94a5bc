"""Put the readers of a chunk into the database: one transaction, a few large writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table
from sqlalchemy.orm import Session

from service.audience.choices import Wanted, row_for
from service.audience.imports.bulk import moment_text, next_ids, write_rows
from service.audience.imports.ledger import Proofs
from service.audience.imports.people import Person
from service.audience.imports.plan import Plan, Standing
from service.audience.imports.standing import (
    BARS,
    SUBSCRIBES,
    Known,
    Outcome,
    known_among,
    ledgers_among,
    outcome_of,
    reading_among,
)
from service.db import dialect_of, insert_ignoring
from service.models import (
    DeliveryState,
    Import,
    Newsletter,
    Notice,
    NoticeKind,
    Subscriber,
    SubscriberTag,
    Subscription,
    Suppression,
    SuppressionReason,
)

Hashed = tuple[str, Person]
"""The hash of the address, and whose it is."""

Entrant = tuple[str, Person, Outcome]

Decided = tuple[Known, list[Outcome]]
"""What was known of some readers, and what becomes of each."""

_SUBSCRIBER = ("id", "email", "email_key", "email_hash", "domain", "name", "language", "created_at")
_SUBSCRIPTION = (
    "id", "subscriber_id", "newsletter_id", "state", "choice_id", "cadence", "timezone",
    "send_hour", "paused_until", "tracked", "created_at", "confirmed_at", "unsubscribed_at",
    "unsubscribe_reason", "import_id",
)  # fmt: skip
_NOTICE = (
    "kind", "newsletter_id", "subscription_id", "address", "payload", "state", "attempt", "resends",
    "due_at", "created_at", "changed_at",
)  # fmt: skip
_STATES = {
    Outcome.ADDED: "active",
    Outcome.ASKED: "pending",
    Outcome.LEFT_THERE: "unsubscribed",
}
_REASONS = {
    Standing.BOUNCED: SuppressionReason.BOUNCE,
    Standing.COMPLAINED: SuppressionReason.COMPLAINT,
    Standing.BLOCKED: SuppressionReason.MANUAL,
}


class Writer:
    """Writes the chunks of one import."""

    def __init__(
        self, job: Import, newsletter: Newsletter, plan: Plan, now: datetime, *, careful: bool
    ) -> None:
        """*careful* looks up who has a ledger already. Most files bring nobody who has; where one
        does, the write says so, and the chunk is done again with care."""
        self._careful = careful
        self._job, self._newsletter, self._plan, self._now = job, newsletter, plan, now
        self._proofs = Proofs(job, plan, now)
        self._begun = job.started_at or now
        self._choices: dict[Wanted, int] = {}

    def forget(self) -> None:
        """After a transaction that came to nothing: what it made is not there."""
        self._choices.clear()
        self._careful = True

    def decide(self, session: Session, people: Sequence[Hashed]) -> Decided:
        """What would become of *people*, who are distinct, without writing anything."""
        newsletter, hashes = self._job.newsletter_id, [one for one, _ in people]
        keys = [person.address.key for _, person in people]
        known = known_among(session, newsletter, keys, hashes)
        if barred := [person.address.key for _, person in people if person.standing in BARS]:
            known.reading = reading_among(session, barred)
        if self._careful:
            known.ledgers = ledgers_among(session, newsletter, hashes)
        return known, [
            outcome_of(person.standing, known.of(person.address.key, one), ask=self._plan.ask)
            for one, person in people
        ]

    def write(
        self, session: Session, people: Sequence[Hashed], decided: Decided, asked_before: int
    ) -> Counter[str]:
        """Bring *people* in as it was *decided*; how many came to what.

        *asked_before* were asked to confirm by this import already: these wait behind them.
        Raises ``Collision`` when one of them signed up, or was deleted, since the decision.
        """
        known, outcomes = decided
        coming = list(zip(people, outcomes, strict=True))
        into = [(*hashed, outcome) for hashed, outcome in coming if outcome in SUBSCRIBES]
        if into:
            before = set(known.subscribers)
            self._subscribers(session, into, known.subscribers)
            numbers = self._subscriptions(session, into, known.subscribers)
            self._tags(session, into, known.subscribers, before)
            self._ask(session, into, numbers, asked_before)
            proven = [(one, person) for one, person, _ in into]
            self._proofs.write(session, proven, known.ledgers)
        self._bar(session, [hashed for hashed, outcome in coming if outcome is Outcome.BARRED])
        return Counter(outcome.value for outcome in outcomes)

    def _subscribers(self, session: Session, into: Sequence[Entrant], ids: dict[str, int]) -> None:
        """Make those that are missing in *ids*, and put them there."""
        new = [(one, person) for one, person, _ in into if person.address.key not in ids]
        numbers = next_ids(session, Subscriber, len(new))
        dialect = dialect_of(session)
        now = moment_text(dialect, self._now)

        def rows() -> Iterator[tuple[Any, ...]]:
            for number, (one, person) in zip(numbers, new, strict=True):
                email, key = person.address.email, person.address.key
                ids[key] = number
                yield (number, email, key, one, key.rpartition("@")[2], person.name,
                       person.language,
                       moment_text(dialect, person.joined) if person.joined else now)  # fmt: skip

        write_rows(session, Subscriber, _SUBSCRIBER, rows())

    def _subscriptions(
        self, session: Session, into: Sequence[Entrant], ids: Mapping[str, int]
    ) -> list[int]:
        numbers = next_ids(session, Subscription, len(into))
        newsletter, job, dialect = self._job.newsletter_id, self._job.id, dialect_of(session)
        now = moment_text(dialect, self._now)
        wanted = {person.preferences.wanted for _, person, _ in into}
        choices = {one: self._choice(session, one) for one in wanted}

        def rows() -> Iterator[tuple[Any, ...]]:
            for number, (_, person, outcome) in zip(numbers, into, strict=True):
                chosen = person.preferences
                joined = moment_text(dialect, person.joined) if person.joined else now
                confirmed = left = None
                if outcome is Outcome.ADDED:
                    confirmed = now
                    if person.confirmed:
                        confirmed = moment_text(dialect, person.confirmed)
                elif outcome is Outcome.LEFT_THERE:
                    left = moment_text(dialect, person.left) if person.left else now
                yield (
                    number, ids[person.address.key], newsletter, _STATES[outcome],
                    choices[chosen.wanted], chosen.cadence.value, chosen.timezone,
                    chosen.send_hour,
                    moment_text(dialect, chosen.paused_until) if chosen.paused_until else None,
                    chosen.tracked, joined, confirmed, left,
                    (person.reason or None) if left else None, job,
                )  # fmt: skip

        write_rows(session, Subscription, _SUBSCRIPTION, rows())
        return numbers

    def _choice(self, session: Session, wanted: Wanted) -> int:
        if wanted not in self._choices:
            self._choices[wanted] = row_for(session, self._newsletter.id, wanted).id
        return self._choices[wanted]

    def _tags(
        self,
        session: Session,
        into: Sequence[Entrant],
        ids: Mapping[str, int],
        before: Collection[str],
    ) -> None:
        """Whoever reads another newsletter here may have a tag already."""
        new: list[tuple[int, str, int]] = []
        job = self._job.id
        old: list[dict[str, Any]] = []
        for _, person, _ in into:
            number = ids[person.address.key]
            if person.address.key in before:
                old += [
                    {"subscriber_id": number, "tag": tag, "import_id": job} for tag in person.tags
                ]
            else:
                new += [(number, tag, job) for tag in person.tags]
        if new:
            write_rows(session, SubscriberTag, ("subscriber_id", "tag", "import_id"), new)
        insert_ignoring(session, cast("Table", SubscriberTag.__table__), old)

    def _ask(
        self, session: Session, into: Sequence[Entrant], numbers: Sequence[int], before: int
    ) -> None:
        """Mails that ask to confirm, spread over the hours that the plan gives them."""
        pause, dialect = timedelta(hours=1) / self._plan.an_hour, dialect_of(session)
        now = moment_text(dialect, self._now)
        asked = [
            (number, person)
            for number, (_, person, outcome) in zip(numbers, into, strict=True)
            if outcome is Outcome.ASKED
        ]
        rows = [
            (NoticeKind.CONFIRM.value, self._job.newsletter_id, number, person.address.email, "{}",
             DeliveryState.QUEUED.value, 0, 0,
             moment_text(dialect, self._begun + pause * place), now, now)
            for place, (number, person) in enumerate(asked, start=before)
        ]  # fmt: skip
        if rows:
            write_rows(session, Notice, _NOTICE, rows)

    def _bar(self, session: Session, barred: Sequence[Hashed]) -> None:
        if barred:
            now = moment_text(dialect_of(session), self._now)
            rows = [
                (one, _REASONS[person.standing].value, barred_by(self._job), now)
                for one, person in barred
            ]
            write_rows(session, Suppression, ("email_hash", "reason", "detail", "created_at"), rows)


def barred_by(job: Import) -> str:
    """What a suppression of this import says of its cause; by it an undo finds it again."""
    return f"It stands so in {job.file_name} (import {job.id})."

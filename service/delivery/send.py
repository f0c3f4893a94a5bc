"""Carry a claimed batch through the transport, a chunk at a time.

For each chunk: take its turn from the account's pace; mark its rows ``sending`` and commit; call;
write down the outcomes and commit. A crash leaves at most one chunk in flight, and says so.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from service.config import Settings
from service.db import read_scope, session_scope
from service.delivery import chunk as chunks
from service.delivery import record
from service.delivery.addressing import recipient_of, shipment_of
from service.delivery.claim import Claim, give_back
from service.delivery.finish import halt_issue, park_issue, say_waiting
from service.delivery.pace import Pacer, PaceUnavailable
from service.delivery.transports import (
    AccountRefused,
    AccountUnavailable,
    NotMade,
    Outcome,
    QuotaUsedUp,
    Shipment,
    Transport,
    Verdict,
    making,
)
from service.models import Issue, Newsletter, Variant

log = structlog.get_logger(__name__)

RETRY_AFTER = timedelta(seconds=5)
BREATH = 1.0
"""Seconds before another batch is looked at when there was no turn for this one: a long issue has
thousands, and each would be claimed and given back at once."""

PARK_FOR = timedelta(minutes=5)
"""Between two looks at whether the rolling quota has room again."""

REST = frozenset({Verdict.LATER, Verdict.UNKNOWN})
"""After these a batch rests: what goes on into silence may be lost for good, a chunk at a time."""

WRITE_AGAIN_AFTER = (1.0, 5.0, 10.0)
"""Seconds between tries while the database cannot be reached: as long as a restart of it takes."""

DEFAULT_RATE = 10.0
"""Messages a second where the far side tells no limit and none is set (SMTP)."""


class Halted(RuntimeError):
    """Nothing more of the issue can be sent until someone has mended what the text says."""


class Parked(RuntimeError):
    """The account's daily quota is used up; the text is what SES said."""


class NotMarked(RuntimeError):
    """The database failed before SES was called; the rows wait as before."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Sender:
    """What a worker process sends with; *clock* and *sleep* are given so that tests can be."""

    transport: Transport
    pace: Pacer
    settings: Settings
    clock: Callable[[], datetime] = _utc_now
    sleep: Callable[[float], None] = time.sleep
    rate: Callable[[], float] = field(default=lambda: DEFAULT_RATE)
    """Messages a second; raises :class:`AccountUnavailable`."""
    slow_down: Callable[[], None] = lambda: None
    """Told when the far side throttled us."""

    def send_batch(
        self,
        claim: Claim,
        *,
        stop: Callable[[], bool] = lambda: False,
        answered: Callable[[], None] = lambda: None,
    ) -> Counter[str]:
        """Send what is queued in the batch; how many ended in each verdict.

        Stops early, giving the batch back, when the pace or the account cannot be had, when SES
        asks to wait or gives no answer, when the issue is halted or parked, or when *stop* says so
        (a worker's time is over). *answered* is told of each chunk that SES did answer.
        """
        tally: Counter[str] = Counter()
        waiting: str | None = None
        try:
            wait = self._send_chunks(claim, tally, stop, answered)
        except (Halted, AccountRefused) as error:
            self._halt(claim, str(error))
            return tally
        except (Parked, QuotaUsedUp) as error:
            self._park(claim, str(error))
            return tally
        except (PaceUnavailable, AccountUnavailable) as error:
            log.warning("send.no_pace", batch=claim.batch_id, error=str(error))
            self.sleep(BREATH)
            wait, waiting = RETRY_AFTER, f"Waiting: {error}"
        except NotMarked as error:
            log.warning("send.not_marked", batch=claim.batch_id, error=str(error))
            wait = RETRY_AFTER
        except chunks.ClaimLost:
            log.warning("send.claim_lost", batch=claim.batch_id)
            wait = timedelta(0)
        with session_scope() as session:
            left = chunks.queued_count(session, claim.batch_id)
            give_back(session, claim, due_at=self.clock() + wait if left else None)
            say_waiting(session, claim.issue_id, waiting)
        return tally

    def _send_chunks(
        self,
        claim: Claim,
        tally: Counter[str],
        stop: Callable[[], bool],
        answered: Callable[[], None],
    ) -> timedelta:
        """Send one chunk after the other, counted in *tally*; how long the rest is to rest."""
        shipment = self._shipment(claim)
        left, rest = self._left(claim), timedelta(0)
        while left > 0:
            if stop():
                break
            size = self._turn(left)
            if not size:
                return timedelta(seconds=1)
            outcomes = self._send_chunk(claim, shipment, size)
            left -= size
            tally.update(outcome.verdict.value for outcome in outcomes)
            self._heed(outcomes)
            verdicts = {outcome.verdict for outcome in outcomes}
            if verdicts & REST:
                return RETRY_AFTER
            if Verdict.RETRY in verdicts:  # a few messages wait, and keep no others waiting
                rest = RETRY_AFTER
            answered()
        return rest

    def _heed(self, outcomes: Sequence[Outcome]) -> None:
        """Stop the issue, let it rest or slow all workers down, if SES asked for that."""
        if any(outcome.throttled for outcome in outcomes):
            self.slow_down()
        for outcome in outcomes:
            if outcome.verdict is Verdict.HALT:
                raise Halted(outcome.reason or "SES refused to send.")
        for outcome in outcomes:
            if outcome.verdict is Verdict.PARK:
                raise Parked(outcome.reason or "The daily quota is used up.")

    def _left(self, claim: Claim) -> int:
        with read_scope() as session:
            return chunks.queued_count(session, claim.batch_id)

    def _turn(self, left: int) -> int:
        """Wait for the pace; how many may go, 0 when the wait would be too long."""
        rate = self.rate()
        size = max(1, min(left, self.transport.max_recipients, int(rate)))
        turn = self.pace.take(size, rate)
        if turn.wait:
            self.sleep(turn.wait if turn.granted else min(turn.wait, BREATH))
        return size if turn.granted else 0

    def _send_chunk(self, claim: Claim, shipment: Shipment, size: int) -> list[Outcome]:
        lease = timedelta(seconds=self.settings.lease_seconds)
        marked_at = self.clock()
        try:
            with session_scope() as session:
                marked = chunks.mark_chunk(session, claim, size, marked_at, marked_at + lease)
        except OperationalError as error:
            # The commit may have come about without an answer, and SES is surely not called.
            self.insist(lambda session: chunks.unmark(session, claim, self.clock()))
            raise NotMarked(str(error)) from error
        if not marked.parcels:
            return []
        try:
            outcomes = self._speak(shipment, marked, marked_at + lease / 2)
        except NotMade as error:  # it would be so for every reader of this rendering
            outcomes = [Outcome(Verdict.HALT, reason=str(error))] * len(marked.parcels)
        self._settle(marked.sent, outcomes)
        return outcomes

    def _speak(self, shipment: Shipment, marked: chunks.Marked, until: datetime) -> list[Outcome]:
        secret, base_url = self.settings.secret, self.settings.base_url
        with making():
            recipients = [
                recipient_of(parcel, secret=secret, base_url=base_url) for parcel in marked.parcels
            ]
        # A process that was frozen between the commit and here must not speak after its lease.
        if self.clock() > until:
            return [Outcome(Verdict.LATER, reason="The worker was held up.")] * len(recipients)
        return self.transport.send(shipment, recipients)

    def _settle(self, chunk: Sequence[record.Sent], outcomes: Sequence[Outcome]) -> None:
        """Write the answers down."""
        self.insist(lambda session: record.settle(session, chunk, outcomes, self.clock()))

    def insist(self, write: Callable[[Session], object]) -> None:
        """Write what nobody else knows: a moment's trouble with the database is waited out."""
        for wait in WRITE_AGAIN_AFTER:
            try:
                with session_scope() as session:
                    write(session)
            except OperationalError as error:
                log.warning("send.not_recorded", again_in=wait, error=str(error))
                self.sleep(wait)
            else:
                return
        with session_scope() as session:
            write(session)

    def _park(self, claim: Claim, reason: str) -> None:
        """Let the issue rest until the account's quota has room again."""
        until = self.clock() + PARK_FOR
        with session_scope() as session:
            park_issue(session, claim.issue_id, until, f"Waiting: {reason}")
            give_back(session, claim, due_at=until)
        log.warning("send.parked", issue=claim.issue_id, until=until.isoformat(), reason=reason)

    def _halt(self, claim: Claim, reason: str) -> None:
        """Hold the issue, so that an operator sees why, and give the batch back."""
        with session_scope() as session:
            halt_issue(session, claim.issue_id, reason)
            give_back(session, claim, due_at=self.clock())
        log.error("send.halted", issue=claim.issue_id, reason=reason)

    def _shipment(self, claim: Claim) -> Shipment:
        with session_scope() as session:
            issue = session.get_one(Issue, claim.issue_id)
            newsletter = session.get_one(Newsletter, issue.newsletter_id)
            variant = session.get_one(Variant, claim.variant_id)
            try:
                with making():
                    return shipment_of(issue, newsletter, variant, self.settings)
            except NotMade as error:
                raise Halted(str(error)) from error

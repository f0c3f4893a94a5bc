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

from service.config import Settings
from service.db import session_scope
from service.delivery import chunk as chunks
from service.delivery import record
from service.delivery.addressing import recipient_of, shipment_of
from service.delivery.claim import Claim, give_back
from service.delivery.finish import halt_issue
from service.delivery.pace import Pacer, PaceUnavailable
from service.delivery.transports import (
    AccountUnavailable,
    Outcome,
    Shipment,
    Transport,
    Verdict,
)
from service.models import Issue, Newsletter, Variant

log = structlog.get_logger(__name__)

RETRY_AFTER = timedelta(seconds=5)
DEFAULT_RATE = 10.0
"""Messages a second where the far side tells no limit and none is set (SMTP)."""


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

    def send_batch(self, claim: Claim, *, until: datetime | None = None) -> Counter[str]:
        """Send what is queued in the batch; how many ended in each verdict.

        Stops early, giving the batch back, when the pace or the account cannot be had, when SES
        asks to wait, when the issue is halted, or when *until* has come (a worker's time limit).
        """
        tally: Counter[str] = Counter()
        shipment = self._shipment(claim)
        while True:
            with session_scope() as session:
                left = chunks.queued_count(session, claim.batch_id)
                if not left:
                    give_back(session, claim, due_at=None)
                    return tally
            if until is not None and self.clock() >= until:
                self._give_back(claim, timedelta(0))
                return tally
            try:
                size = self._turn(left)
            except (PaceUnavailable, AccountUnavailable) as error:
                log.warning("send.no_pace", batch=claim.batch_id, error=str(error))
                self._give_back(claim, RETRY_AFTER)
                return tally
            if not size:
                self._give_back(claim, timedelta(seconds=1))
                return tally
            try:
                outcomes = self._send_chunk(claim, shipment, size)
            except chunks.ClaimLost:
                log.warning("send.claim_lost", batch=claim.batch_id)
                self._give_back(claim, timedelta(0))
                return tally
            tally.update(outcome.verdict.value for outcome in outcomes)
            if self._must_wait(claim, outcomes):
                return tally

    def _turn(self, left: int) -> int:
        """Wait for the pace; how many may go, 0 when the wait would be too long."""
        rate = self.rate()
        size = max(1, min(left, self.transport.max_recipients, int(rate)))
        turn = self.pace.take(size, rate)
        if turn.granted and turn.wait:
            self.sleep(turn.wait)
        return size if turn.granted else 0

    def _send_chunk(self, claim: Claim, shipment: Shipment, size: int) -> list[Outcome]:
        lease = timedelta(seconds=self.settings.lease_seconds)
        marked_at = self.clock()
        with session_scope() as session:
            marked = chunks.mark_chunk(session, claim, size, marked_at, marked_at + lease)
        if not marked.deliveries:
            return []
        secret, base_url = self.settings.secret, self.settings.base_url
        recipients = [
            recipient_of(delivery, email, secret=secret, base_url=base_url)
            for delivery, email in marked.deliveries
        ]
        # A process that was frozen between the commit and here must not speak after its lease.
        if self.clock() - marked_at > lease / 2:
            outcomes = [Outcome(Verdict.RETRY, reason="The worker was held up.")] * len(recipients)
        else:
            outcomes = self.transport.send(shipment, recipients)
        with session_scope() as session:
            record.settle(session, marked.sent, outcomes, self.clock())
        return outcomes

    def _must_wait(self, claim: Claim, outcomes: Sequence[Outcome]) -> bool:
        """Whether the batch is to rest; it has been given back, and halted where SES said so."""
        halt = next((o for o in outcomes if o.verdict is Verdict.HALT), None)
        if halt is not None:
            with session_scope() as session:
                halt_issue(session, claim.issue_id, halt.reason or "SES refused to send.")
                give_back(session, claim, due_at=self.clock())
            log.error("send.halted", issue=claim.issue_id, reason=halt.reason)
            return True
        if any(outcome.verdict is Verdict.RETRY for outcome in outcomes):
            self._give_back(claim, RETRY_AFTER)
            return True
        return False

    def _give_back(self, claim: Claim, wait: timedelta) -> None:
        with session_scope() as session:
            give_back(session, claim, due_at=self.clock() + wait)

    def _shipment(self, claim: Claim) -> Shipment:
        with session_scope() as session:
            issue = session.get_one(Issue, claim.issue_id)
            newsletter = session.get_one(Newsletter, issue.newsletter_id)
            variant = session.get_one(Variant, claim.variant_id)
            return shipment_of(issue, newsletter, variant, self.settings.base_url)

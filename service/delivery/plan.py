"""Plan an issue: one row for each reader, in batches, written by the database itself.

A million rows are one ``INSERT … SELECT``; this process never sees a reader. The move to
``sending`` and the first few readers are one transaction, all others are a second, so that mail
leaves while they are written. A crash between the two is seen (``Issue.planned_at``) and made good;
planning again changes nothing, since whoever has a row of the issue is not planned for it any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from typing import cast as cast_type

import structlog
from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Table,
    and_,
    case,
    cast,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Session

from service.db import insert_ignoring
from service.delivery.audience import Readers, audience, count_audience
from service.localtime import UnknownTimezone, due_at_local_hour
from service.models import (
    BatchState,
    Delivery,
    DeliveryBatch,
    DeliveryState,
    Issue,
    IssueState,
    Newsletter,
    Subscription,
    Timing,
    Variant,
    Wave,
)

__all__ = ["MissingVariants", "Planned", "count_audience", "plan_issue"]

log = structlog.get_logger(__name__)

BEING_SENT = frozenset({IssueState.SENDING, IssueState.HELD})

SCATTER, LARGE_PRIME = 48_271, 2_147_483_647
"""Lehmer's multiplier and modulus: neighbouring numbers land far apart."""

NEWSLETTER_HOUR = ("", -1)
"""The wave of those who named no hour of their own."""


class MissingVariants(RuntimeError):
    """Someone chose what is not rendered yet; render what is missing and plan again."""


@dataclass(frozen=True)
class Planned:
    """What a plan wrote; ``deliveries`` is 0 when it was planned before."""

    deliveries: int
    batches: int


@dataclass(frozen=True)
class Cut:
    """How an audience is cut into batches."""

    batch_size: int
    canary_percent: float = 0.0
    """Of those who are due at once: they come first, in batches of their own."""
    own_hours: bool = False
    """Readers who named an hour get it then; without, all are due with the newsletter's."""
    after: int = 0
    """The highest number that a batch of the issue has."""


def plan_issue(
    session: Session, issue_id: int, now: datetime, *, batch_size: int, first: int | None = None
) -> Planned:
    """Move the approved issue to ``sending`` and write its waves, batches and deliveries.

    With *first*, of so many readers only, who are written to while :func:`plan_rest` is at the
    others: a million take ten seconds. The session must not have begun yet. Raises
    :class:`MissingVariants`, with nothing written, when an active reader's choice has no rendering.
    """
    if session.get_bind().dialect.name == "postgresql":
        # Who joins between our statements would shift the numbering and push a reader out of it.
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    # Taken back and put off while it was rendered, it is not what was rung for any more.
    may_go = or_(Issue.scheduled_at.is_(None), Issue.scheduled_at <= now)
    moved = session.execute(
        update(Issue)
        .where(Issue.id == issue_id, Issue.state == IssueState.APPROVED, may_go)
        .values(state=IssueState.SENDING, started_at=now)
        .returning(Issue.id)
    ).scalar()
    if moved is None:
        return Planned(0, 0)
    issue = session.get_one(Issue, issue_id, populate_existing=True)
    _write_waves(session, issue, now)
    percent = session.get_one(Newsletter, issue.newsletter_id).canary_percent
    own_hours = issue.timing is Timing.READER_HOUR
    cut = Cut(batch_size, canary_percent=percent, own_hours=own_hours)
    who = audience(issue, now)
    if first is not None and not percent:  # a canary is chosen among all of them
        who = who.order_by(Subscription.id).limit(first)
    planned = write_plan(session, issue, who, now, cut)
    if first is None or percent or planned.deliveries < first:
        issue.planned_at = now
    issue.canary_until = _canary_until(session, issue, now)
    return planned


def plan_rest(session: Session, issue_id: int, now: datetime, *, batch_size: int) -> Planned:
    """Plan the readers whom :func:`plan_issue` left for later; done twice it changes nothing.

    A crash between the two is made good by the tick. Raises as :func:`plan_issue`, and
    ``OperationalError`` when the issue was changed meanwhile: then it is to be tried again.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        # The rows of the first few are too new to be known, and taken for one: each reader was
        # then looked for among all of them, in a loop that took minutes.
        session.execute(text("SET LOCAL enable_nestloop = off"))
        # For which PostgreSQL reckons so high a cost that it would compile the query for half a
        # second, though it may be that nobody is left to be planned.
        session.execute(text("SET LOCAL jit = off"))
    # Passed over while another worker is at it: the tick rings for it again and again.
    mine = {"of": Issue, "skip_locked": True, "key_share": True}
    issue = session.get(Issue, issue_id, with_for_update=mine)
    if issue is None or issue.planned_at is not None or issue.state not in BEING_SENT:
        return Planned(0, 0)
    _write_waves(session, issue, now)
    cut = Cut(
        batch_size,
        own_hours=issue.timing is Timing.READER_HOUR,
        after=highest_number(session, issue),
    )
    planned = write_plan(session, issue, audience(issue, now), now, cut)
    issue.planned_at = now
    return planned


def unplanned_issues(session: Session) -> list[int]:
    """Issues that are being sent and of whose readers not all are planned yet."""
    return list(
        session.scalars(
            select(Issue.id).where(Issue.state == IssueState.SENDING, Issue.planned_at.is_(None))
        )
    )


def highest_number(session: Session, issue: Issue) -> int:
    """Of the batches that the issue has; 0 when it has none."""
    highest = select(func.max(DeliveryBatch.number)).where(DeliveryBatch.issue_id == issue.id)
    return session.execute(highest).scalar() or 0


def write_plan(session: Session, issue: Issue, who: Readers, now: datetime, cut: Cut) -> Planned:
    """Write the batches and rows of *who*, further ones where the issue has some already."""
    had = issue.audience_count or 0
    readers = _numbered(issue, who, now, cut)
    batches, expected = _write_batches(session, issue, readers)
    total = _write_deliveries(session, issue, readers, now) if batches else had
    if total != had + expected:
        raise RuntimeError(f"issue {issue.id}: {total - had} of {expected} are planned; undone")
    issue.audience_count = total
    return Planned(expected, batches)


def _write_waves(session: Session, issue: Issue, now: datetime) -> None:
    """One row for each zone and hour among the readers, with the moment it is due (UTC)."""
    base = issue.scheduled_at or now
    due = {NEWSLETTER_HOUR: base}
    if issue.timing is Timing.READER_HOUR:
        readers = audience(issue, now).subquery()
        pairs = session.execute(
            select(readers.c.timezone, readers.c.send_hour)
            .where(readers.c.send_hour.is_not(None), readers.c.timezone.is_not(None))
            .distinct()
        ).all()
        due |= {(zone, hour): _due_at(base, zone, hour) for zone, hour in pairs}
    insert_ignoring(
        session,
        cast_type("Table", Wave.__table__),
        [
            {"issue_id": issue.id, "timezone": zone, "send_hour": hour, "due_at": at}
            # By time, since batches are numbered in the order of their waves.
            for (zone, hour), at in sorted(due.items(), key=lambda wave: (wave[1], wave[0]))
        ],
    )


def _due_at(base: datetime, zone: str, hour: int) -> datetime:
    try:
        return due_at_local_hour(base, zone, hour)
    except UnknownTimezone as error:
        # Zones are renamed and dropped: one reader's must not keep the issue from all others.
        log.warning("plan.unknown_zone", error=str(error))
        return base


def _numbered(issue: Issue, who: Readers, now: datetime, cut: Cut) -> CTE:
    """*who* with the wave, the variant and the batch number of each reader."""
    readers = who.cte("readers")
    zone: ColumnElement[Any] = literal(NEWSLETTER_HOUR[0])
    hour: ColumnElement[Any] = literal(NEWSLETTER_HOUR[1])
    if cut.own_hours:
        own_hour = and_(readers.c.send_hour.is_not(None), readers.c.timezone.is_not(None))
        zone = case((own_hour, readers.c.timezone), else_=NEWSLETTER_HOUR[0])
        hour = case((own_hour, readers.c.send_hour), else_=NEWSLETTER_HOUR[1])
    # Scattered over old and new readers alike, and the same ones however often it is asked.
    chosen = (readers.c.id * SCATTER % LARGE_PRIME) % 10_000 < round(cut.canary_percent * 100)
    later = case((and_(chosen, Wave.due_at <= now), 0), else_=1)
    one_group = (later, Wave.id, Variant.id)
    place = func.row_number().over(partition_by=one_group, order_by=readers.c.id)
    placed = (
        select(
            readers.c.id.label("subscription_id"),
            readers.c.subscriber_id,
            Wave.id.label("wave_id"),
            Wave.due_at,
            Variant.id.label("variant_id"),
            later.label("later"),
            case(((place - 1) % cut.batch_size == 0, 1), else_=0).label("begins"),
        )
        .select_from(readers)
        .join(Wave, and_(Wave.issue_id == issue.id, Wave.timezone == zone, Wave.send_hour == hour))
        # Outer, so that a choice without a rendering is seen and not silently left out.
        .outerjoin(
            Variant, and_(Variant.issue_id == issue.id, Variant.choice_id == readers.c.choice_id)
        )
    ).cte("placed")
    # One number, and not a group and its ordinal: PostgreSQL, which knows nothing yet of rows that
    # are just written, joined those by the group alone and threw away all but one in a thousand.
    number = func.sum(placed.c.begins).over(
        order_by=(placed.c.later, placed.c.wave_id, placed.c.variant_id, placed.c.subscription_id),
        rows=(None, 0),
    )
    whole = cast(number, Integer) + cut.after
    return select(placed, whole.label("number")).cte("numbered")


def _canary_until(session: Session, issue: Issue, now: datetime) -> datetime | None:
    """Until when the others wait; None when there is nobody ahead of them, or nobody but them."""
    kinds = set(
        session.scalars(
            select(DeliveryBatch.canary).where(DeliveryBatch.issue_id == issue.id).distinct()
        )
    )
    if len(kinds) < 2:
        return None
    minutes = session.get_one(Newsletter, issue.newsletter_id).canary_minutes
    return now + timedelta(minutes=minutes)


def _write_batches(session: Session, issue: Issue, readers: CTE) -> tuple[int, int]:
    """Write the batches; how many, and for how many readers."""
    one_batch = (
        readers.c.number, readers.c.wave_id, readers.c.due_at, readers.c.variant_id,
        readers.c.later,
    )  # fmt: skip
    found = session.execute(
        select(*one_batch, func.count().label("readers")).group_by(*one_batch).order_by(*one_batch)
    ).all()
    if any(row.variant_id is None for row in found):
        raise MissingVariants(f"issue {issue.id} has readers whose choice is not rendered")
    if found:
        session.execute(
            insert(DeliveryBatch),
            [
                {
                    "issue_id": issue.id,
                    "number": row.number,
                    "variant_id": row.variant_id,
                    "wave_id": row.wave_id,
                    "state": BatchState.READY,
                    "canary": not row.later,
                    "due_at": row.due_at,
                }
                for row in found
            ],
        )
    if session.get_bind().dialect.name == "postgresql":
        # Unseen, the new rows are taken for one, and readers are joined to them in a nested loop.
        session.execute(text("ANALYZE delivery_batch"))
    return len(found), sum(row.readers for row in found)


def _write_deliveries(session: Session, issue: Issue, readers: CTE, now: datetime) -> int:
    """Write a row for each reader; how many the issue has now."""
    rows = select(
        literal(issue.id),
        DeliveryBatch.id,
        readers.c.subscriber_id,
        readers.c.subscription_id,
        literal(DeliveryState.QUEUED, Delivery.state.type),
        literal(0),
        literal(0),
        literal(now, Delivery.changed_at.type),
    ).join(
        DeliveryBatch,
        and_(DeliveryBatch.issue_id == issue.id, DeliveryBatch.number == readers.c.number),
    )
    columns = (
        Delivery.issue_id,
        Delivery.batch_id,
        Delivery.subscriber_id,
        Delivery.subscription_id,
        Delivery.state,
        Delivery.attempt,
        Delivery.resends,
        Delivery.changed_at,
    )
    session.execute(insert(Delivery).from_select(columns, rows))
    # Counted, since SQLite's driver does not tell how many an INSERT … SELECT wrote.
    return session.execute(
        select(func.count()).select_from(Delivery).where(Delivery.issue_id == issue.id)
    ).scalar_one()

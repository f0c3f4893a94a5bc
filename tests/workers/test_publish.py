"""From an approved issue to its plan, while readers go on choosing."""

from __future__ import annotations

from datetime import datetime

import pytest
import time_machine
from redis import Redis
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from service.audience.choices import Wanted, row_for
from service.db import session_scope
from service.delivery.plan import MissingVariants, Planned, plan_issue
from service.models import (
    Delivery,
    DeliveryBatch,
    Issue,
    IssueState,
    MailFormat,
    Newsletter,
    Subscription,
    Variant,
)
from service.rendering.environment import TemplateError
from tests.delivery.rows import a_newsletter, add_readers, an_approved_issue


@pytest.fixture
def issue(database: Engine, now: datetime) -> Issue:
    with Session(database, expire_on_commit=False) as session, session.begin():
        owner = a_newsletter(session, now)
        add_readers(session, owner, 3, now)
        return an_approved_issue(session, owner, now)


def choose_text(topic: str) -> None:
    """The first reader chooses what nobody chose before."""
    with session_scope() as session:
        reader = session.scalars(select(Subscription).order_by(Subscription.id)).first()
        assert reader is not None
        newsletter = session.get_one(Newsletter, reader.newsletter_id)
        wanted = Wanted(mail_format=MailFormat.TEXT, topics=(topic,))
        reader.choice_id = row_for(session, newsletter.id, wanted).id


def test_it_renders_anew_for_a_reader_who_chose_in_between(
    issue: Issue, database: Engine, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workers import publish

    plans: list[int] = []

    def plan_later(session: Session, issue_id: int, now: datetime, **how: int) -> Planned:
        plans.append(issue_id)
        if len(plans) <= 2:
            choose_text(f"topic{len(plans)}")  # rendering is done, planning has not begun
        return plan_issue(session, issue_id, now, **how)

    monkeypatch.setattr(publish, "plan_issue", plan_later)
    assert publish.render_and_plan(issue.id, now).deliveries == 3
    assert len(plans) == 3
    with Session(database) as session:
        sent = session.execute(
            select(Variant.choice_id, Subscription.choice_id)
            .join(DeliveryBatch, DeliveryBatch.variant_id == Variant.id)
            .join(Delivery, Delivery.batch_id == DeliveryBatch.id)
            .join(Subscription, Subscription.id == Delivery.subscription_id)
        ).all()
        assert len(sent) == 3
        assert all(variant == chosen for variant, chosen in sent), "someone gets an older choice"


def test_it_leaves_the_issue_for_the_next_tick_when_readers_never_rest(
    issue: Issue, database: Engine, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workers import publish

    plans: list[int] = []

    def plan_later(session: Session, issue_id: int, now: datetime, **how: int) -> Planned:
        plans.append(issue_id)
        choose_text(f"topic{len(plans)}")
        return plan_issue(session, issue_id, now, **how)

    monkeypatch.setattr(publish, "plan_issue", plan_later)
    with pytest.raises(MissingVariants, match="later"):
        publish.render_and_plan(issue.id, now)
    assert len(plans) == publish.TRIES
    with Session(database) as session:
        assert session.get_one(Issue, issue.id).state is IssueState.APPROVED
        assert session.scalars(select(Delivery)).all() == []

    monkeypatch.setattr(publish, "plan_issue", plan_issue)
    assert publish.render_and_plan(issue.id, now).deliveries == 3


def test_it_holds_an_issue_that_cannot_be_rendered_and_says_why(
    issue: Issue, database: Engine, redis: Redis, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workers import publish

    def broken(*_: object, **__: object) -> None:
        raise TemplateError("issue/html.mjml.j2, line 7: unexpected '}'")

    monkeypatch.setattr(publish, "render_missing_variants", broken)
    with time_machine.travel(now, tick=False):
        publish.dispatch_issue(issue.id)
    with Session(database) as session:
        held = session.get_one(Issue, issue.id)
        assert held.state is IssueState.HELD
        assert held.reason == (
            "It could not be rendered: issue/html.mjml.j2, line 7: unexpected '}'"
        )


def test_it_plans_nothing_before_its_hour(issue: Issue, database: Engine, now: datetime) -> None:
    from workers.publish import dispatch_issue

    with time_machine.travel(now.replace(hour=now.hour - 1), tick=False):
        dispatch_issue(issue.id)
    with Session(database) as session:
        assert session.get_one(Issue, issue.id).state is IssueState.APPROVED


def test_it_is_sent_at_once_when_it_is_for_nobody(
    database: Engine, redis: Redis, now: datetime
) -> None:
    from workers.publish import dispatch_issue

    with Session(database, expire_on_commit=False) as session, session.begin():
        issue = an_approved_issue(session, a_newsletter(session, now), now)
    with time_machine.travel(now, tick=False):
        dispatch_issue(issue.id)
    with Session(database) as session:
        sent = session.get_one(Issue, issue.id)
        assert (sent.state, sent.audience_count) == (IssueState.SENT, 0)
    assert redis.llen("send") == 0


def test_it_rings_for_every_worker_when_a_plan_is_made(
    issue: Issue, redis: Redis, now: datetime
) -> None:
    from service.config import settings
    from workers.publish import dispatch_issue

    with time_machine.travel(now, tick=False):
        dispatch_issue(issue.id)
    assert redis.llen("send") == settings().worker_processes


def test_it_holds_an_issue_that_must_not_go_out(
    issue: Issue, database: Engine, redis: Redis, now: datetime
) -> None:
    from workers import publish

    with session_scope() as session:
        row = session.get_one(Issue, issue.id)
        assert row.document is not None
        row.document = row.document | {"editorial": "[Read this](nowhere)"}
    with time_machine.travel(now, tick=False):
        publish.dispatch_issue(issue.id)
    with Session(database) as session:
        held = session.get_one(Issue, issue.id)
        assert held.state is IssueState.HELD
        assert held.reason == (
            "It cannot be sent. The link “Read this” leads nowhere: "
            "give it a web address, or take it out."
        )
        assert session.scalars(select(Delivery)).all() == []


def test_it_judges_no_issue_whose_approval_was_taken_back(issue: Issue, now: datetime) -> None:
    from workers import publish

    with session_scope() as session:
        row = session.get_one(Issue, issue.id)
        row.state, row.document = IssueState.DRAFT, None
    assert publish.not_fit(issue.id, now) == ""


def test_it_plans_the_others_when_a_crash_came_between_the_first_and_them(
    issue: Issue, database: Engine, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workers import publish

    monkeypatch.setattr(publish, "FIRST", 1)
    assert publish.render_and_plan(issue.id, now).deliveries == 1
    publish.dispatch_issue(issue.id)  # as the tick rings for it
    publish.dispatch_issue(issue.id)
    with Session(database) as session:
        assert len(session.scalars(select(Delivery)).all()) == 3
        assert session.get_one(Issue, issue.id).audience_count == 3

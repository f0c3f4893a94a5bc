"""A frozen issue with readers, as rows."""

from __future__ import annotations

from datetime import datetime
from itertools import count

from sqlalchemy.orm import Session

from service.audience.choices import Wanted, row_for
from service.models import (
    Issue,
    IssueKind,
    IssueState,
    Newsletter,
    Subscriber,
    Subscription,
    SubscriptionState,
)
from tests.rendering.samples import sample_document

_serial = count()


def a_newsletter(session: Session, now: datetime, slug: str = "inference") -> Newsletter:
    document = sample_document()
    newsletter = Newsletter(
        slug=slug,
        name="The Inference Report",
        from_name="The Inference Report",
        from_address="news@example.org",
        postal_address="12 Quayside Lane",
        sections=[section.spec.model_dump(mode="json") for section in document.sections],
        created_at=now,
    )
    session.add(newsletter)
    session.flush()
    return newsletter


def an_issue(session: Session, newsletter: Newsletter, now: datetime) -> Issue:
    issue = Issue(
        newsletter=newsletter,
        kind=IssueKind.DAILY,
        number=117,
        local_date=now.date(),
        state=IssueState.APPROVED,
        subject="s",
        document=sample_document().model_dump(mode="json"),
        created_at=now,
    )
    session.add(issue)
    session.flush()
    return issue


def a_reader(
    session: Session,
    newsletter: Newsletter,
    now: datetime,
    wanted: Wanted | None = None,
    state: SubscriptionState = SubscriptionState.ACTIVE,
) -> Subscription:
    name = f"reader{next(_serial)}@example.org"
    subscription = Subscription(
        subscriber=Subscriber(email=name, email_key=name, email_hash=name, created_at=now),
        newsletter=newsletter,
        state=state,
        choice_id=row_for(session, newsletter.id, wanted or Wanted()).id,
        created_at=now,
    )
    session.add(subscription)
    session.flush()
    return subscription

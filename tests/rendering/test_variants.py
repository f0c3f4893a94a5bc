from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.audience.choices import Wanted
from service.message.mail import Mail
from service.models import MailFormat, SubscriptionState, Variant
from service.rendering.variants import render_missing_variants
from tests.rendering.rows import a_newsletter, a_reader, an_issue


def variants(session: Session) -> list[Variant]:
    return list(session.scalars(select(Variant).order_by(Variant.id)))


def test_it_renders_once_for_each_distinct_choice(session: Session, now: datetime) -> None:
    newsletter = a_newsletter(session, now)
    issue = an_issue(session, newsletter, now)
    for wanted in (Wanted(), Wanted(), Wanted(MailFormat.TEXT), Wanted(sections=("labs",))):
        a_reader(session, newsletter, now, wanted)
    assert render_missing_variants(session, issue, now) == 3
    assert [variant.html is None for variant in variants(session)].count(True) == 1


def test_it_renders_nothing_twice(session: Session, now: datetime) -> None:
    newsletter = a_newsletter(session, now)
    issue = an_issue(session, newsletter, now)
    a_reader(session, newsletter, now)
    render_missing_variants(session, issue, now)
    (before,) = [(row.id, row.html) for row in variants(session)]
    assert render_missing_variants(session, issue, now) == 0
    assert [(row.id, row.html) for row in variants(session)] == [before]


def test_it_renders_what_came_since(session: Session, now: datetime) -> None:
    newsletter = a_newsletter(session, now)
    issue = an_issue(session, newsletter, now)
    a_reader(session, newsletter, now)
    render_missing_variants(session, issue, now)
    a_reader(session, newsletter, now, Wanted(topics=("cs.CL",)))
    assert render_missing_variants(session, issue, now) == 1
    assert "Research Papers — Focused" in (variants(session)[1].html or "")


def test_it_renders_for_active_readers_of_this_newsletter_only(
    session: Session, now: datetime
) -> None:
    newsletter = a_newsletter(session, now)
    other = a_newsletter(session, now, "other")
    issue = an_issue(session, newsletter, now)
    a_reader(session, newsletter, now, Wanted(sections=("wire",)), SubscriptionState.UNSUBSCRIBED)
    a_reader(session, newsletter, now, Wanted(sections=("labs",)), SubscriptionState.PENDING)
    a_reader(session, other, now)
    assert render_missing_variants(session, issue, now) == 0


def test_it_keeps_what_delivery_needs_to_fill_the_slots(session: Session, now: datetime) -> None:
    newsletter = a_newsletter(session, now)
    issue = an_issue(session, newsletter, now)
    a_reader(session, newsletter, now)
    render_missing_variants(session, issue, now)
    (row,) = variants(session)
    mail = Mail.of(row.nonce, row.subject, row.html, row.text)
    assert mail.names == {"unsubscribeUrl", "preferencesUrl"}
    assert row.created_at == now
    assert "http://news.example.org/n/inference/issues/117" in row.text


def test_it_refuses_a_draft_whose_content_may_still_change(session: Session, now: datetime) -> None:
    newsletter = a_newsletter(session, now)
    issue = an_issue(session, newsletter, now)
    issue.document = None
    a_reader(session, newsletter, now)
    with pytest.raises(ValueError, match="approve it first"):
        render_missing_variants(session, issue, now)

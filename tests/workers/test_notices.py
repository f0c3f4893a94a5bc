"""What each kind of service mail says, with links that open."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.audience import tokens
from service.config import settings
from service.message.mail import FilledMail
from service.models import Issue, Newsletter, Notice, NoticeKind, Subscription
from tests.delivery.rows import a_newsletter, add_readers, an_approved_issue

BASE = "http://news.example.org"


@pytest.fixture
def subscription(session: Session, now: datetime) -> Subscription:
    add_readers(session, a_newsletter(session, now), 1, now)
    return session.scalars(select(Subscription)).one()


def mail_of(
    session: Session,
    kind: NoticeKind,
    now: datetime,
    subscription_id: int | None = None,
    issue: Issue | None = None,
    payload: dict[str, Any] | None = None,
) -> tuple[FilledMail, dict[str, str]]:
    from workers.notices import mail_of_notice

    notice = Notice(
        kind=kind,
        newsletter_id=session.scalars(select(Newsletter.id)).one(),
        subscription_id=subscription_id,
        issue_id=issue.id if issue else None,
        address="reader1@example.org",
        payload=payload or {},
        due_at=now,
        created_at=now,
        changed_at=now,
    )
    session.add(notice)
    session.flush()
    mail, values = mail_of_notice(session, notice, settings())
    assert mail.names <= values.keys()
    return mail.fill(values), values


def test_it_asks_to_confirm_by_a_link_that_opens(
    session: Session, subscription: Subscription, now: datetime
) -> None:
    mail, values = mail_of(session, NoticeKind.CONFIRM, now, subscription.id)
    assert values["actionUrl"].startswith(f"{BASE}/confirm/")
    assert values["actionUrl"] in mail.text
    assert mail.html is not None
    assert values["actionUrl"] in mail.html
    token = values["actionUrl"].rpartition("/")[2]
    assert tokens.read(settings().secret, "confirm", token, count=2) == (
        subscription.id,
        tokens.stamp(now),
    )


def test_it_welcomes_with_the_readers_own_links(
    session: Session, subscription: Subscription, now: datetime
) -> None:
    mail, values = mail_of(session, NoticeKind.WELCOME, now, subscription.id)
    purposes: tuple[tokens.Purpose, ...] = ("unsubscribe", "preferences")
    for purpose in purposes:
        link = values[f"{purpose}Url"]
        assert link in mail.text
        token = link.rpartition("/")[2]
        assert tokens.read(settings().secret, purpose, token, count=1) == (subscription.id,)


def test_it_sends_a_test_copy_that_unsubscribes_nobody(session: Session, now: datetime) -> None:
    issue = an_approved_issue(session, a_newsletter(session, now), now)
    mail, values = mail_of(session, NoticeKind.TEST, now, issue=issue)
    assert mail.subject == "[TEST] A note to readers"
    assert values["unsubscribeUrl"] == f"{BASE}/test-copy/report/unsubscribe"


def test_it_says_what_a_notice_lacks(session: Session, now: datetime) -> None:
    a_newsletter(session, now)
    with pytest.raises(ValueError, match="a confirm notice without a subscription"):
        mail_of(session, NoticeKind.CONFIRM, now)


def test_it_tells_whoever_runs_it_and_leads_to_the_issue(session: Session, now: datetime) -> None:
    issue = an_approved_issue(session, a_newsletter(session, now), now)
    payload = {"text": "It waits\nfor an editor."}
    mail, values = mail_of(session, NoticeKind.ALERT, now, issue=issue, payload=payload)
    assert values["actionUrl"] == f"{BASE}/admin/issues/{issue.id}"
    assert "It waits for an editor." in mail.text


def test_it_carries_the_one_link_that_was_made_for_it(session: Session, now: datetime) -> None:
    a_newsletter(session, now)
    for kind in (NoticeKind.CHANGE_ADDRESS, NoticeKind.MY_DATA):
        mail, _ = mail_of(session, kind, now, payload={"path": "/change/abc"})
        assert f"{BASE}/change/abc" in mail.text
    with pytest.raises(ValueError, match="without the path"):
        mail_of(session, kind, now, payload={"path": "https://evil.example/"})

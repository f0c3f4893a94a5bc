"""What came of an issue, on a page and as CSV; never called complete before it is."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from service.audience.addresses import parse_address
from service.audience.joining import Reader, add_confirmed
from service.db import session_scope
from service.models import (
    BatchState,
    Delivery,
    DeliveryBatch,
    DeliveryState,
    Interaction,
    InteractionKind,
    Issue,
    IssueState,
    Newsletter,
    Subscriber,
    Subscription,
    SubscriptionState,
    Variant,
    Wave,
)
from service.web.asking import now as wall_clock
from tests.web.issues import add_issue

STATES = {
    "ann@one.example": DeliveryState.DELIVERED,
    "bob@one.example": DeliveryState.BOUNCED,
    "cid@two.example": DeliveryState.DELIVERED,
    "dee@two.example": DeliveryState.SKIPPED,
}
ENTRY = "https://lab.example/2"

Sent = Callable[..., Issue]


@pytest.fixture
def sent(newsletter: Newsletter, now: datetime) -> Sent:
    """Issue 90 went to four readers an hour ago."""

    def send(state: IssueState = IssueState.SENT, **changed: DeliveryState) -> Issue:
        began = wall_clock() - timedelta(hours=1)
        issue = add_issue(newsletter, 90, began, "The ninetieth", state=state)
        with session_scope() as session:
            found = session.get_one(Newsletter, newsletter.id)
            found.tracking = True
            for address in STATES:
                add_confirmed(session, found, Reader(parse_address(address)), now)
            session.flush()
            batch = _batch(session, issue.id, now)
            for row in session.query(Subscription).join(Subscriber).order_by(Subscription.id):
                name = row.subscriber.email.partition("@")[0]
                row.subscriber.domain = row.subscriber.email.partition("@")[2]
                session.add(
                    Delivery(
                        issue_id=issue.id,
                        batch_id=batch,
                        subscriber_id=row.subscriber_id,
                        subscription_id=row.id,
                        state=changed.get(name, STATES[row.subscriber.email]),
                        changed_at=now,
                    )
                )
            session.get_one(Issue, issue.id).audience_count = len(STATES)
        return issue

    return send


def _batch(session: Session, issue_id: int, now: datetime) -> int:
    choice = session.query(Subscription.choice_id).limit(1).scalar()
    variant = Variant(
        issue_id=issue_id, choice_id=choice, nonce="n", subject="s", text="t", created_at=now
    )
    wave = Wave(issue_id=issue_id, timezone="", send_hour=-1, due_at=now)
    session.add_all([variant, wave])
    session.flush()
    batch = DeliveryBatch(
        issue_id=issue_id,
        variant_id=variant.id,
        wave_id=wave.id,
        number=1,
        state=BatchState.DONE,
        due_at=now,
    )
    session.add(batch)
    session.flush()
    return batch.id


def touch(issue: Issue, name: str, *, machine: bool = False, url: str | None = None) -> None:
    """A click on *url*, or an open without."""
    with session_scope() as session:
        delivery = (
            session.query(Delivery)
            .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
            .filter(Subscriber.email.startswith(name))
            .one()
        )
        session.add(
            Interaction(
                delivery_id=delivery.id,
                issue_id=issue.id,
                kind=InteractionKind.CLICK if url else InteractionKind.OPEN,
                at=wall_clock(),
                url=url,
                machine=machine,
            )
        )


def rows(editor: FlaskClient, issue: Issue, what: str) -> list[list[str]]:
    answer = editor.get(f"/admin/issues/{issue.id}/report-{what}.csv")
    assert answer.mimetype == "text/csv"
    return list(csv.reader(io.StringIO(answer.text)))


def page(editor: FlaskClient, issue: Issue) -> str:
    return " ".join(editor.get(f"/admin/issues/{issue.id}/report").text.split())


def test_it_counts_readers_not_times_and_keeps_machines_apart(
    editor: FlaskClient, sent: Sent
) -> None:
    issue = sent()
    for _ in range(3):
        touch(issue, "ann")
    touch(issue, "cid", machine=True)
    touch(issue, "ann", url=ENTRY)
    assert rows(editor, issue, "funnel") == [
        ["step", "readers", "share"],
        ["Planned", "4", "1.0000"],
        ["Taken by SES", "3", "0.7500"],
        ["Delivered", "2", "0.5000"],
        ["Opened", "1", "0.2500"],
        ["Clicked", "1", "0.2500"],
    ]
    assert "and 1 by machines alone" in page(editor, issue)
    assert "Opens are a guess" in page(editor, issue)


def test_it_tells_links_by_their_entry_and_section(editor: FlaskClient, sent: Sent) -> None:
    issue = sent()
    touch(issue, "ann", url=ENTRY)
    touch(issue, "ann", url=ENTRY)
    touch(issue, "cid", url=ENTRY, machine=True)
    touch(issue, "cid", url="https://notes.example/")
    assert rows(editor, issue, "links")[1:] == [
        [ENTRY, "Headline 2", "AI Labs", "1", "2", "1"],
        ["https://notes.example/", "", "Editorial", "1", "1", "0"],
    ]
    assert rows(editor, issue, "sections")[1:] == [["AI Labs", "2", "1"], ["Editorial", "1", "0"]]


def test_it_tells_bounces_by_provider(editor: FlaskClient, sent: Sent) -> None:
    issue = sent()
    heading, *found = rows(editor, issue, "providers")
    bounced, planned = heading.index("bounced"), heading.index("planned")
    assert [(row[0], row[planned], row[bounced]) for row in found] == [
        ("one.example", "2", "1"),
        ("two.example", "2", "0"),
    ]


def test_it_tells_why_readers_left(editor: FlaskClient, sent: Sent) -> None:
    issue = sent()
    with session_scope() as session:
        for row in session.query(Subscription):
            if row.subscriber.email.startswith(("ann", "dee")):  # dee never got it
                row.state = SubscriptionState.UNSUBSCRIBED
                row.unsubscribed_at = wall_clock() - timedelta(minutes=5)
                row.unsubscribe_reason = "=Too many"
    assert rows(editor, issue, "reasons") == [["reason", "readers"], ["'=Too many", "1"]]
    assert "1 reader of those who got it left" in page(editor, issue)


@pytest.mark.parametrize(
    ("state", "ann", "said"),
    [
        (IssueState.SENT, DeliveryState.DELIVERED, "Every message has come to an end."),
        (IssueState.SENT, DeliveryState.ACCEPTED, "of 1 SES has told no more"),
        (IssueState.SENDING, DeliveryState.UNKNOWN, "1 message is unresolved"),
        (IssueState.SENT, DeliveryState.UNKNOWN, "1 message is unresolved"),
        (IssueState.HELD, DeliveryState.DELIVERED, "The issue is held"),
    ],
)
def test_it_is_complete_only_when_nothing_is_open(
    editor: FlaskClient, sent: Sent, state: IssueState, ann: DeliveryState, said: str
) -> None:
    found = page(editor, sent(state, ann=ann))
    assert said in found
    is_open = state is not IssueState.SENT or ann is DeliveryState.UNKNOWN
    assert ("not complete" in found) is is_open
    assert (">complete<" in found) is not is_open


def test_it_calls_the_lines_unknown_for_so_few(editor: FlaskClient, sent: Sent) -> None:
    assert "Too few messages to say: 3 of the 1,000" in page(editor, sent())


def test_it_says_nothing_of_opens_without_tracking(
    editor: FlaskClient, sent: Sent, newsletter: Newsletter
) -> None:
    issue = sent()
    with session_scope() as session:
        session.get_one(Newsletter, newsletter.id).tracking = False
    found = page(editor, issue)
    assert "not tracked for this newsletter" in found
    assert "Opened" not in found


def test_it_has_no_report_of_a_draft(editor: FlaskClient, draft: Issue) -> None:
    assert editor.get(f"/admin/issues/{draft.id}/report").status_code == 404
    assert editor.get(f"/admin/issues/{draft.id}/report-links.csv").status_code == 404


def test_it_shows_the_last_issue_on_the_desk(editor: FlaskClient, sent: Sent) -> None:
    issue = sent(cid=DeliveryState.COMPLAINED)
    home = " ".join(editor.get("/admin/").text.split())
    assert f"/admin/issues/{issue.id}/report" in home
    assert "Taken by SES" in home
    assert "1 of them reported as spam" in home
    assert "Too few messages to say: 3 of the 100" in home

"""To which readers alone an issue goes: what can be asked, its words, and its SQL."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from service.audience.addresses import parse_address
from service.audience.choices import Wanted
from service.audience.joining import Reader, add_all_confirmed
from service.audience.preferences import Preferences
from service.audience.segment import BadSegment, Held, Segment, describe, read_segment
from service.audience.segment_sql import count, matches
from service.audience.suppression import suppress
from service.audience.tags import tag
from service.models import (
    Cadence,
    Delivery,
    DeliveryState,
    Interaction,
    InteractionKind,
    Issue,
    IssueKind,
    IssueState,
    MailFormat,
    Newsletter,
    Subscriber,
    Subscription,
    SubscriptionState,
    SuppressionReason,
)

DAYS = [date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 3)]
SECTIONS = [None, ("labs",), ("labs", "wire"), ("labs", "papers")]
TOPICS = [(), ("cs.CL",), ("cs.LG",), ("cs.CL", "cs.LG")]
TAGS = ["beta", "früh", "vip"]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_it_joins_the_tagged_and_looks_them_through_for_nobody(
    session: Session, newsletter: Newsletter
) -> None:
    """At a million readers a subquery for each of them is minutes, a join a second."""
    segment = Segment(tags=("beta",), without_tags=("vip",))
    query = select(Subscription.id).where(matches(segment, newsletter))
    compiled = query.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
    plan = "\n".join(session.scalars(text(f"EXPLAIN {compiled}")))
    assert "SubPlan" not in plan
    assert "Anti Join" in plan


def test_it_is_said_in_words(newsletter: Newsletter) -> None:
    newsletter.tracking = True
    segment = read_segment(
        newsletter,
        {
            "sections": ["wire", "papers", "wire"],
            "topics": ["cs.CL"],
            "cadences": ["weekly"],
            "mail_format": "text",
            "tags": [" Beta ", "vip"],
            "without_tags": ["staff"],
            "joined_since": "2026-03-01",
            "joined_before": "2026-04-01",
            "opened_since": "2026-05-01",
        },
    )
    assert describe(segment, newsletter) == (
        "readers with the tag beta or vip and without the tag staff who joined since 1 March 2026 "
        "and before 1 April 2026, opened an issue since 1 May 2026, read Research Papers or From "
        "the Wire, follow cs.CL, get it weekly and get it as plain text"
    )


@pytest.mark.parametrize(
    ("segment", "said"),
    [
        (Segment(), "every reader"),
        (Segment(tags=("beta",)), "readers with the tag beta"),
        (Segment(without_tags=("beta",)), "readers without the tag beta"),
        (
            Segment(tags=("beta",), joined_since=DAYS[0]),
            "readers with the tag beta who joined since 1 March 2026",
        ),
        (Segment(cadences=(Cadence.WEEKDAYS,)), "readers who get it on weekdays"),
        (Segment(held=Held(issue=1, variants=(2,))), "readers who got the issue that it corrects"),
        (Segment(held=Held(issue=1, variants=(2,), about="A leak")), "readers who got “A leak”"),
    ],
)
def test_it_says_only_what_is_asked(segment: Segment, said: str) -> None:
    assert describe(segment) == said


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"sections": ["sports"]}, "The Report has no section “sports”. There is: labs, papers"),
        ({"topics": ["cs.CV"]}, "The Report has no topic “cs.CV”. There is: cs.CL, cs.LG."),
        ({"tags": ["-x"]}, "tags: “-x” cannot be a tag"),
        ({"tags": ["a"], "without_tags": ["A"]}, "Nobody is both with and without the tag “a”."),
        ({"joined_since": "soon"}, "joined since: "),
        (
            {"joined_since": "2026-03-02", "joined_before": "2026-03-02"},
            "Nobody joined before a day and after it: swap the two days.",
        ),
        ({"opened_since": "2026-03-02"}, "The Report does not track opens"),
        ({"country": "NO"}, "country: "),
    ],
)
def test_it_says_what_to_change(newsletter: Newsletter, asked: dict[str, Any], said: str) -> None:
    with pytest.raises(BadSegment) as error:
        read_segment(newsletter, asked)
    assert str(error.value).startswith(said)


def test_it_is_the_same_when_it_comes_back_from_an_issue() -> None:
    segment = Segment(tags=("vip", "beta"), cadences=(Cadence.DAILY,), joined_since=DAYS[0])
    assert Segment.model_validate(segment.model_dump(mode="json")) == segment


def test_it_counts_only_those_who_may_get_mail(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    readers = [Reader(parse_address(f"r{n}@example.org")) for n in range(5)]
    add_all_confirmed(session, newsletter, readers, now)
    rows = session.scalars(select(Subscription).order_by(Subscription.id)).all()
    rows[0].state = SubscriptionState.UNSUBSCRIBED
    rows[1].paused_until = now + timedelta(days=1)
    rows[2].paused_until = now
    suppress(session, rows[3].subscriber.email_hash, SuppressionReason.MANUAL, "", now)
    session.flush()
    assert count(session, newsletter, Segment(), now) == 2
    tag(session, rows[2].subscriber_id, ["beta"])
    assert count(session, newsletter, Segment(tags=("beta",)), now) == 1


def test_it_finds_nobody_of_another_newsletter_by_what_they_opened(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    other = Newsletter(
        slug="other", name="Other", from_name="Other", from_address="o@news.example.org",
        postal_address="1 Quay Street", sections=[], created_at=now,
    )  # fmt: skip
    session.add(other)
    add_all_confirmed(session, newsletter, [Reader(parse_address("ann@example.org"))], now)
    reader = session.scalars(select(Subscription)).one()
    _opened(session, other, reader, DAYS[2], machine=False)
    assert count(session, newsletter, Segment(opened_since=DAYS[0]), now) == 0


segments = st.builds(
    Segment,
    sections=st.lists(st.sampled_from(["labs", "wire", "papers"]), max_size=2),
    topics=st.lists(st.sampled_from(["cs.CL", "cs.LG"]), max_size=2),
    cadences=st.lists(st.sampled_from(Cadence), max_size=2),
    mail_format=st.none() | st.sampled_from(MailFormat),
    tags=st.lists(st.sampled_from(TAGS[:2]), max_size=2),
    without_tags=st.lists(st.sampled_from(TAGS[2:]), max_size=1),
    joined_since=st.none() | st.just(DAYS[1]),
    joined_before=st.none() | st.just(DAYS[2]),
    opened_since=st.none() | st.sampled_from(DAYS),
)


@pytest.fixture
def crowd(session: Session, newsletter: Newsletter, now: datetime) -> list[dict[str, Any]]:
    """Readers of every kind, as rows and as what is known of each in plain words."""
    people: list[dict[str, Any]] = [
        {
            "sections": SECTIONS[number % 4],
            "topics": TOPICS[number // 4 % 4],
            "cadence": list(Cadence)[number % 3],
            "mail_format": list(MailFormat)[number // 3 % 2],
            "tags": {tag for place, tag in enumerate(TAGS) if number >> place & 1},
            # The day begins in Berlin an hour before it does in UTC.
            "joined": datetime(2026, 2, 28, 23, 0, tzinfo=UTC)
            + timedelta(days=number % 3, seconds=-(number % 2)),
            "opened": DAYS[number % 3] if number % 5 == 0 else None,
            "machine": number % 10 == 0,
        }
        for number in range(48)
    ]
    addresses = [parse_address(f"reader{number}@example.org") for number in range(48)]
    readers = [
        Reader(
            address,
            Preferences(
                wanted=Wanted(one["mail_format"], one["sections"], one["topics"]),
                cadence=one["cadence"],
            ),
        )
        for address, one in zip(addresses, people, strict=True)
    ]
    add_all_confirmed(session, newsletter, readers, now)
    for address, one in zip(addresses, people, strict=True):
        row = session.scalars(
            select(Subscription).join(Subscriber).where(Subscriber.email_key == address.key)
        ).one()
        one["id"], row.confirmed_at = row.id, one["joined"]
        tag(session, row.subscriber_id, one["tags"])
        if one["opened"]:
            _opened(session, newsletter, row, one["opened"], machine=one["machine"])
    session.flush()
    return people


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(segment=segments)
def test_it_means_in_sql_what_it_says(
    session: Session, newsletter: Newsletter, crowd: list[dict[str, Any]], segment: Segment
) -> None:
    found = session.scalars(select(Subscription.id).where(matches(segment, newsletter)))
    assert set(found) == {one["id"] for one in crowd if _reads(segment, one)}


def _reads(segment: Segment, one: dict[str, Any]) -> bool:
    """The segment by plain rules over what is known of one reader."""
    begins = {day: datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=1)
              for day in DAYS}  # fmt: skip
    return all(
        (
            not segment.sections or one["sections"] is None
            or bool(set(segment.sections) & set(one["sections"])),
            not segment.topics or not one["topics"]
            or bool(set(segment.topics) & set(one["topics"])),
            not segment.cadences or one["cadence"] in segment.cadences,
            segment.mail_format in (None, one["mail_format"]),
            not segment.tags or bool(set(segment.tags) & one["tags"]),
            not set(segment.without_tags) & one["tags"],
            segment.joined_since is None or one["joined"] >= begins[segment.joined_since],
            segment.joined_before is None or one["joined"] < begins[segment.joined_before],
            segment.opened_since is None
            or (one["opened"] is not None and not one["machine"]
                and one["opened"] >= segment.opened_since),
        )
    )  # fmt: skip


def _opened(
    session: Session, newsletter: Newsletter, reader: Subscription, day: date, *, machine: bool
) -> None:
    """The reader got an issue of *newsletter* and opened it at noon of *day*, as a click on the
    first of the days would not show."""
    at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    issue = session.scalars(select(Issue).where(Issue.newsletter_id == newsletter.id)).first()
    if issue is None:
        issue = Issue(
            newsletter=newsletter, kind=IssueKind.MANUAL, number=1, state=IssueState.SENT,
            subject="", created_at=at,
        )  # fmt: skip
        session.add(issue)
        session.flush()
    session.execute(delete(Delivery).where(Delivery.subscriber_id == reader.subscriber_id))
    delivery = Delivery(
        issue_id=issue.id,
        batch_id=1,
        subscriber_id=reader.subscriber_id,
        subscription_id=reader.id,
        state=DeliveryState.DELIVERED,
        changed_at=at,
    )
    session.add(delivery)
    session.flush()
    for kind, when in ((InteractionKind.OPEN, at), (InteractionKind.CLICK, at + timedelta(days=9))):
        session.add(
            Interaction(
                delivery_id=delivery.id, issue_id=issue.id, kind=kind, at=when, machine=machine
            )
        )
    session.flush()

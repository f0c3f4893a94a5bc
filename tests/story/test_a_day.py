"""Two days of a newsletter, as its readers and its operator live them. Nobody gives a command.

Only the clock is helped along: "the hour comes" moves the newsletter's hour to now, "the night
passes" gives today's issue yesterday's date. What follows is the tick's own doing.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TypeVar
from zoneinfo import ZoneInfo

import httpx2
from sqlalchemy import select, update

from service.audience import tokens
from service.audience.addresses import address_hash, parse_address
from service.audience.joining import Reader
from service.audience.preferences import Preferences
from service.models import (
    BatchState,
    Delivery,
    DeliveryBatch,
    DeliveryState,
    Issue,
    IssueKind,
    IssueState,
    Source,
    Subscriber,
    Subscription,
    Suppression,
)
from service.models.document import AnyEntry, Document, Paper, Repository, TableEntry
from tests.servers.inbox import Received
from tests.servers.installation import Installation
from tests.servers.processes import until

Kind = TypeVar("Kind", bound=AnyEntry)

SIMULATOR = "simulator.amazonses.com"
BAD_MAILBOXES = {f"{name}@{SIMULATOR}" for name in ("bounce", "complaint", "suppressionlist")}

WEEKLY = "vera@readers.example.com"
EVENING = "yusuf@readers.example.com"
"""Wants it at eight in the evening."""
EVENING_AND_GONE = "zora@readers.example.com"
"""Wanted that too, and leaves in the afternoon."""
LEAVES_AT_NIGHT = "ada@readers.example.com"
PLAIN_READER = "dora@readers.example.com"


def test_it_carries_a_newsletter_through_two_days(installation: Installation) -> None:
    two_readers_want_it_in_the_evening(installation)
    the_news_is_collected(installation, since=datetime.now(UTC) - timedelta(hours=1))
    daily = readers_of_the_daily(installation)

    today = the_hour_comes(installation)
    everyone_else_has_it_once(installation, today, daily - {EVENING, EVENING_AND_GONE})
    assert installation.issue(today.number).state is IssueState.SENDING, "two still wait for it"
    one_leaves_in_the_afternoon(installation)
    the_evening_comes(installation, today)
    everyone_else_has_it_once(installation, today, daily - {EVENING_AND_GONE})
    who_left_is_skipped_and_counted(installation, today)
    everyone_got_what_they_chose(installation, today)
    bad_mailboxes_are_left_alone(installation, today)
    the_numbers_add_up(installation, today)

    one_leaves_by_the_button_of_the_mail_program(installation)
    the_night_passes(installation)
    the_news_is_collected(installation, since=the_next_day_is_printed(installation))
    tomorrow = the_hour_comes(installation)
    the_evening_comes(installation, tomorrow)
    who_is_left = daily - BAD_MAILBOXES - {EVENING_AND_GONE, LEAVES_AT_NIGHT}
    everyone_else_has_it_once(installation, tomorrow, who_is_left)
    nothing_is_said_twice(installation)
    it_tells_what_moved_since(installation, tomorrow)
    the_numbers_add_up(installation, tomorrow)


# --- the day ---


def two_readers_want_it_in_the_evening(place: Installation) -> None:
    with place.rows() as session:
        zone = place.newsletter(session).timezone
    evening = Preferences(send_hour=20, timezone=zone)
    addresses = (EVENING, EVENING_AND_GONE)
    place.add_readers([Reader(parse_address(address), evening) for address in addresses])


def the_news_is_collected(place: Installation, since: datetime) -> None:
    """The tick looks at every source whose time has come."""

    def all_checked() -> bool:
        with place.rows() as session:
            sources = session.scalars(select(Source)).all()
        assert [source.problem for source in sources if source.problem] == []
        return all(source.good_at is not None and source.good_at >= since for source in sources)

    until(all_checked, "every source to be collected")


def the_next_day_is_printed(place: Installation) -> datetime:
    """More news, and the sources' time has come again; when that was."""
    place.inbox.set_newsroom_day(1)
    now = datetime.now(UTC)
    with place.rows() as session:
        session.execute(update(Source).values(next_check_at=now))
    return now


def the_hour_comes(place: Installation) -> Issue:
    """The issue that the tick builds, approves and plans; nobody has it before its hour."""
    with place.rows() as session:
        newsletter = place.newsletter(session)
        known = set(session.scalars(select(Issue.id)))
        local = datetime.now(ZoneInfo(newsletter.timezone))
        newsletter.send_hour, newsletter.send_minute = local.hour, local.minute
        newsletter.next_run = due = datetime.now(UTC) + timedelta(seconds=1)

    def planned() -> Issue | None:
        with place.rows() as session:
            issue = session.scalars(select(Issue).where(Issue.id.not_in(known))).one_or_none()
        return issue if issue is not None and issue.audience_count is not None else None

    issue = until(planned, "the day's issue to be built and planned")
    assert issue.kind is IssueKind.DAILY
    assert issue.local_date == local.date()
    assert issue.created_at >= due, "it was built before its hour"
    with place.rows() as session:
        next_run = place.newsletter(session).next_run
    assert next_run is not None
    assert timedelta(hours=23) < next_run - due < timedelta(hours=25)
    return issue


def one_leaves_in_the_afternoon(place: Installation) -> None:
    with place.rows() as session:
        query = select(Subscription.id).join(Subscriber).where(Subscriber.email == EVENING_AND_GONE)
        token = tokens.sign(place.secret, "unsubscribe", session.execute(query).scalar_one())
    one_click(f"{place.site_url}/unsubscribe/{token}")


def the_evening_comes(place: Installation, issue: Issue) -> None:
    waiting = DeliveryBatch.issue_id == issue.id, DeliveryBatch.state == BatchState.READY
    now = datetime.now(UTC)
    with place.rows() as session:
        due = session.scalars(select(DeliveryBatch.due_at).where(*waiting)).all()
        assert [moment for moment in due if moment > now], "nobody waits for the evening"
        session.execute(update(DeliveryBatch).where(*waiting).values(due_at=now))
    place.wait_until_sent(issue.number)


def one_leaves_by_the_button_of_the_mail_program(place: Installation) -> None:
    one_click(place.inbox.of(LEAVES_AT_NIGHT)[-1].one_click_url)


def the_night_passes(place: Installation) -> None:
    with place.rows() as session:
        # The oldest first: two issues of one kind may not share a date for a moment.
        for issue in session.scalars(select(Issue).order_by(Issue.local_date)):
            assert issue.local_date is not None
            issue.local_date -= timedelta(days=1)
            session.flush()


# --- what can be seen ---


def everyone_else_has_it_once(place: Installation, issue: Issue, readers: set[str]) -> None:
    def settled() -> bool:
        with place.rows() as session:
            query = select(Delivery.state).where(Delivery.issue_id == issue.id)
            states = Counter(session.scalars(query))
        on_its_way = (DeliveryState.SENDING, DeliveryState.UNKNOWN, DeliveryState.ACCEPTED)
        return not any(states[state] for state in on_its_way) and states.total() > (
            states[DeliveryState.QUEUED] + states[DeliveryState.SKIPPED]
        )

    until(settled, f"what is due of issue {issue.number} to be delivered")
    expected = Counter(readers)
    until(
        lambda: place.inbox.recipients_of(issue.id).total() >= expected.total(),
        f"{expected.total()} messages of issue {issue.number}",
    )
    assert place.inbox.recipients_of(issue.id) == expected
    assert WEEKLY not in expected


def who_left_is_skipped_and_counted(place: Installation, issue: Issue) -> None:
    skipped = {
        address: delivery.reason
        for address, delivery in deliveries(place, issue).items()
        if delivery.state is DeliveryState.SKIPPED
    }
    assert list(skipped) == [EVENING_AND_GONE]
    assert "unsubscribed" in (skipped[EVENING_AND_GONE] or "").lower()


def everyone_got_what_they_chose(place: Installation, issue: Issue) -> None:
    full = latest(place, PLAIN_READER)
    assert headings(full) == ["AI LABS", "FROM THE WIRE", "RESEARCH PAPERS", *FIGURES]
    assert full.html is not None
    assert latest(place, "quinn@readers.example.com").html is None, "Quinn wants plain text"
    labs_and_wire = latest(place, "tove@readers.example.com")
    assert headings(labs_and_wire) == ["AI LABS", "FROM THE WIRE"]
    papers_and_figures = latest(place, "ulrich@readers.example.com")
    assert headings(papers_and_figures) == ["RESEARCH PAPERS", "BENCHMARKS"]
    papers = entries(place, issue, Paper)
    for reader, topics in (("rosa", {"cs.CL"}), ("sami", {"cs.LG", "cs.SE"})):
        mail = latest(place, f"{reader}@readers.example.com")
        assert "RESEARCH PAPERS — FOCUSED" in headings(mail)
        shown = [paper for paper in papers if paper.url in (mail.text or "")]
        assert all(topics & set(paper.topics) for paper in shown)
        # On a weekend arXiv announces nothing, and there is nothing to choose from.
        assert bool(shown) == any(topics & set(paper.topics) for paper in papers)


def bad_mailboxes_are_left_alone(place: Installation, issue: Issue) -> None:
    hashes = {address_hash(place.secret, parse_address(bad).key) for bad in BAD_MAILBOXES}

    def all_suppressed() -> bool:
        with place.rows() as session:
            return hashes <= set(session.scalars(select(Suppression.email_hash)))

    until(all_suppressed, "bounces and complaints to be applied")
    found = deliveries(place, issue)
    for name, state in (
        ("bounce", DeliveryState.BOUNCED),
        ("suppressionlist", DeliveryState.BOUNCED),
        ("complaint", DeliveryState.COMPLAINED),
        ("success", DeliveryState.DELIVERED),
        ("ooto", DeliveryState.DELIVERED),
    ):
        assert found[f"{name}@{SIMULATOR}"].state is state, name


def the_numbers_add_up(place: Installation, issue: Issue) -> None:
    report = json.loads(place.command("status", str(issue.number), "--json"))
    assert report["state"] == "sent"
    assert sum(report["deliveries"].values()) == report["planned"] == issue.audience_count
    messages = report["planned"] - report["deliveries"]["skipped"]
    assert place.inbox.recipients_of(issue.id).total() == messages


def nothing_is_said_twice(place: Installation) -> None:
    *_, before, after = place.inbox.of(PLAIN_READER)
    assert stories(before), "the first day's mail holds no story"
    assert stories(after), "the second day's mail holds no story"
    assert stories(before) & stories(after) == set()


def it_tells_what_moved_since(place: Installation, issue: Issue) -> None:
    text = latest(place, PLAIN_READER).text or ""
    moved = [
        row
        for table in entries(place, issue, TableEntry)
        for row in table.rows[:5]
        if row.change not in ("", "new")
    ]
    assert moved, "no figure of a leaderboard moved"
    for row in moved:
        assert re.search(f"{re.escape(row.cells[1])}.*{re.escape(row.change)}", text)
    gained = [repo.gained or 0 for repo in entries(place, issue, Repository)]
    assert max(gained) > 0, "no repository gained a star"
    assert gained == sorted(gained, reverse=True)
    assert f"+{max(gained):,}" in text


# --- looking things up ---

FIGURES = ["BENCHMARKS", "TRENDING"]


def one_click(url: str) -> None:
    """The post of a mailbox provider, RFC 8058."""
    form = {"List-Unsubscribe": "One-Click"}
    assert httpx2.post(url, data=form, trust_env=False, timeout=30).status_code == 200


def readers_of_the_daily(place: Installation) -> set[str]:
    with place.rows() as session:
        return set(session.scalars(select(Subscriber.email))) - {WEEKLY}


def deliveries(place: Installation, issue: Issue) -> dict[str, Delivery]:
    """Of each address that was planned."""
    query = (
        select(Subscriber.email, Delivery)
        .join(Delivery, Delivery.subscriber_id == Subscriber.id)
        .where(Delivery.issue_id == issue.id)
    )
    with place.rows() as session:
        return dict(session.execute(query).all())


def latest(place: Installation, address: str) -> Received:
    return place.inbox.of(address)[-1]


def headings(mail: Received) -> list[str]:
    """The lines that a line of dashes follows."""
    lines = (mail.text or "").splitlines()
    return [line for line, below in pairwise(lines) if below.startswith("---")]


def stories(mail: Received) -> set[str]:
    """The addresses of headlines and papers in a mail."""
    return set(re.findall(r'href="([^"]+/(?:articles|abs)/[^"]+)"', mail.html or ""))


def entries(place: Installation, issue: Issue, kind: type[Kind]) -> list[Kind]:
    document = Document.model_validate(place.issue(issue.number).document)
    found = [entry for section in document.sections for entry in section.entries]
    return [entry for entry in found if isinstance(entry, kind)]

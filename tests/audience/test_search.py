"""Subscriptions found by the beginning of an address, a domain, and filters, page by page."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from service.audience.addresses import parse_address
from service.audience.joining import Reader, add_all_confirmed
from service.audience.preferences import Preferences
from service.audience.search import (
    Asked,
    Place,
    count_found,
    find,
    languages_in_use,
    readers_found,
)
from service.audience.suppression import suppress
from service.audience.tags import BadTag, clean_tags, known_tags, tag, tag_all, tags_of, untag_all
from service.models import (
    Cadence,
    Newsletter,
    Subscriber,
    SubscriberTag,
    Subscription,
    SubscriptionState,
    SuppressionReason,
)

PEOPLE = (
    "ann@example.org", "anna@mail.example", "annika@example.org", "Bob@example.org",
    "a_b@example.org", "a%b@example.org", "zoë@exämple.org", "zz@mail.example",
)  # fmt: skip


@pytest.fixture
def people(session: Session, newsletter: Newsletter, now: datetime) -> dict[str, Subscription]:
    """By the part before the @. They joined a day after each other; bob gets it weekly."""
    addresses = [parse_address(email) for email in PEOPLE if email.isascii()]
    addresses.append(parse_address("zoe@exämple.org"))
    for day, address in enumerate(addresses):
        cadence = Cadence.WEEKLY if address.email.startswith("Bob") else Cadence.DAILY
        reader = Reader(address, Preferences(cadence=cadence))
        add_all_confirmed(session, newsletter, [reader], now + timedelta(days=day))
    rows = session.scalars(select(Subscription).order_by(Subscription.id)).all()
    return {row.subscriber.email_key.partition("@")[0]: row for row in rows}


def names(session: Session, asked: Asked, now: datetime, after: Place | None = None) -> list[str]:
    return [
        found.subscription.subscriber.email_key.partition("@")[0]
        for found in find(session, asked, now, after=after)
    ]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("ann", ["ann", "anna", "annika"]),
        (" ANN", ["ann", "anna", "annika"]),
        ("ann@", ["ann"]),
        ("ann@example.org", ["ann"]),
        ("ANN@Example.ORG", ["ann"]),
        ("a_", ["a_b"]),
        ("a%", ["a%b"]),
        ("zoe@exämple.org", ["zoe"]),
        ("bob@example.o", ["bob"]),
        ("nobody", []),
        ("@mail.example", ["zz", "anna"]),
        ("@MAIL.example ", ["zz", "anna"]),
        ("@mail", []),
        ("'; --", []),
        ("", ["zoe", "zz", "a%b", "a_b", "bob", "annika", "anna", "ann"]),
    ],
)
@pytest.mark.usefixtures("people")
def test_it_finds_by_what_is_typed(
    session: Session, now: datetime, typed: str, found: list[str]
) -> None:
    assert names(session, Asked(typed), now) == found


@pytest.mark.parametrize(
    "asked",
    [
        Asked(),
        Asked("a"),
        Asked("@example.org"),
        Asked(tag="beta"),
        Asked(language="de"),
        Asked(suppressed=True),
        Asked("a", tag="beta", suppressed=True),
        Asked("@example.org", language="de", tag="beta"),
        Asked(state=SubscriptionState.ACTIVE),
    ],
)
def test_it_shows_everyone_once_page_by_page(
    session: Session, people: dict[str, Subscription], now: datetime, asked: Asked
) -> None:
    for row in people.values():
        row.subscriber.language = "de"
        tag(session, row.subscriber_id, ["beta"])
        suppress(session, row.subscriber.email_hash, SuppressionReason.MANUAL, "", now)
    session.flush()
    every = names(session, asked, now)
    place, seen = None, []
    while page := find(session, asked, now, after=place, limit=2):
        seen += [one.subscription.subscriber.email_key.partition("@")[0] for one in page]
        place = page[-1].place
    assert seen == every
    assert len(seen) == len(set(seen)) > 3


def test_it_parts_no_reader_of_two_newsletters(
    session: Session, newsletter: Newsletter, people: dict[str, Subscription], now: datetime
) -> None:
    other = Newsletter(
        slug="other", name="Other", from_name="Other", from_address="o@news.example.org",
        postal_address="1 Quay Street", sections=[], created_at=now,
    )  # fmt: skip
    session.add(other)
    session.flush()
    add_all_confirmed(session, other, [Reader(parse_address("anna@mail.example"))], now)
    for typed in ("ann", "@mail.example"):
        place, seen = None, []
        while page := find(session, Asked(typed), now, after=place, limit=1):
            seen.append(page[0].subscription.id)
            place = page[0].place
        assert len(seen) == len(set(seen))
        assert len({people["anna"].id} & set(seen)) == 1
        assert len(seen) == {"ann": 4, "@mail.example": 3}[typed]
    assert names(session, Asked(newsletter_id=other.id), now) == ["anna"]
    assert count_found(session, Asked("ann"), now) == 3


def test_it_keeps_to_its_filters(
    session: Session, people: dict[str, Subscription], now: datetime
) -> None:
    people["ann"].state = SubscriptionState.UNSUBSCRIBED
    people["anna"].paused_until = now + timedelta(days=1)
    people["annika"].paused_until = now - timedelta(days=1)
    people["a_b"].subscriber.language = "de"
    suppress(session, people["zz"].subscriber.email_hash, SuppressionReason.MANUAL, "", now)
    tag(session, people["ann"].subscriber_id, ["beta"])
    session.flush()
    for asked, expected in (
        (Asked(state=SubscriptionState.UNSUBSCRIBED), ["ann"]),
        (Asked("ann", state=SubscriptionState.ACTIVE), ["anna", "annika"]),
        (Asked(paused=True), ["anna"]),
        (Asked(cadence=Cadence.WEEKLY), ["bob"]),
        (Asked(tag="beta"), ["ann"]),
        (Asked("annika", tag="beta"), []),
        (Asked(suppressed=True), ["zz"]),
        (Asked("@mail.example", suppressed=False), ["anna"]),
        (Asked(language="de"), ["a_b"]),
        (Asked(joined_since=now + timedelta(days=6)), ["zoe", "zz"]),
        (Asked(newsletter_id=10**9), []),
    ):
        assert names(session, asked, now) == expected, asked
        assert count_found(session, asked, now) == len(expected), asked
    shown = find(session, Asked("zz"), now)
    assert [one.suppressed for one in shown] == [True]
    assert languages_in_use(session) == ["de"]


def test_it_looks_a_beginning_up_in_the_index(session: Session, now: datetime) -> None:
    """Else every search reads a million rows."""
    engine = session.get_bind()
    if engine.dialect.name == "postgresql":
        session.execute(text("SET LOCAL enable_seqscan = off"))
        explain, used = "EXPLAIN", "Index Cond: (((email_key)::text >= "
    else:
        explain, used = "EXPLAIN QUERY PLAN", "email_key>? AND email_key<?"
    query = readers_found(session, Asked("ann"), now)
    compiled = query.compile(engine, compile_kwargs={"literal_binds": True})
    statements = [str(row) for row in session.execute(text(f"{explain} {compiled}"))]
    assert any(used in line for line in statements), statements


@pytest.mark.usefixtures("people")
def test_it_tags_and_untags_all_who_are_found(session: Session, now: datetime) -> None:
    ann = session.scalars(select(Subscriber.id).where(Subscriber.email_key.like("ann@%"))).one()
    tag(session, ann, ["beta", "old"])
    assert tag_all(session, readers_found(session, Asked("ann"), now), "beta") == 2
    assert tag_all(session, readers_found(session, Asked("ann"), now), "beta") == 0
    assert len(session.scalars(select(SubscriberTag.subscriber_id)).all()) == 4
    assert untag_all(session, readers_found(session, Asked("anni"), now), "beta") == 1
    assert tags_of(session, [ann]) == {ann: ["beta", "old"]}
    # Those found by a tag lose that very tag.
    assert untag_all(session, readers_found(session, Asked(tag="beta"), now), "beta") == 2
    assert known_tags(session) == ["old"]


def test_it_names_the_tags_in_use_in_their_order(
    session: Session, people: dict[str, Subscription]
) -> None:
    assert known_tags(session) == []
    for place, row in enumerate(people.values()):
        tag(session, row.subscriber_id, ["b", "c" if place % 2 else "a"])
    assert known_tags(session) == ["a", "b", "c"]
    assert known_tags(session, most=2) == ["a", "b"]


@pytest.mark.parametrize(
    ("typed", "tags"),
    [
        (" Beta,  early   READER ,,beta", ("beta", "early reader")),
        ("q3:2026, a/b", ("a/b", "q3:2026")),
        ("früh", ("früh",)),
        ("", ()),
    ],
)
def test_it_reads_tags(typed: str, tags: tuple[str, ...]) -> None:
    assert clean_tags(typed) == tags


@pytest.mark.parametrize("typed", ["=cmd", "-1", "a;b", "x" * 65, "a\x00b", "<b>"])
def test_it_says_what_is_no_tag(typed: str) -> None:
    with pytest.raises(BadTag):
        clean_tags(typed)

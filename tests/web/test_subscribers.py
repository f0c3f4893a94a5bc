"""Subscribers at the desk: found, taken along as CSV, tagged by the hundred, added by hand."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, select

from service.audience import csv_export
from service.audience.addresses import parse_address
from service.audience.imports import jobs
from service.audience.imports.run import work
from service.audience.joining import Reader, add_all_confirmed
from service.audience.subscribe import unsubscribe
from service.audience.suppression import hash_of, is_suppressed, suppress
from service.audience.tags import tag, tags_of
from service.db import session_scope
from service.models import (
    Audit,
    ConsentEvent,
    Import,
    Newsletter,
    Notice,
    NoticeKind,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
)
from service.web.admin.readers import subscribers
from service.web.asking import now as wall_clock
from tests.web.browsing import post

ADD = "/admin/subscribers/add"
TAG = "/admin/subscribers/tag"


@pytest.fixture
def crowd(newsletter: Newsletter, now: datetime) -> list[Subscription]:
    """ann, anna, bob and one whose address is a formula; anna is tagged, bob suppressed."""
    emails = ["ann@example.org", "anna@mail.example", "bob@example.org", "=1+1@example.org"]
    with session_scope() as session:
        owner = session.get_one(Newsletter, newsletter.id)
        readers = [Reader(parse_address(email)) for email in emails]
        add_all_confirmed(session, owner, readers, now)
        rows = list(session.scalars(select(Subscription).order_by(Subscription.id)))
        tag(session, rows[1].subscriber_id, ["beta"])
        suppress(session, rows[2].subscriber.email_hash, SuppressionReason.MANUAL, "asked", now)
        rows[0].subscriber.name = "Ann Ångström"
        return rows


def found(page: str) -> list[str]:
    return re.findall(r'class="address" href="[^"]+">([^<]+)</a>', page)


@pytest.mark.usefixtures("crowd")
def test_it_finds_page_by_page(editor: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscribers, "PAGE", 1)
    seen, to = [], "/admin/subscribers?q=ANN"
    while to:
        page = editor.get(to).text
        seen += found(page)
        more = re.search(r'href="([^"]+)">More</a>', page)
        to = more[1].replace("&amp;", "&") if more else ""
    assert seen == ["ann@example.org", "anna@mail.example"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=@mail.example", ["anna@mail.example"]),
        ("q=nobody", []),
        ("tag=Beta", ["anna@mail.example"]),
        ("suppressed=yes", ["bob@example.org"]),
        ("suppressed=no&q=b", []),
        ("state=unsubscribed", []),
        ("state=nonsense&cadence=daily&q=ann@", ["ann@example.org"]),
        ("since=2026-11-21", []),
        ("newsletter=report&q=bob", ["bob@example.org"]),
        ("after=99999999999999999999&q=bob", ["bob@example.org"]),
        ("after=1.99999999999999999999&q=@nowhere", []),
        ("after=1.%00&q=ann@", ["ann@example.org"]),
        ("q=%00%0aann@example", ["ann@example.org"]),
    ],
)
@pytest.mark.usefixtures("crowd")
def test_it_keeps_to_what_is_asked(editor: FlaskClient, query: str, expected: list[str]) -> None:
    assert found(editor.get(f"/admin/subscribers?{query}").text) == expected


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("since", "soon", "“soon” is not a day. Write it like 2026-11-20."),
        ("newsletter", "gone", "There is no newsletter “gone”. Choose one from the list."),
        ("state", "happy", "There is no state “happy”."),
        ("cadence", "hourly", "There is no cadence “hourly”."),
        ("suppressed", "perhaps", "There is no suppressed “perhaps”."),
    ],
)
@pytest.mark.usefixtures("crowd")
def test_it_does_nothing_to_all_for_a_slip_of_the_pen(
    editor: FlaskClient, name: str, typed: str, said: str
) -> None:
    page = editor.get(f"/admin/subscribers?{name}={typed}").text
    assert said in page
    assert "Download" not in page
    assert editor.get(f"/admin/subscribers.csv?{name}={typed}").status_code == 400
    answer = post(editor, f"{TAG}?{name}={typed}", TAG, put="x", **{name: typed})
    assert answer.status_code == 400


def test_it_streams_what_is_found_as_csv(
    editor: FlaskClient, crowd: list[Subscription], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_export, "PAGE", 1)
    answer = editor.get("/admin/subscribers.csv")
    assert answer.is_streamed
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["email"] for row in rows] == [
        "'=1+1@example.org", "bob@example.org", "anna@mail.example", "ann@example.org",
    ]  # fmt: skip
    assert (rows[3]["name"], rows[2]["tags"], rows[1]["suppressed"]) == (
        "Ann Ångström", "beta", "yes",
    )  # fmt: skip
    only = editor.get("/admin/subscribers.csv?q=anna&newsletter=report")
    assert only.text.count("\n") == 2
    assert "report-" in only.headers["Content-Disposition"]
    with session_scope() as session:
        notes = session.scalars(select(Audit.subject).where(Audit.action == "subscribers.export"))
        assert sorted(notes) == ["everyone", "whose address begins with anna, of The Report"]


@pytest.mark.usefixtures("crowd")
def test_it_exports_what_an_import_reads(editor: FlaskClient, newsletter: Newsletter) -> None:
    text = editor.get("/admin/subscribers.csv").text
    with session_scope() as session:
        owner = session.get_one(Newsletter, newsletter.id)
        brought = jobs.bring(io.BytesIO(text.encode()), "back.csv")
        job = jobs.add_import(session, owner, brought, newsletter.created_at)
        plan = jobs.plan_of(job).model_copy(update={"statement": "Only tried."})
        jobs.check(session, job, plan, ring_for=False)
    assert work(job.id, lambda: datetime.now(UTC))
    with session_scope() as session:
        counts = session.get_one(Import, job.id).counts["checked"]
    assert counts == {"present": 3, "suppressed": 1}


@pytest.mark.usefixtures("crowd")
def test_it_takes_along_who_wants_nothing(
    editor: FlaskClient, newsletter: Newsletter, now: datetime
) -> None:
    """Into another installation: whom nothing may be sent to, who pauses, who is not tracked."""
    with session_scope() as session:
        ann = session.get_one(Subscription, 1)
        ann.paused_until, ann.tracked = wall_clock() + timedelta(days=9), False
        pause = ann.paused_until
    text = editor.get("/admin/subscribers.csv").text
    with session_scope() as session:
        session.execute(delete(Subscriber))
        session.execute(delete(Suppression))
        session.execute(delete(ConsentEvent))
        brought = jobs.bring(io.BytesIO(text.encode()), "moved.csv")
        job = jobs.add_import(session, session.get_one(Newsletter, newsletter.id), brought, now)
        plan = jobs.plan_of(job).model_copy(update={"statement": "They moved with us."})
        jobs.check(session, job, plan, ring_for=False)
    assert work(job.id, wall_clock)
    with session_scope() as session:
        jobs.start(session, session.get_one(Import, job.id), wall_clock(), ring_for=False)
    assert work(job.id, wall_clock)
    with session_scope() as session:
        rows = {row.subscriber.email: row for row in session.scalars(select(Subscription))}
        assert sorted(rows) == ["=1+1@example.org", "ann@example.org", "anna@mail.example"]
        moved = rows["ann@example.org"]
        assert (moved.tracked, moved.paused_until) == (False, pause.replace(microsecond=0))
        assert is_suppressed(session, hash_of(parse_address("bob@example.org")))


def test_it_tags_all_who_are_found_and_says_how_many_first(
    editor: FlaskClient, crowd: list[Subscription]
) -> None:
    page = editor.get(f"{TAG}?q=ann").text
    assert "Tag 2 readers" in page
    assert "Readers whose address begins with ann." in page
    done = post(editor, f"{TAG}?q=ann", TAG, q="ann", put=" BETA ", how="on")
    assert "The tag “beta” is new on 1 reader." in editor.get(done.location).text
    with session_scope() as session:
        tags = tags_of(session, [row.subscriber_id for row in crowd])
        assert tags == {crowd[0].subscriber_id: ["beta"], crowd[1].subscriber_id: ["beta"]}
    post(editor, f"{TAG}?tag=beta", TAG, tag="beta", put="beta", how="off")
    with session_scope() as session:
        assert tags_of(session, [row.subscriber_id for row in crowd]) == {}
        notes = session.scalars(select(Audit).where(Audit.action.like("subscribers.%tag")))
        assert [(note.action, note.detail["readers"]) for note in notes] == [
            ("subscribers.tag", 1), ("subscribers.untag", 2),
        ]  # fmt: skip


@pytest.mark.usefixtures("crowd")
def test_it_says_what_is_no_tag(editor: FlaskClient) -> None:
    answer = post(editor, f"{TAG}?q=ann", TAG, q="ann", put="a,b")
    assert answer.status_code == 400
    assert "“a,b” cannot be a tag" in answer.text
    assert 'value="a,b"' in answer.text


def test_it_asks_whom_an_editor_adds(editor: FlaskClient) -> None:
    done = post(editor, ADD, ADD, newsletter="report", email="New@example.org", name=" Nell  N ",
                tags="vip, Beta", how="ask")  # fmt: skip
    page = editor.get(done.location).text
    assert "We ask New@example.org to confirm." in page
    with session_scope() as session:
        row = session.scalars(select(Subscription)).one()
        assert row.state is SubscriptionState.PENDING
        assert row.subscriber.name == "Nell N"
        assert tags_of(session, [row.subscriber_id]) == {row.subscriber_id: ["beta", "vip"]}
        assert session.scalars(select(Notice)).one().kind is NoticeKind.CONFIRM
        line = session.scalars(select(ConsentEvent)).one()
        assert line.detail == {"form": "the admin, by editor@news.example.org"}
    again = post(editor, ADD, ADD, newsletter="report", email="new@example.org", how="ask")
    assert again.status_code == 400
    assert "new@example.org gets The Report already, or was asked to confirm it." in again.text


def test_it_keeps_how_somebody_agreed(editor: FlaskClient) -> None:
    without = post(editor, ADD, ADD, newsletter="report", email="new@example.org", how="agreed")
    assert "Say how they agreed" in without.text
    assert 'value="new@example.org"' in without.text
    post(editor, ADD, ADD, newsletter="report", email="new@example.org", how="agreed",
         agreed="at our stand")  # fmt: skip
    with session_scope() as session:
        assert session.scalars(select(Subscription)).one().state is SubscriptionState.ACTIVE
        line = session.scalars(select(ConsentEvent)).one()
        assert line.detail == {"origin": "added by editor@news.example.org: at our stand"}


def test_it_brings_nobody_back_who_left(editor: FlaskClient, reader: Subscription) -> None:
    with session_scope() as session:
        unsubscribe(session, reader.id, datetime.now().astimezone(), how="page")
    refused = post(editor, ADD, ADD, newsletter="report", email="ann@example.org", how="agreed",
                   agreed="by phone")  # fmt: skip
    assert "Only they can come back" in refused.text
    asked = post(editor, ADD, ADD, newsletter="report", email="ann@example.org", how="ask")
    assert asked.status_code == 303


@pytest.mark.parametrize("how", ["ask", "agreed"])
def test_it_adds_nobody_who_is_suppressed(
    editor: FlaskClient, newsletter: Newsletter, now: datetime, how: str
) -> None:
    with session_scope() as session:
        address = parse_address("ann@example.org")
        suppress(session, hash_of(address), SuppressionReason.COMPLAINT, "", now)
    refused = post(editor, ADD, ADD, newsletter="report", email="ann@example.org", how=how,
                   agreed="by phone")  # fmt: skip
    assert "Nothing may be sent to ann@example.org" in refused.text
    with session_scope() as session:
        assert session.scalars(select(Subscriber)).all() == []


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"email": "ann@"}, "That does not look like an address"),
        ({"email": "ann@example.org", "tags": "<b>"}, "cannot be a tag"),
    ],
)
def test_it_adds_nothing_when_something_is_not_right(
    editor: FlaskClient, typed: dict[str, str], said: str
) -> None:
    refused = post(editor, ADD, ADD, newsletter="report", how="ask", **typed)
    assert refused.status_code == 400
    assert said in refused.text
    with session_scope() as session:
        assert session.scalars(select(Subscriber)).all() == []

"""Bringing readers in: what came is what a plain reading says, once, whatever dies meanwhile."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.audience.addresses import BadAddress, parse_address
from service.audience.consent import ledger, verify
from service.audience.erasure import erase
from service.audience.imports import run as running
from service.audience.imports import standing, write
from service.audience.imports.run import work
from service.audience.joining import Joined, Reader, add_confirmed
from service.audience.moving import ask_to_move, find_move, move
from service.audience.sign_up import sign_up
from service.audience.subscribe import unsubscribe
from service.audience.suppression import hash_of, suppress
from service.db import session_scope
from service.models import (
    Cadence,
    ConsentEvent,
    ConsentKind,
    ImportProblem,
    ImportState,
    MailFormat,
    Newsletter,
    Notice,
    Subscriber,
    SubscriberTag,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
)
from tests.audience.imports.conftest import STATEMENT, Bring, again, came, start


def readers(session: Session) -> dict[str, Subscription]:
    session.expire_all()
    found = session.scalars(select(Subscription).order_by(Subscription.id))
    return {row.subscriber.email: row for row in found}


def many(count: int) -> str:
    """Rows of every kind, the more the later."""
    rows = ["email,name,created_at,tags"]
    for number in range(count):
        rows.append(f"R{number}@example{number % 7}.org,Reader {number},2024-01-0{number % 9 + 1},")
        if number % 5 == 0:
            rows.append(f"broken {number},,,")
        if number % 6 == 0:
            rows.append(f"r{number // 2}@EXAMPLE{number // 2 % 7}.org,Again,,x")
    return "\n".join(rows) + "\n"


def plainly(text: str) -> tuple[list[tuple[str, str]], int, int]:
    """(address, name) of the readers of a file, and how many rows were bad and repeated."""
    seen: dict[str, tuple[str, str]] = {}
    bad = repeated = 0
    for row in csv.DictReader(io.StringIO(text)):
        try:
            address = parse_address(row["email"])
        except BadAddress:
            bad += 1
            continue
        repeated += address.key in seen
        seen.setdefault(address.key, (address.email, row["name"]))
    return sorted(seen.values()), bad, repeated


def test_it_brings_in_what_a_plain_reading_finds(
    session: Session, bring: Bring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "CHUNK", 17)
    text = many(90)
    expected, bad, repeated = plainly(text)
    job = bring(text)
    found = session.execute(select(Subscriber.email, Subscriber.name)).all()
    assert sorted((row[0], row[1]) for row in found) == expected
    assert came(job) == {"added": len(expected), "bad": bad, "repeated": repeated}
    assert job.total == sum(came(job).values())
    assert session.scalar(select(func.count()).select_from(ImportProblem)) == bad


def test_it_says_before_what_comes_then(
    session: Session, bring: Bring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "CHUNK", 17)
    checked = bring(many(60), only_check=True)
    assert checked.state is ImportState.CHECKED
    assert readers(session) == {}
    assert came(bring(many(60))) == came(checked)


def test_it_goes_on_behind_what_was_done(
    session: Session, bring: Bring, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker dies after each chunk, once within one; the file is read to its end all the same."""
    monkeypatch.setattr(running, "CHUNK", 10)
    text = many(60)
    job = bring(text, only_check=True)
    start(job.id, now)
    took, moment = running.Step.take, now

    def dies(step: running.Step, chunk: running.Chunk, decided: write.Decided) -> None:
        if chunk.position <= 10:
            took(step, chunk, decided)
        raise MemoryError

    with monkeypatch.context() as broken:
        broken.setattr(running.Step, "take", dies)
        with pytest.raises(MemoryError):
            work(job.id, lambda: now)
    assert again(job.id).position == 10
    assert work(job.id, lambda: now)  # somebody seems to be at it: nothing is done
    assert again(job.id).position == 10
    for _ in range(50):
        moment += timedelta(seconds=121)
        if work(job.id, lambda: moment, lambda: True):  # noqa: B023 (called at once)
            break
    expected, bad, repeated = plainly(text)
    job = again(job.id)
    assert job.state is ImportState.DONE
    assert came(job) == {"added": len(expected), "bad": bad, "repeated": repeated}
    assert len(readers(session)) == len(expected)


def test_it_leaves_what_another_worker_took_over(
    session: Session, bring: Bring, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = bring("email\nann@example.org\n", only_check=True)
    start(job.id, now)
    took = running.Step.take

    def frozen(step: running.Step, chunk: running.Chunk, decided: write.Decided) -> None:
        monkeypatch.setattr(running.Step, "take", took)
        assert work(job.id, lambda: now + timedelta(hours=1))
        took(step, chunk, decided)

    monkeypatch.setattr(running.Step, "take", frozen)
    work(job.id, lambda: now)
    assert came(again(job.id)) == {"added": 1}
    assert len(readers(session)) == 1


def test_it_counts_apart_who_is_there_left_or_suppressed(
    session: Session, newsletter: Newsletter, bring: Bring, now: datetime
) -> None:
    for name in ("there", "left"):
        add_confirmed(session, newsletter, Reader(parse_address(f"{name}@example.org")), now)
    unsubscribe(session, readers(session)["left@example.org"].id, now, how="page")
    gone = hash_of(parse_address("gone@example.org"))
    suppress(session, gone, SuppressionReason.COMPLAINT, "", now)
    session.commit()
    names = ("there", "left", "gone", "new", "NEW")
    job = bring("email\n" + "".join(f"{name}@example.org\n" for name in names))
    assert came(job) == {"added": 1, "present": 1, "left": 1, "suppressed": 1, "repeated": 1}
    assert readers(session)["left@example.org"].state is SubscriptionState.UNSUBSCRIBED
    assert "gone@example.org" not in readers(session)


def test_it_keeps_how_they_stood_elsewhere(session: Session, bring: Bring) -> None:
    job = bring(
        "email,status,unsubscribed_at,reason\n"
        "ann@example.org,subscribed,,\n"
        "bo@example.org,unsubscribed,2024-02-03,too much\n"
        "cy@example.org,bounced,,\n"
        "dee@example.org,complained,,\n"
        "eli@example.org,pending,,\n"
        "fay@example.org,of some kind,,\n"
    )
    assert came(job) == {"added": 1, "left_there": 1, "barred": 2, "unconfirmed": 1, "bad": 1}
    rows = readers(session)
    assert list(rows) == ["ann@example.org", "bo@example.org"]
    assert rows["bo@example.org"].state is SubscriptionState.UNSUBSCRIBED
    assert rows["bo@example.org"].unsubscribed_at == datetime(2024, 2, 3, tzinfo=UTC)
    barred = dict(session.execute(select(Suppression.email_hash, Suppression.reason)).all())
    assert barred == {
        hash_of(parse_address("cy@example.org")): SuppressionReason.BOUNCE,
        hash_of(parse_address("dee@example.org")): SuppressionReason.COMPLAINT,
    }


def test_it_leaves_alone_who_reads_here(
    session: Session, newsletter: Newsletter, bring: Bring, now: datetime
) -> None:
    for name in ("ann", "bo"):
        add_confirmed(session, newsletter, Reader(parse_address(f"{name}@example.org")), now)
    session.commit()
    job = bring("email,status,name\nann@example.org,unsubscribed,\nbo@example.org,bounced,Bo\n")
    assert came(job) == {"kept": 2}
    assert {row.state for row in readers(session).values()} == {SubscriptionState.ACTIVE}
    assert session.scalars(select(Suppression)).all() == []


def test_it_takes_along_names_dates_tags_and_choices(
    session: Session, bring: Bring, now: datetime
) -> None:
    bring(
        "email,name,created_at,confirmed_at,tags,language,cadence,sections,topics,format,timezone,"
        "hour,paused_until,tracked\n"
        'ann@example.org,Ann  Lee,2024-01-02,2024-01-03,"VIP,Beta",pt_BR,weekly,'
        "wire|papers,cs.LG,text,Asia/Tokyo,6,2026-12-24,no\n",
        tags=("old site",),
    )
    row = readers(session)["ann@example.org"]
    tags = session.scalars(select(SubscriberTag.tag).order_by(SubscriberTag.tag)).all()
    assert (row.subscriber.name, row.subscriber.language) == ("Ann Lee", "pt-BR")
    assert row.subscriber.domain == "example.org"
    assert row.created_at == datetime(2024, 1, 2, tzinfo=UTC)
    assert row.confirmed_at == datetime(2024, 1, 3, tzinfo=UTC)
    assert tags == ["beta", "old site", "vip"]
    assert (row.cadence, row.timezone, row.send_hour) == (Cadence.WEEKLY, "Asia/Tokyo", 6)
    assert (row.choice.sections, row.choice.topics) == (None, ["cs.LG"])
    assert row.choice.mail_format is MailFormat.TEXT
    assert (row.paused_until, row.tracked) == (datetime(2026, 12, 24, tzinfo=UTC), False)


def test_it_reports_each_bad_row_and_takes_the_rest(session: Session, bring: Bring) -> None:
    job = bring(
        "email,cadence,hour,timezone,sections\n"
        "ann@example.org,,,,\n"
        "not an address,,,,\n"
        "bo@example.org,hourly,,,\n"
        "cy@example.org,,25,UTC,\n"
        "dee@example.org,,7,Mars/Base,\n"
        "eli@example.org,,,,sport\n"
        "fay@example.org,,,,,,too many\n"
        'gus@example.org,"never closed,,,\n'
        "hal@example.org,daily,7,UTC,none\n"
    )
    assert list(readers(session)) == ["ann@example.org", "hal@example.org"]
    bad = session.scalars(select(ImportProblem).order_by(ImportProblem.line)).all()
    assert [row.line for row in bad] == [3, 4, 5, 6, 7, 8, 9]
    assert "“hourly” is not one of daily" in bad[1].problem
    assert bad[1].cells == ["bo@example.org", "hourly", "", "", ""]
    assert bad[5].problem == "7 cells under 5 column names."
    assert bad[6].cells[:2] == ["gus@example.org", '"never closed']
    assert came(job) == {"added": 2, "bad": 7}


def test_it_writes_a_proof_for_each(session: Session, newsletter: Newsletter, bring: Bring) -> None:
    job = bring(
        "email,joined,ip,status\nann@example.org,2024-01-02,192.0.2.7,\nbo@example.org,,,\n"
        "cy@example.org,,,unsubscribed\n"
    )
    common = {
        "import": job.id,
        "file": "members.csv",
        "statement": STATEMENT,
        "by": "ann@news.example.org",
        "asked": False,
    }
    for name, own in (
        ("ann", {"joined": "2024-01-02T00:00:00+00:00", "ip": "192.0.2.7"}),
        ("bo", {}),
        ("cy", {"status": "left"}),
    ):
        kept = ledger(session, newsletter.id, hash_of(parse_address(f"{name}@example.org")))
        assert [(line.kind, line.detail) for line in kept] == [(ConsentKind.IMPORTED, common | own)]
        assert verify(kept) is None


def test_it_goes_on_with_a_ledger_that_is_there(
    session: Session, newsletter: Newsletter, bring: Bring, now: datetime
) -> None:
    """Ann deleted her data once; what she agreed to and took back stays on record."""
    sign_up(session, newsletter, "ann@example.org", now=now)
    session.delete(session.scalars(select(Subscriber)).one())
    session.commit()
    bring("email\nann@example.org\nbo@example.org\n")
    kept = ledger(session, newsletter.id, hash_of(parse_address("ann@example.org")))
    assert [line.kind for line in kept] == [ConsentKind.SIGNED_UP, ConsentKind.IMPORTED]
    assert verify(kept) is None
    assert session.scalar(select(func.count()).select_from(ConsentEvent)) == 3


def test_it_brings_nobody_back_who_is_deleted_or_has_moved(
    session: Session, newsletter: Newsletter, bring: Bring, now: datetime
) -> None:
    """Their rows are gone; the ledger alone knows."""
    for name in ("ann", "bo"):
        add_confirmed(session, newsletter, Reader(parse_address(f"{name}@example.org")), now)
    rows = readers(session)
    erase(session, rows["ann@example.org"].subscriber, now)
    ask_to_move(session, rows["bo@example.org"], "bo@elsewhere.example", now)
    asked = find_move(session, session.scalars(select(Notice.id)).one())
    assert asked
    move(session, asked, now)
    session.commit()
    for ask in (False, True):
        text = "email\nann@example.org\nbo@example.org\n"
        assert came(bring(text, only_check=True, ask=ask)) == {"left": 2}
        assert came(bring(text, ask=ask)) == {"left": 2}
    assert list(readers(session)) == ["bo@elsewhere.example"]
    standing = add_confirmed(session, newsletter, Reader(parse_address("ann@example.org")), now)
    assert standing is Joined.LEFT


def test_it_suppresses_no_reader_of_another_newsletter(
    session: Session, newsletter: Newsletter, bring: Bring, now: datetime
) -> None:
    other = Newsletter(
        slug="other", name="Other", from_name="Other", from_address="o@news.example.org",
        postal_address="1 Quay Street", sections=[], created_at=now,
    )  # fmt: skip
    session.add(other)
    session.flush()
    add_confirmed(session, other, Reader(parse_address("ann@example.org")), now)
    session.commit()
    job = bring("email,status\nann@example.org,bounced\nbo@example.org,bounced\n")
    assert came(job) == {"kept": 1, "barred": 1}


def test_it_asks_each_to_confirm_at_its_pace(
    session: Session, bring: Bring, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "CHUNK", 2)
    job = bring("email\n" + "".join(f"r{n}@example.org\n" for n in range(5)), ask=True, an_hour=60)
    assert came(job) == {"asked": 5}
    assert {row.state for row in readers(session).values()} == {SubscriptionState.PENDING}
    notices = session.execute(select(Notice.address, Notice.due_at).order_by(Notice.id)).all()
    assert [(row[0], row[1] - now) for row in notices] == [
        (f"r{n}@example.org", timedelta(minutes=n)) for n in range(5)
    ]


def test_it_waits_for_who_signs_up_at_that_moment(
    session: Session, newsletter: Newsletter, bring: Bring, now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Between the look and the write; SQLite has one writer at a time, so there it is before."""
    job = bring("email\nann@example.org\nbo@example.org\n", only_check=True)
    start(job.id, now)
    looked = standing.known_among
    meanwhile = ["ann@example.org"]

    def look(asking: Session, *about: object) -> object:
        found = looked(asking, *about)  # type: ignore[arg-type]  # passed on as it came
        if meanwhile and asking.get_bind().dialect.name == "postgresql":
            with session_scope() as other:
                owner = other.get_one(Newsletter, newsletter.id)
                sign_up(other, owner, meanwhile.pop(), now=now)
        return found

    monkeypatch.setattr(write, "known_among", look)
    if session.get_bind().dialect.name == "sqlite":
        sign_up(session, newsletter, meanwhile.pop(), now=now)
        session.commit()
    assert work(job.id, lambda: now)
    assert came(again(job.id)) == {"added": 1, "present": 1}
    assert len(readers(session)) == 2


def test_its_details_are_kept_as_json(session: Session, bring: Bring) -> None:
    bring("email\nann@example.org\n", name='a "quoted" \\ file ü.csv')
    detail = session.scalars(select(ConsentEvent.detail)).one()
    assert json.loads(json.dumps(detail))["file"] == 'a "quoted" \\ file ü.csv'
    assert verify(session.scalars(select(ConsentEvent)).all()) is None

"""Subscribers, subscriptions and suppressions by the API."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from service import config
from service.audience.addresses import parse_address
from service.audience.consent import ledger, verify
from service.audience.story import done_by_staff
from service.audience.suppression import hash_of
from service.db import session_scope
from service.models import Audit, ConsentKind, Newsletter, Notice, NoticeKind
from service.web.admin.readers.reader import subject_of
from tests.api.conftest import Program, one_database

AGREED = {"statement": "Ticked “the newsletter” at checkout on shop.example.org."}


def add(program: Program, who: str = "ann", **more: Any) -> dict[str, Any]:
    body = {"newsletter": "report", "email": f"{who}@example.org", "consent": AGREED, **more}
    answer = program.post("/subscribers", body)
    assert answer.status_code in {200, 201}, answer.text
    found: dict[str, Any] = answer.json["subscriber"]
    return found


def test_it_asks_a_reader_to_confirm(program: Program) -> None:
    body = {"newsletter": "report", "email": "ann@example.org", "name": "Ann", "tags": ["beta"]}
    answer = program.post("/subscribers", body)
    assert answer.status_code == 202
    assert answer.json == {"outcome": "asked", "subscriber": None}
    with session_scope() as session:
        notice = session.scalars(select(Notice)).one()
    assert (notice.kind, notice.address) == (NoticeKind.CONFIRM, "ann@example.org")
    found = program.get("/subscribers?email=Ann@example.org").json["items"]
    assert [one["state"] for one in found[0]["subscriptions"]] == ["pending"]
    assert (found[0]["name"], found[0]["tags"]) == ("Ann", ["beta"])


def test_it_answers_the_same_for_a_known_address_and_changes_nothing(program: Program) -> None:
    reader = add(program, name="Ann", tags=["beta"])
    typed = {"email": "ann@example.org", "name": "Rude", "language": "de", "tags": ["vip"]}
    known = program.post("/subscribers", {"newsletter": "report", **typed})
    assert (known.status_code, known.json) == (202, {"outcome": "asked", "subscriber": None})
    assert program.get(f"/subscribers/{reader['id']}").json == reader, "anybody may have typed it"


def test_it_adds_a_reader_who_agreed_elsewhere(program: Program, newsletter: Newsletter) -> None:
    body = {
        "newsletter": "report",
        "email": "Ann@Example.org",
        "name": " Ann\n Lee",
        "language": "de",
        "tags": ["Beta", "early reader"],
        "consent": {**AGREED, "at": "2026-11-01T09:30:00+01:00"},
        "choices": {"cadence": "weekly", "topics": ["cs.CL"], "mail_format": "text"},
    }
    answer = program.post("/subscribers", body)
    assert answer.status_code == 201, answer.text
    reader = answer.json["subscriber"]
    assert answer.headers["Location"] == f"/api/v1/subscribers/{reader['id']}"
    assert (reader["name"], reader["language"]) == ("Ann Lee", "de")
    assert reader["tags"] == ["beta", "early reader"]
    (standing,) = reader["subscriptions"]
    assert (standing["state"], standing["cadence"]) == ("active", "weekly")
    assert (standing["topics"], standing["mail_format"]) == (["cs.CL"], "text")
    with session_scope() as session:
        lines = ledger(session, newsletter.id, hash_of(parse_address("ann@example.org")))
        assert [line.kind for line in lines] == [ConsentKind.IMPORTED]
        assert AGREED["statement"] in lines[0].detail["origin"]
        assert "2026-11-01 08:30 UTC" in lines[0].detail["origin"]
        assert verify(lines) is None


def test_it_says_that_a_reader_is_there_already(program: Program) -> None:
    add(program)
    body = {"newsletter": "report", "email": "ann@example.org", "consent": AGREED}
    answer = program.post("/subscribers", body)
    assert (answer.status_code, answer.json["outcome"]) == (200, "present")


def test_it_confirms_who_agreed_elsewhere_before_they_did_here(
    program: Program, newsletter: Newsletter
) -> None:
    program.post("/subscribers", {"newsletter": "report", "email": "ann@example.org"})
    (standing,) = add(program, choices={"mail_format": "text"})["subscriptions"]
    assert (standing["state"], standing["mail_format"]) == ("active", "text")
    with session_scope() as session:
        lines = ledger(session, newsletter.id, hash_of(parse_address("ann@example.org")))
        assert [line.kind for line in lines] == [
            ConsentKind.SIGNED_UP,
            ConsentKind.IMPORTED,
            ConsentKind.CHANGED,
        ]
        assert AGREED["statement"] in lines[1].detail["origin"]


@one_database
@pytest.mark.parametrize(
    ("name", "visitor"),
    [("OVERALL", None), ("PER_DOMAIN", None), ("PER_NETWORK", {"ip": "192.0.2.7"})],
)
def test_it_asks_only_so_many_strangers_in_an_hour(
    program: Program, monkeypatch: pytest.MonkeyPatch, name: str, visitor: dict[str, str] | None
) -> None:
    monkeypatch.setenv(f"BROADSHEET_SIGN_UPS_{name}", "1")
    config.settings.cache_clear()
    body = {"newsletter": "report", "visitor": visitor}
    assert program.post("/subscribers", {**body, "email": "a@example.org"}).status_code == 202
    over = program.post("/subscribers", {**body, "email": "b@example.org"})
    assert over.status_code == 429
    assert over.json["type"].endswith("#problem-too-many")
    assert 0 < int(over.headers["Retry-After"]) <= 3600
    with session_scope() as session:
        assert session.scalars(select(Notice.address)).all() == ["a@example.org"]
    add(program, "c")  # who agreed is asked nothing


@one_database
def test_it_takes_nothing_for_an_archived_newsletter(
    program: Program, newsletter: Newsletter
) -> None:
    note = {"newsletter": "report", "subject": "A note", "markdown": "Hi."}
    draft = program.post("/issues", note).json
    with session_scope() as session:
        session.get_one(Newsletter, newsletter.id).archived_at = newsletter.created_at
    reader = {"newsletter": "report", "email": "ann@example.org"}
    for path, body in (
        ("/subscribers", reader),
        ("/subscribers", {**reader, "consent": AGREED}),
        ("/issues", note),
        (f"/issues/{draft['id']}/send", {"expected_audience": 0}),
    ):
        answer = program.post(path, body)
        assert (answer.status_code, "archived" in answer.json["detail"]) == (409, True), path
    assert program.get("/newsletters/report").json["archived"] is True


def test_it_never_brings_back_who_left(program: Program) -> None:
    reader = add(program)
    program.post(f"/subscriptions/{reader['subscriptions'][0]['id']}/unsubscribe", {})
    body = {"newsletter": "report", "email": "ann@example.org", "consent": AGREED}
    answer = program.post("/subscribers", body)
    assert answer.status_code == 409
    assert "unsubscribed" in answer.json["detail"]


@one_database
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"newsletter": "other"}, "newsletter"),
        ({"tags": [","]}, "tags.0"),
        ({"name": "a\x00b"}, "name"),
        ({"language": "english language"}, "language"),
        ({"choices": {"sections": ["sports"]}}, "choices"),
        ({"choices": {"send_hour": 7}}, "choices"),
        ({"choices": {"send_hour": 24, "timezone": "Europe/Berlin"}}, "choices.send_hour"),
        ({"consent": {"statement": "yes"}}, "consent.statement"),
        ({"consent": {**AGREED, "at": "2999-01-01T00:00:00Z"}}, "consent.at"),
        ({"consent": {**AGREED, "at": "2026-01-01"}}, "consent.at"),
        ({"consent": {**AGREED, "at": 1700000000}}, "consent.at"),
        ({"consent": None, "choices": {}}, "choices"),
        ({"visitor": {"ip": "localhost"}}, "visitor.ip"),
    ],
)
def test_it_says_which_field_cannot_be_taken(
    program: Program, change: dict[str, Any], field: str
) -> None:
    body = {"newsletter": "report", "email": "ann@example.org", "consent": AGREED, **change}
    answer = program.post("/subscribers", body)
    assert answer.status_code == 422, answer.text
    assert field in {one["field"] for one in answer.json["errors"]}
    assert program.get("/subscribers").json["items"] == []


def test_it_pages_through_subscribers_without_losing_one(program: Program) -> None:
    names = [f"reader{number}" for number in range(7)]
    for name in names:
        add(program, name)
    seen: list[str] = []
    cursor = ""
    while True:
        page = program.get(f"/subscribers?limit=3{cursor}").json
        seen += [one["email"] for one in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == [f"{name}@example.org" for name in reversed(names)]


@one_database
@pytest.mark.parametrize("cursor", ["x", "MTI=", "LTE", "0", "%00", "MTI\u00e9"])
def test_it_refuses_a_cursor_that_is_not_its_own(program: Program, cursor: str) -> None:
    answer = program.get(f"/subscribers?cursor={cursor}")
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == "cursor"


def test_it_finds_subscribers_by_what_holds_of_them(program: Program) -> None:
    ann = add(program, "ann", tags=["beta"])
    ben = add(program, "ben")
    program.post(f"/subscriptions/{ben['subscriptions'][0]['id']}/unsubscribe", {})

    def emails(query: str) -> list[str]:
        return [one["email"] for one in program.get(f"/subscribers?{query}").json["items"]]

    assert emails("tag=Beta") == ["ann@example.org"]
    assert emails("email=Ben@example.org") == ["ben@example.org"]
    assert emails("email=ben@example.org&tag=beta") == []

    def standing(query: str) -> list[str]:
        return [one["email"] for one in program.get(f"/subscriptions?{query}").json["items"]]

    assert standing("state=unsubscribed") == ["ben@example.org"]
    assert standing("newsletter=report&state=active&tag=Beta") == ["ann@example.org"]
    assert standing("") == ["ben@example.org", "ann@example.org"]
    assert program.get("/subscriptions?newsletter=none").status_code == 422
    assert program.get(f"/subscribers/{ann['id']}").json == ann


def test_it_changes_only_what_is_given(program: Program) -> None:
    reader = add(program, tags=["beta"], name="Ann")
    changed = program.patch(f"/subscribers/{reader['id']}", {"language": "de"}).json
    assert (changed["name"], changed["language"], changed["tags"]) == ("Ann", "de", ["beta"])
    changed = program.patch(f"/subscribers/{reader['id']}", {"tags": ["gamma"], "name": ""}).json
    assert (changed["name"], changed["language"], changed["tags"]) == ("", "de", ["gamma"])


def test_it_writes_over_nothing_that_was_changed_meanwhile(program: Program) -> None:
    reader = add(program)
    path = f"/subscribers/{reader['id']}"
    seen = program.get(path).headers["ETag"]
    assert program.patch(path, {"name": "Ann"}, If_Match=seen).status_code == 200
    late = program.patch(path, {"name": "Anna"}, If_Match=seen)
    assert late.status_code == 412
    assert program.get(path).json["name"] == "Ann"
    now = program.get(path).headers["ETag"]
    same = program.patch(path, {"name": "Ann"}, If_Match=f"W/{now}")
    assert same.status_code == 200, "a proxy that compresses makes the tag a weak one"
    assert program.get(path, **{"If-None-Match": now}).status_code == 304


def test_it_tags_and_untags(program: Program) -> None:
    path = f"/subscribers/{add(program)['id']}/tags"
    assert program.ask("PUT", f"{path}/Early%20Reader").json["tags"] == ["early reader"]
    assert program.ask("PUT", f"{path}/early%20reader").json["tags"] == ["early reader"]
    assert program.ask("PUT", f"{path}/%2C").status_code == 409
    assert program.ask("DELETE", f"{path}/Early%20Reader").json["tags"] == []
    assert program.ask("DELETE", f"{path}/early%20reader").status_code == 404
    assert program.ask("DELETE", f"{path}/a%00b").status_code == 404


def test_it_changes_what_a_reader_chose(program: Program, newsletter: Newsletter) -> None:
    standing = add(program)["subscriptions"][0]
    path = f"/subscriptions/{standing['id']}"
    changed = program.patch(path, {"sections": ["labs", "papers"], "timezone": "Asia/Tokyo"}).json
    assert (changed["sections"], changed["timezone"]) == (["labs", "papers"], "Asia/Tokyo")
    assert changed["cadence"] == standing["cadence"]
    back = program.patch(path, {"sections": None}).json
    assert (back["sections"], back["timezone"]) == (None, "Asia/Tokyo")
    refused = program.patch(path, {"sections": ["sports"]})
    assert refused.status_code == 422
    assert "sports" in refused.json["detail"]
    with session_scope() as session:
        lines = ledger(session, newsletter.id, hash_of(parse_address("ann@example.org")))
    assert [line.kind for line in lines][1:] == [ConsentKind.CHANGED, ConsentKind.CHANGED]
    assert lines[-1].detail["by"].startswith("the API token A shop (bsk_")


def test_it_never_turns_tracking_on_for_a_reader(program: Program) -> None:
    path = f"/subscriptions/{add(program)['subscriptions'][0]['id']}"
    assert program.get(path).json["tracked"] is True
    assert program.patch(path, {"tracked": False}).json["tracked"] is False
    assert program.patch(path, {"timezone": "Asia/Tokyo"}).json["tracked"] is False
    answer = program.patch(path, {"tracked": True})
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "tracked")


def test_it_unsubscribes_once_and_for_all(program: Program) -> None:
    path = f"/subscriptions/{add(program)['subscriptions'][0]['id']}"
    first = program.post(f"{path}/unsubscribe", {"reason": "Asked by phone."})
    assert (first.status_code, first.json["state"]) == (200, "unsubscribed")
    assert first.json["unsubscribe_reason"] == "Asked by phone."
    again = program.post(f"{path}/unsubscribe", {})
    assert again.json["unsubscribed_at"] == first.json["unsubscribed_at"]


def test_it_suppresses_an_address(program: Program) -> None:
    reader = add(program)
    longest = f"ann@{'.'.join(['a' * 60] * 4)}.de"
    assert program.post("/suppressions", {"email": longest, "detail": "Asked."}).status_code == 201
    body = {"email": "ANN@example.org", "detail": "Asked by letter."}
    first = program.post("/suppressions", body)
    assert (first.status_code, first.json["reason"]) == (201, "manual")
    assert program.post("/suppressions", body).status_code == 200
    assert program.get(f"/subscribers/{reader['id']}").json["suppressed"] == "manual"
    listed = program.get("/suppressions?email=ann@example.org&reason=manual").json["items"]
    assert [(one["email"], one["detail"]) for one in listed] == [
        ("ann@example.org", "Asked by letter.")
    ]
    answer = program.post(
        "/subscribers", {"newsletter": "report", "email": "ann@example.org", "consent": AGREED}
    )
    assert answer.status_code == 409
    lift = f"/suppressions/{first.json['id']}/lift"
    assert program.post(lift, {}).status_code == 422
    assert program.post(lift, {"why": "Wrote again."}).status_code == 204
    assert program.post(lift, {"why": "Wrote again."}).status_code == 404
    assert program.get(f"/subscribers/{reader['id']}").json["suppressed"] is None
    with session_scope() as session:
        line = session.scalars(select(Audit).where(Audit.action == "suppression.lift")).one()
    assert line.detail["why"].startswith("Wrote again. (by the API token A shop")


def test_it_notes_by_which_token_something_was_done(program: Program) -> None:
    reader = add(program)
    (standing,) = reader["subscriptions"]
    program.patch(f"/subscriptions/{standing['id']}", {"cadence": "weekdays"})
    program.post(f"/subscriptions/{standing['id']}/unsubscribe", {})
    with session_scope() as session:
        lines = done_by_staff(session, [subject_of(reader["id"])])
    actions = ["reader.unsubscribe", "reader.choose", "reader.add"]
    assert [line.entry.action for line in lines] == actions, "it stands in the reader's story"
    for line in lines:
        assert line.entry.detail["token"].startswith("A shop (bsk_")
        assert line.entry.user_id is not None


def test_it_deletes_a_subscribers_data(program: Program) -> None:
    path = f"/subscribers/{add(program)['id']}"
    gone = program.ask("DELETE", path)
    assert (gone.status_code, gone.data) == (204, b"")
    assert program.get(path).status_code == 404
    assert program.ask("DELETE", path).status_code == 404
    assert program.get("/subscribers").json["items"] == []


def test_it_pages_through_subscriptions_without_losing_one(program: Program) -> None:
    made = [add(program, f"reader{number}")["subscriptions"][0]["id"] for number in range(5)]
    first = program.get("/subscriptions?limit=3&newsletter=report").json
    rest = program.get(f"/subscriptions?newsletter=report&cursor={first['next']}").json
    assert [one["id"] for one in first["items"] + rest["items"]] == made[::-1]
    assert rest["next"] is None

"""Readers from a file, on the web: uploaded, mapped, checked, brought in, undone."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, stream_encode_multipart

from service.audience.imports.run import work
from service.audience.subscribe import unsubscribe
from service.db import read_scope, session_scope
from service.models import (
    Audit,
    Import,
    ImportState,
    Newsletter,
    Role,
    Subscription,
    SubscriptionState,
)
from service.staff.users import add_user
from service.web.asking import now as wall_clock
from tests.web.browsing import PASSWORD, csrf_of, post

AGREED = "They signed up at our old site."
FILE = b"email,name\nbo@example.org,Bo\nnot an address,Cy\n\xc3\xa9va@example.org,=Eva\n"


def bring(client: FlaskClient, content: bytes = FILE, name: str = "members.csv") -> TestResponse:
    token = csrf_of(client.get("/admin/imports").text)
    return upload(client, content, name, csrf_token=token, newsletter="report", preset="")


def upload(client: FlaskClient, content: bytes, name: str, **fields: str) -> TestResponse:
    """In memory: the client itself would leave a large form in a temporary file, and it open."""
    body, _, boundary = stream_encode_multipart(
        {**fields, "file": FileStorage(io.BytesIO(content), name)}, use_tempfile=False
    )
    kind = f'multipart/form-data; boundary="{boundary}"'
    return client.post("/admin/imports", data=body.read(), content_type=kind)


def brought(client: FlaskClient, content: bytes = FILE, name: str = "members.csv") -> str:
    """The address of the page of a new import."""
    answer = bring(client, content, name)
    assert answer.status_code == 303, answer.text
    return answer.location


def check(client: FlaskClient, page: str, **form: str) -> TestResponse:
    asked = {"column-0": "email", "column-1": "name", "statement": AGREED, "an_hour": "2000"}
    return post(client, page, f"{page}/check", **(asked | form))


def work_off(page: str) -> None:
    work(int(page.rsplit("/", 1)[1]), lambda: datetime.now(UTC))


def run(client: FlaskClient, page: str) -> None:
    check(client, page)
    work_off(page)
    post(client, page, f"{page}/start")
    work_off(page)


def readers() -> dict[str, SubscriptionState]:
    with read_scope() as session:
        rows = session.scalars(select(Subscription).order_by(Subscription.id)).all()
        return {row.subscriber.email: row.state for row in rows}


def test_it_takes_a_file_from_upload_to_readers(editor: FlaskClient) -> None:
    page = brought(editor)
    shown = editor.get(page).text
    assert "bo@example.org" in shown
    assert re.search(r'<option value="email" selected>', shown)

    assert check(editor, page).status_code == 303
    assert "being checked" in editor.get(page).text
    work_off(page)
    assert readers() == {}
    shown = editor.get(page).text
    assert "would be added" in shown
    assert "not an address" in shown

    post(editor, page, f"{page}/start")
    work_off(page)
    assert readers() == {"bo@example.org": SubscriptionState.ACTIVE}
    shown = editor.get(page).text
    assert AGREED in shown
    assert "added" in shown


def test_it_takes_them_out_again(editor: FlaskClient) -> None:
    page = brought(editor)
    run(editor, page)
    post(editor, page, f"{page}/undo")
    work_off(page)
    assert readers() == {}
    assert "taken out again" in editor.get(page).text


def test_it_says_who_stays_and_why(editor: FlaskClient) -> None:
    page = brought(editor, b"email\nbo@example.org\ncy@example.org\n")
    run(editor, page)
    with session_scope() as session:
        left = session.scalars(select(Subscription).order_by(Subscription.id)).all()[0]
        unsubscribe(session, left.id, wall_clock(), how="page")
    post(editor, page, f"{page}/undo")
    work_off(page)
    shown = editor.get(page).text
    assert "Who stayed, and why" in shown
    assert re.search(r"bo@example.org</a></th><td>confirmed, chose or left since", shown)
    assert "cy@example.org" not in shown


def test_it_gives_the_bad_rows_back_to_be_mended(editor: FlaskClient) -> None:
    page = brought(editor)
    run(editor, page)
    answer = editor.get(f"{page}/bad-rows.csv")
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert rows[0] == ["problem", "email", "name"]
    assert [row[1:] for row in rows[1:]] == [["not an address", "Cy"], ["éva@example.org", "'=Eva"]]
    mended = answer.data.replace(b"not an address", b"cy@example.org")
    again = brought(editor, mended)
    check(editor, again, **{"column-0": "", "column-1": "email", "column-2": "name"})
    work_off(again)
    post(editor, again, f"{again}/start")
    work_off(again)
    assert list(readers()) == ["bo@example.org", "cy@example.org"]


def test_it_asks_for_a_statement_and_keeps_what_was_typed(editor: FlaskClient) -> None:
    page = brought(editor)
    answer = check(editor, page, statement=" ", tags="old site", ask="yes", an_hour="17")
    shown = answer.text
    assert answer.status_code == 400
    assert "Say how these readers agreed" in shown
    assert 'value="old site"' in shown
    assert 'value="17"' in shown


def test_it_says_what_a_number_of_mails_can_be(editor: FlaskClient) -> None:
    page = brought(editor)
    answer = check(editor, page, ask="yes", an_hour="many")
    assert answer.status_code == 400
    assert "a whole number from 1 to 10,000" in answer.text
    assert 'value="many"' in answer.text


def test_it_refuses_what_is_no_table(editor: FlaskClient, data_dir: Path) -> None:
    for content, said in (
        (b"PK\x03\x04 a workbook", "save it as CSV"),
        (b"", "The first line of the file must name its columns"),
    ):
        answer = bring(editor, content)
        assert answer.status_code == 400
        assert said in answer.text
    assert not list(data_dir.rglob("imports/*"))


def test_it_throws_an_upload_away(editor: FlaskClient, data_dir: Path) -> None:
    page = brought(editor)
    assert list(data_dir.rglob("imports/*.csv"))
    post(editor, page, f"{page}/discard")
    assert not list(data_dir.rglob("imports/*"))
    assert editor.get(page).status_code == 404


def test_it_takes_no_step_out_of_its_turn(editor: FlaskClient) -> None:
    page = brought(editor)
    for step, said in (
        ("start", "Have the file checked first"),
        ("undo", "Only an import that is done can be undone"),
        ("stop", "It is not running"),
    ):
        post(editor, page, f"{page}/{step}")
        assert said in editor.get(page).text
    run(editor, page)
    assert check(editor, page).status_code == 400
    post(editor, page, f"{page}/discard")
    assert "undo it instead" in editor.get(page).text


def test_it_stops_where_it_is(editor: FlaskClient) -> None:
    page = brought(editor)
    check(editor, page)
    work_off(page)
    post(editor, page, f"{page}/start")
    post(editor, page, f"{page}/stop")
    work_off(page)
    assert readers() == {}
    assert "Stopped after 0 rows" in editor.get(page).text


def test_it_guesses_anew_for_another_service(editor: FlaskClient) -> None:
    page = brought(editor, b"email,subscribed_to_emails,when\nbo@example.org,true,\n")
    assert '<option value="ghost" selected>' in editor.get(page).text
    post(editor, page, f"{page}/check", do="guess", preset="", statement=AGREED)
    shown = editor.get(page).text
    assert '<option value="ghost" selected>' not in shown
    assert '<option value="email" selected>' in shown
    assert AGREED in shown


def test_it_says_until_when_it_asks_and_that_no_worker_is_at_it(editor: FlaskClient) -> None:
    page = brought(editor, b"email,name\n" + b"".join(b"r%d@x.example,\n" % n for n in range(49)))
    check(editor, page, ask="yes", an_hour="1")
    assert "It waits for a worker" in editor.get(page).text
    work_off(page)
    shown = editor.get(page).text
    assert "It waits for a worker" not in shown
    then = datetime.now(ZoneInfo("Europe/Berlin")) + timedelta(hours=48)
    said = re.search(r"Brought in now, the last of them is asked to confirm ([^.]+)\.", shown)
    assert said
    assert str(then.day) in re.findall("[0-9]+", said[1])


def test_it_brings_nobody_into_what_has_ended(
    editor: FlaskClient, newsletter: Newsletter, now: datetime
) -> None:
    early, late = brought(editor), brought(editor)
    check(editor, late)
    work_off(late)
    token = csrf_of(editor.get("/admin/imports").text)
    with session_scope() as session:
        session.get_one(Newsletter, newsletter.id).archived_at = now
    answer = upload(editor, FILE, "a.csv", csrf_token=token, newsletter="report", preset="")
    assert (answer.status_code, "is archived" in answer.text) == (400, True)
    assert "is archived" in check(editor, early).text
    post(editor, late, f"{late}/start")
    assert "is archived" in editor.get(late).text
    add = "/admin/subscribers/add"
    assert "There is no newsletter to add them to" in editor.get(add).text
    form = {"email": "bo@example.org", "newsletter": "report", "csrf_token": token}
    assert "is archived" in editor.post(add, data=form).text
    assert readers() == {}


def test_it_is_closed_to_who_may_only_look(editor: FlaskClient, app: Flask) -> None:
    page = brought(editor)
    with session_scope() as session:
        add_user(session, "viewer@example.org", PASSWORD, Role.VIEWER, wall_clock())
    viewer = app.test_client()
    post(viewer, "/admin/login", "/admin/login", email="viewer@example.org", password=PASSWORD)
    assert viewer.get("/admin/imports").status_code == 403
    assert viewer.get(page).status_code == 403


def test_it_takes_large_files_from_editors_alone(editor: FlaskClient, client: FlaskClient) -> None:
    large = b"email\n" + b"x" * 2**21
    assert bring(editor, large).status_code == 303
    assert upload(client, large, "a.csv").status_code == 413


def test_it_writes_down_who_did_what(editor: FlaskClient, newsletter: Newsletter) -> None:
    page = brought(editor)
    run(editor, page)
    with read_scope() as session:
        done = session.scalars(
            select(Audit.action).where(Audit.subject == "import 1").order_by(Audit.id)
        ).all()
        job = session.scalars(select(Import)).one()
    assert done == ["import.upload", "import.check", "import.start", "import.done"]
    assert job.state is ImportState.DONE
    assert not Path(job.path).exists()

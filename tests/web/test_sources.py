"""Sources on the web: tried, added, edited, paused, asked at once, taken away."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from service.config import settings
from service.db import session_scope
from service.models import Audit, Entry, Issue, Item, Newsletter, Role, Source, SourceState
from service.sources.due import due_sources
from service.staff.users import add_user
from service.web.asking import now as wall_clock
from tests.web.browsing import PASSWORD, csrf_of, post

HOME = "/admin/sources/report"
RSS = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>Lab &amp; Sons</title>
<item><title>A &lt;small&gt; model</title><link>https://lab.example/1</link></item>
</channel></rss>"""
PAGE = b"""<!doctype html><html><head>
<link rel="alternate" type="application/rss+xml" href="/feed.xml"></head><body></body></html>"""
FORM = {
    "name": "The lab", "slug": "lab", "kind": "feed", "url": "https://lab.example/feed",
    "section": "labs", "interval_minutes": "30",
}  # fmt: skip


class Site(BaseHTTPRequestHandler):
    """A web site with a feed."""

    def do_GET(self) -> None:
        body = {"/": PAGE, "/feed.xml": RSS}.get(self.path)
        self.send_response(200 if body else 404)
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def served() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def sources() -> list[Source]:
    with session_scope() as session:
        return list(session.scalars(select(Source).order_by(Source.id)))


def add(editor: FlaskClient, **values: str) -> TestResponse:
    return post(editor, f"{HOME}/new", f"{HOME}/new", **{**FORM, **values})


def last_audit() -> Audit:
    with session_scope() as session:
        return session.scalars(select(Audit).order_by(Audit.id.desc()).limit(1)).one()


def test_it_tries_the_feed_of_a_page_and_adds_it(
    editor: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROADSHEET_ALLOW_PRIVATE_SOURCES", "true")
    settings.cache_clear()
    with served() as site:
        shown = post(editor, HOME, f"{HOME}/try", address=f"{site}/")
    assert "Lab &amp; Sons" in shown.text
    assert "A &lt;small&gt; model" in shown.text
    assert sources() == []
    fields = dict(re.findall(r'name="(\w+)"(?: type="number"[^>]*)? value="([^"]*)"', shown.text))
    form = {"section": "labs", "interval_minutes": "60", "name": "Lab & Sons"}
    hidden = {name: fields[name] for name in ("kind", "url", "slug")}
    post(editor, HOME, f"{HOME}/new", **hidden, **form)
    (row,) = sources()
    assert (row.slug, row.name, row.url) == ("lab-sons", "Lab & Sons", f"{site}/feed.xml")
    assert "Lab &amp; Sons" in editor.get(HOME).text


def test_it_keeps_a_tried_address_out_of_our_network(editor: FlaskClient) -> None:
    with served() as site:
        answer = post(editor, HOME, f"{HOME}/try", address=site)
    assert answer.status_code == 422
    assert "not on the public internet" in answer.text
    assert f'value="{site}"' in answer.text


def test_it_notes_what_was_added(editor: FlaskClient, newsletter: Newsletter) -> None:
    add(editor)
    noted = last_audit()
    assert (noted.action, noted.subject) == ("source.add", "report source lab")
    assert noted.detail["changed"]["sources.lab.url"] == [None, "https://lab.example/feed"]
    with session_scope() as session:
        assert session.get_one(Newsletter, newsletter.id).edited_at is not None


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"url": "ftp://lab.example"}, "begins with http"),
        ({"name": ""}, "Must be one line of text"),
        ({"interval_minutes": "often"}, "whole number"),
        ({"slug": "The Lab"}, "small letters"),
        ({"config": "topics = ["}, "not TOML"),
        ({"config": 'header_env = { X = "SECRET" }'}, "file only"),
        ({"config": "allow_private = true"}, "file only"),
        ({"section": "gone"}, "there is no section"),
        ({"kind": "table", "config": ""}, "belongs into a section of kind"),
    ],
)
def test_it_keeps_what_was_typed_beside_what_is_wrong(
    editor: FlaskClient, values: dict[str, str], said: str
) -> None:
    answer = add(editor, **values)
    assert answer.status_code == 400
    assert said in answer.text.replace("&#39;", "'")
    assert 'value="30"' in answer.text or values.get("interval_minutes", "") in answer.text
    assert sources() == []


def test_it_adds_nothing_twice(editor: FlaskClient) -> None:
    add(editor, slug="")
    again = add(editor, slug="", name="Once more", url="https://LAB.example/feed#top")
    assert again.status_code == 400
    assert "Is read already, as The lab." in again.text
    assert len(sources()) == 1


def test_it_takes_a_table_from_a_file(editor: FlaskClient, data_dir: Path) -> None:
    with session_scope() as session:
        found = session.scalars(select(Newsletter)).one()
        table = {"slug": "tables", "kind": "tables", "heading": "Tables"}
        found.sections = [*found.sections, table]
    config = 'format = "csv"\nrow_key = "model"\nrow_name = "model"\nrank_by = "score"\n'
    config += 'columns = [{ key = "score", label = "Score", path = "score" }]\n'
    page = csrf_of(editor.get(f"{HOME}/new").text)
    form = {**FORM, "csrf_token": page, "kind": "table", "section": "tables", "config": config}
    upload = (io.BytesIO(b"model,score\na,1\n"), "../../scores.CSV")
    answer = editor.post(f"{HOME}/new", data={**form, "upload": upload})
    assert answer.status_code == 303, answer.text
    (row,) = sources()
    assert row.url == "upload:report.lab.csv"
    assert (data_dir / "uploads" / "report.lab.csv").read_text() == "model,score\na,1\n"


def test_it_edits_one(editor: FlaskClient) -> None:
    add(editor)
    where = f"{HOME}/of/lab"
    post(editor, where, where, **{**FORM, "name": "The other lab"})
    (row,) = sources()
    assert row.name == "The other lab"
    assert last_audit().detail["changed"] == {"sources.lab.name": ["The lab", "The other lab"]}


def test_it_overwrites_nothing_that_another_changed_meanwhile(editor: FlaskClient) -> None:
    add(editor)
    where = f"{HOME}/of/lab"
    found = re.search(r'name="was" value="([^"]+)"', editor.get(where).text)
    assert found
    was = {"was": unescape(found[1])}
    post(editor, where, where, **FORM | was | {"name": "The other lab", "interval_minutes": "5"})
    assert post(editor, where, where, **FORM | was | {"name": "Lab"}).status_code == 409
    assert post(editor, where, where, **FORM | was | {"url": "https://lab.example/new"})
    (row,) = sources()
    expected = ("The other lab", 5, "https://lab.example/new")
    assert (row.name, row.interval_minutes, row.url) == expected


def test_it_pauses_and_resumes(editor: FlaskClient) -> None:
    add(editor)
    post(editor, HOME, f"{HOME}/of/lab/pause")
    assert sources()[0].state is SourceState.PAUSED
    answer = post(editor, HOME, f"{HOME}/of/lab/fetch")
    assert "resume it first" in editor.get(answer.headers["Location"]).text
    post(editor, HOME, f"{HOME}/of/lab/resume")
    assert sources()[0].state is SourceState.ACTIVE
    assert last_audit().action == "source.resume"


def test_it_resumes_one_that_said_it_was_gone(editor: FlaskClient) -> None:
    add(editor)
    with session_scope() as session:
        row = session.scalars(select(Source)).one()
        row.state, row.failures, row.problem = SourceState.MUTED, 3, "gone for good (410)"
    assert "gone for good" in editor.get(HOME).text
    post(editor, HOME, f"{HOME}/of/lab/resume")
    assert sources()[0].state is SourceState.ACTIVE


def test_it_makes_one_due_and_waits_for_its_answer(editor: FlaskClient) -> None:
    add(editor)
    with session_scope() as session:
        row = session.scalars(select(Source)).one()
        row.checked_at = row.good_at = wall_clock() - timedelta(hours=1)
        row.next_check_at = wall_clock() + timedelta(hours=1)
    place = post(editor, HOME, f"{HOME}/of/lab/fetch").headers["Location"]
    (row,) = sources()
    with session_scope() as session:
        assert due_sources(session, wall_clock()) == [row.id]
    assert "answer is awaited" in editor.get(place).text
    with session_scope() as session:
        row = session.scalars(select(Source)).one()
        row.checked_at = row.good_at = wall_clock() + timedelta(seconds=1)
    page = editor.get(place).text
    assert "answer is awaited" not in page
    assert "hx-get" not in page


def test_it_says_what_goes_with_one_and_keeps_the_issues(
    editor: FlaskClient, draft: Issue, now: datetime
) -> None:
    add(editor)
    with session_scope() as session:
        row = session.scalars(select(Source)).one()
        item = Item(
            source_id=row.id, identity="1", url="https://lab.example/1", title="One",
            canonical_url="https://lab.example/1", published_at=now, first_seen=now,
            content_hash="x",
        )  # fmt: skip
        session.add(item)
        session.flush()
        session.scalars(select(Entry).order_by(Entry.id)).first().item_id = item.id  # type: ignore[union-attr]  # the draft has four
    where = f"{HOME}/of/lab/remove"
    page = " ".join(editor.get(where).text.split())
    assert "1 item that came of it will be deleted" in page
    assert "1 of them stand in issues" in page
    post(editor, where, where)
    assert sources() == []
    with session_scope() as session:
        assert session.query(Entry).count() == 4
        assert session.query(Item).count() == 0


def test_it_counts_what_came_within_a_week(editor: FlaskClient) -> None:
    add(editor)
    with session_scope() as session:
        row = session.scalars(select(Source)).one()
        for number, age in enumerate((1, 6, 8)):
            seen = wall_clock() - timedelta(days=age)
            session.add(
                Item(
                    source_id=row.id, identity=str(number), url="https://l.example", title="One",
                    canonical_url="https://l.example", published_at=seen, first_seen=seen,
                    content_hash="x",
                )
            )  # fmt: skip
    assert "2 items in 7 days" in editor.get(HOME).text


OPML = b"""<opml version="2.0"><body><outline text="A &amp; B" xmlUrl="https://a.example/feed"/>
<outline text="Known" xmlUrl="https://lab.example/feed"/>
<outline text="Bad" xmlUrl="gopher://c.example"/></body></opml>"""


def test_it_looks_at_a_list_first_and_adds_what_is_ticked(editor: FlaskClient) -> None:
    add(editor)
    token = csrf_of(editor.get(f"{HOME}/opml").text)
    form = {"csrf_token": token, "section": "labs", "file": (io.BytesIO(OPML), "feeds.opml")}
    look = editor.post(f"{HOME}/opml", data=form).text
    assert "Add one feed?" in look
    assert "1 in the list is read already" in look
    assert "gopher://c.example" in look
    assert len(sources()) == 1
    chosen = ['["A & B", "https://a.example/feed"]', "no json", "5"]
    data = {"csrf_token": csrf_of(look), "section": "labs", "feed": chosen}
    editor.post(f"{HOME}/opml/add", data=data)
    assert [row.name for row in sources()] == ["The lab", "A & B"]
    listed = editor.get(f"{HOME}/feeds.opml").text
    assert 'text="A &amp; B"' in listed
    assert 'xmlUrl="https://lab.example/feed"' in listed


def test_it_lets_a_viewer_look_only(app: Flask, editor: FlaskClient) -> None:
    add(editor)
    with session_scope() as session:
        add_user(session, "viewer@example.org", PASSWORD, Role.VIEWER, wall_clock())
    viewer = app.test_client()
    post(viewer, "/admin/login", "/admin/login", email="viewer@example.org", password=PASSWORD)
    page = viewer.get(HOME)
    assert page.status_code == 200
    assert "Fetch now" not in page.text
    assert viewer.get(f"{HOME}/of/lab").status_code == 403
    assert post(viewer, HOME, f"{HOME}/of/lab/pause").status_code == 403

"""Settings on the web: the same description as the file's, changed field by field."""

from __future__ import annotations

import json
import re
import tomllib
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from service.db import session_scope
from service.models import Audit, Issue, IssueState, Newsletter, Role, Source
from service.newsletters.file import load_newsletter
from service.rendering.theme import load_theme
from service.sources.due import due_sources
from service.sources.kinds import check_config
from service.staff.users import add_user
from service.web.asking import now as wall_clock
from tests.web.browsing import PASSWORD, csrf_of, post

HOME = "/admin/settings/report"
IDENTITY = {
    "name": "The Report", "description": "", "byline": "", "sender_name": "The Report",
    "sender_address": "report@news.example.org", "reply_to": "", "language": "en",
    "postal_address": "1 Quay Street, Harbourtown",
}  # fmt: skip
SENDING = {
    "approval": "auto", "hold_hours": "12", "when_unapproved": "hold", "min_items": "1",
    "when_unknown": "skip", "canary_percent": "0", "canary_minutes": "10", "lateness_hours": "12",
}  # fmt: skip


def stored() -> Newsletter:
    with session_scope() as session:
        return session.scalars(select(Newsletter).where(Newsletter.slug == "report")).one()


def last_audit() -> Audit:
    with session_scope() as session:
        return session.scalars(select(Audit).order_by(Audit.id.desc()).limit(1)).one()


def save(editor: FlaskClient, tab: str, form: dict[str, str], **values: str) -> TestResponse:
    return post(editor, f"{HOME}/{tab}", f"{HOME}/{tab}", **{**form, **values})


def look_form(editor: FlaskClient) -> dict[str, str]:
    """Every field of the look as it is shown."""
    page = editor.get(f"{HOME}/look").text
    fields = dict(
        re.findall(
            r'<input(?: type="hidden")?(?: id="[\w-]+")? name="([\w-]+)"[^>]*? value="([^"]*)"',
            page,
        )
    )
    selected = dict(re.findall(r'<select id="(\w+)".*?<option value="(\w+)" selected', page))
    return {**fields, **selected, "scheme": "light"}


def test_it_saves_what_was_changed_and_notes_it(editor: FlaskClient) -> None:
    answer = save(editor, "identity", IDENTITY, name="The Daily", reply_to="desk@example.org")
    assert answer.status_code == 303
    assert (stored().name, stored().reply_to) == ("The Daily", "desk@example.org")
    assert last_audit().action == "newsletter.identity"
    assert last_audit().detail["changed"] == {
        "name": ["The Report", "The Daily"],
        "sender.reply_to": [None, "desk@example.org"],
    }


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"name": ""}, "Must be one line of text"),
        ({"sender_address": "no address"}, "@"),
        ({"reply_to": "no address"}, "@"),
        ({"postal_address": " "}, "the law asks for one"),
        ({"language": "English"}, "written like en"),
    ],
)
def test_it_keeps_what_was_typed_beside_what_is_wrong(
    editor: FlaskClient, values: dict[str, str], said: str
) -> None:
    answer = save(editor, "identity", IDENTITY, **{"byline": "Mara of the desk", **values})
    (field,) = values
    assert answer.status_code == 400
    fault = re.search(rf'id="{field}-fault">(.*?)</p>', answer.text)
    assert fault is not None
    assert said in fault[1]
    assert "Mara of the desk" in answer.text
    assert stored().byline == ""


def shown_in(page: str, at: str = "") -> str:
    """What the form behind *at* says that it showed."""
    found = re.search(r'name="was" value="([^"]+)"', page[page.index(at) :])
    assert found
    return unescape(found[1])


def test_it_keeps_what_another_changed_in_the_same_form_meanwhile(editor: FlaskClient) -> None:
    was = shown_in(editor.get(f"{HOME}/identity").text)
    save(editor, "identity", IDENTITY, name="The Dispatch", byline="Ann", was=was)
    answer = save(editor, "identity", IDENTITY, byline="Bob", description="Daily.", was=was)
    assert answer.status_code == 409
    assert "Somebody made this “Ann” meanwhile" in unescape(answer.text)
    assert stored().description == ""
    again = {**IDENTITY, "name": "The Dispatch", "byline": "Bob", "description": "Daily."}
    assert save(editor, "identity", again, was=shown_in(answer.text)).status_code == 303
    row = stored()
    assert (row.name, row.byline, row.description) == ("The Dispatch", "Bob", "Daily.")


def test_it_keeps_what_another_changed_in_a_look_or_a_section(editor: FlaskClient) -> None:
    form = look_form(editor)
    form["was"] = shown_in(editor.get(f"{HOME}/look").text)
    post(editor, f"{HOME}/look", f"{HOME}/look", **form | {"light-accent": "#123456"})
    post(editor, f"{HOME}/look", f"{HOME}/look", **form | {"width": "640"})
    assert stored().theme == {"name": "broadsheet", "light": {"accent": "#123456"}, "width": 640}
    page = f"{HOME}/sections"
    was = shown_in(editor.get(page).text, 'id="section-labs"')
    form = {"do": "save", "heading": "AI Labs", "pool": "20", "topics": "", "was": was}
    form["limit"] = json.loads(was)["limit"]
    post(editor, page, f"{page}/labs", **form | {"heading": "Laboratories"})
    post(editor, page, f"{page}/labs", **form | {"limit": "9"})
    assert (stored().sections[0]["heading"], stored().sections[0]["limit"]) == ("Laboratories", 9)


def test_it_reads_numbers_days_and_ticks(editor: FlaskClient) -> None:
    save(editor, "sending", SENDING, approval="approve", canary_percent="2.5", tracking="1")
    row = stored()
    assert (row.approval.value, row.canary_percent, row.tracking) == ("approve", 2.5, True)
    token = csrf_of(editor.get(f"{HOME}/schedule").text)
    form = {"csrf_token": token, "timezone": "Europe/Berlin", "time": "06:30"}
    editor.post(f"{HOME}/schedule", data={**form, "days": ["mon", "fri"], "weekly": ""})
    row = stored()
    assert (row.send_hour, row.send_minute, row.send_days) == (6, 30, [0, 4])
    assert row.weekly_day is None
    assert row.next_run is not None


def test_it_says_a_number_that_is_none(editor: FlaskClient) -> None:
    answer = save(editor, "sending", SENDING, hold_hours="a while")
    assert "Must be a valid integer." in answer.text
    assert 'value="a while"' in answer.text


def test_it_tells_when_the_next_issues_come(editor: FlaskClient) -> None:
    form = {"timezone": "Europe/Berlin", "time": "07:00", "weekly": "sun", "days": "sun"}
    shown = post(editor, f"{HOME}/schedule", f"{HOME}/schedule/next", **form).text
    assert shown.count("daily and weekly") == 3
    assert "clocks there go" in shown
    assert stored().send_days == list(range(7))
    form["timezone"] = "Nowhere"
    shown = post(editor, f"{HOME}/schedule", f"{HOME}/schedule/next", **form).text
    assert "does not hold" in shown


def test_it_stores_of_a_look_what_differs_from_its_theme(editor: FlaskClient) -> None:
    form = look_form(editor)
    post(editor, f"{HOME}/look", f"{HOME}/look", **{**form, "light-accent": "#0B6170"})
    assert stored().theme == {"name": "broadsheet", "light": {"accent": "#0b6170"}}


def test_it_takes_another_theme_whole(editor: FlaskClient) -> None:
    form = look_form(editor)
    post(editor, f"{HOME}/look", f"{HOME}/look", **{**form, "theme": "harbour"})
    theme = stored().theme
    assert load_theme(theme).light == load_theme({"name": "harbour"}).light


def test_it_keeps_a_bad_colour_beside_what_is_wrong(editor: FlaskClient) -> None:
    form = look_form(editor)
    bad = {**form, "dark-ink": "red; }", "light-page": "#fefefe"}
    answer = post(editor, f"{HOME}/look", f"{HOME}/look", **bad)
    assert answer.status_code == 400
    assert 'id="dark-ink-fault">Must be a colour' in answer.text
    assert 'value="red; }"' in answer.text
    assert 'value="#fefefe"' in answer.text
    assert stored().theme == {}


def test_it_draws_a_mail_in_a_look_that_is_not_stored(editor: FlaskClient) -> None:
    form = {**look_form(editor), "light-accent": "#123abc"}
    answer = post(editor, f"{HOME}/look", f"{HOME}/look/preview", **form)
    assert "#123abc" in answer.text
    assert "The Report" in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert "prefers-color-scheme" not in answer.text
    assert stored().theme == {}


def test_it_says_which_colours_are_hard_to_read(editor: FlaskClient) -> None:
    form = look_form(editor)
    good = post(editor, f"{HOME}/look", f"{HOME}/look/contrast", **form).text
    assert "Every pair" in good
    pale = {**form, "light-muted": "#dddddd"}
    bad = post(editor, f"{HOME}/look", f"{HOME}/look/contrast", **pale).text
    assert "2 of 16 pairs are hard to read" in bad
    assert "too little" in bad


def sections() -> list[str]:
    return [f"{spec['slug']}:{spec['heading']}" for spec in stored().sections]


def test_it_adds_renames_moves_and_removes_sections(editor: FlaskClient) -> None:
    page = f"{HOME}/sections"
    post(editor, page, page, heading="Small tools", kind="headlines", slug="")
    assert sections()[-1] == "small-tools:Small tools"
    post(editor, page, f"{page}/small-tools", do="up")
    assert sections()[2] == "small-tools:Small tools"
    form = {"heading": "Tools", "limit": "3", "pool": "20", "topics": "cli, web", "optional": "1"}
    post(editor, page, f"{page}/small-tools", do="save", **form)
    spec = stored().sections[2]
    assert (spec["heading"], spec["limit"], spec["topics"]) == ("Tools", 3, ["cli", "web"])
    post(editor, page, f"{page}/small-tools", do="remove")
    assert len(sections()) == 3


def test_it_keeps_a_bad_section_as_it_was_typed(editor: FlaskClient) -> None:
    page = f"{HOME}/sections"
    form = {"heading": "Labs!", "limit": "1000", "pool": "20", "topics": ""}
    answer = post(editor, page, f"{page}/labs", do="save", **form)
    assert answer.status_code == 400
    assert 'value="Labs!"' in answer.text
    assert "less than or equal to 100" in answer.text
    answer = post(editor, page, page, heading="", kind="headlines", slug="")
    assert "Must not be empty" in answer.text
    assert sections()[0] == "labs:AI Labs"


def test_it_removes_no_section_that_is_read_for(editor: FlaskClient) -> None:
    with session_scope() as session:
        found = session.scalars(select(Newsletter)).one()
        session.add(
            Source(newsletter_id=found.id, slug="lab", kind="feed", name="Lab",
                   url="https://lab.example", section="labs")
        )  # fmt: skip
    answer = post(editor, f"{HOME}/sections", f"{HOME}/sections/labs", do="remove")
    assert answer.status_code == 400
    assert "there is no section" in answer.text
    assert len(sections()) == 3


def test_it_gives_the_file_and_says_when_it_is_behind(editor: FlaskClient) -> None:
    assert "Kept as a file" not in editor.get(f"{HOME}/identity").text
    text = editor.get(f"{HOME}/file").text
    assert tomllib.loads(text)["slug"] == "report"
    with session_scope() as session:
        load_newsletter(session, text, wall_clock(), check_source=check_config)
    assert "Kept as a file" in editor.get(f"{HOME}/identity").text
    save(editor, "identity", IDENTITY, name="The Daily")
    assert "does not know of your changes" in editor.get(f"{HOME}/identity").text
    with session_scope() as session:
        load_newsletter(session, text, wall_clock(), check_source=check_config)
    assert stored().name == "The Report"


NEW = {
    "name": "Harbour Notes", "slug": "harbour", "address": "notes@news.example.org",
    "postal": "2 Quay Street",
}  # fmt: skip


@pytest.mark.parametrize("of", ["example:python-notebook", "copy:report"])
def test_it_makes_a_second_newsletter_that_waits_for_an_editor(
    editor: FlaskClient, of: str
) -> None:
    page = "/admin/settings/new"
    answer = post(editor, page, page, of=of, **NEW)
    assert answer.headers["Location"] == "/admin/settings/harbour/"
    with session_scope() as session:
        made = session.scalars(select(Newsletter).where(Newsletter.slug == "harbour")).one()
        assert (made.name, made.from_name) == ("Harbour Notes", "Harbour Notes")
        assert made.approval.value == "approve"
        assert made.sections
        assert made.next_run is not None
    assert editor.get(answer.headers["Location"], follow_redirects=True).status_code == 200


def test_it_makes_none_of_a_slip(editor: FlaskClient) -> None:
    page = "/admin/settings/new"
    bad = {**NEW, "slug": "report", "of": "copy:report"}
    answer = post(editor, page, page, **bad)
    assert answer.status_code == 400
    assert "Belongs to another newsletter" in answer.text
    assert 'value="Harbour Notes"' in answer.text
    answer = post(editor, page, page, **{**NEW, "of": "copy:nowhere"})
    assert "choose an example" in answer.text.lower()


def test_it_archives_and_takes_up_again(
    editor: FlaskClient, client: FlaskClient, newsletter: Newsletter
) -> None:
    with session_scope() as session:
        session.add(
            Source(newsletter_id=newsletter.id, slug="lab", kind="feed", name="Lab",
                   url="https://lab.example", section="labs")
        )  # fmt: skip
    save(editor, "schedule", {"timezone": "UTC", "time": "07:00", "days": "mon", "weekly": ""})
    post(editor, f"{HOME}/identity", f"{HOME}/archive")
    assert stored().archived_at is not None
    assert stored().next_run is None
    with session_scope() as session:
        assert due_sources(session, wall_clock()) == []
    page = client.get("/n/report/").text
    assert "come to its end" in page
    assert 'name="email"' not in page
    token = csrf_of(editor.get(f"{HOME}/identity").text)
    form = {"csrf_token": token, "email": "bob@example.org", "made": "x"}
    assert editor.post("/n/report/join", data=form).status_code == 404
    assert client.get("/").status_code == 200
    save(editor, "schedule", {"timezone": "UTC", "time": "08:00", "days": "mon", "weekly": ""})
    assert stored().next_run is None
    post(editor, f"{HOME}/identity", f"{HOME}/restore")
    assert stored().archived_at is None
    assert stored().next_run is not None


def test_it_archives_nothing_that_is_on_its_way(editor: FlaskClient, draft: Issue) -> None:
    with session_scope() as session:
        session.get_one(Issue, draft.id).state = IssueState.SENDING
    answer = post(editor, f"{HOME}/identity", f"{HOME}/archive")
    page = editor.get(answer.headers["Location"], follow_redirects=True).text
    assert "No. 7 is on its way" in page
    assert stored().archived_at is None


PAGES = ["identity", "schedule", "sending", "look", "sections"]


@pytest.mark.parametrize("role", [Role.EDITOR, Role.VIEWER])
def test_it_opens_to_owners_alone(app: Flask, role: Role) -> None:
    with session_scope() as session:
        add_user(session, "other@example.org", PASSWORD, role, wall_clock())
    other = app.test_client()
    post(other, "/admin/login", "/admin/login", email="other@example.org", password=PASSWORD)
    for page in ("/admin/settings/", "/admin/settings/new", *(f"{HOME}/{tab}" for tab in PAGES)):
        assert other.get(page).status_code == 403, page
    assert post(other, "/admin/", f"{HOME}/archive").status_code == 403


def test_it_shows_every_page(editor: FlaskClient) -> None:

    for page in ("/admin/settings/", "/admin/settings/new", *(f"{HOME}/{tab}" for tab in PAGES)):
        assert editor.get(page).status_code == 200, page

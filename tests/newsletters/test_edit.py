"""A newsletter changed by a form: by the rules of its file, and with nothing of it lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from service.db import session_scope
from service.models import Newsletter, Source, SourceState
from service.newsletters.edit import (
    BadEdit,
    Changed,
    Checks,
    Raw,
    create_newsletter,
    differences,
    edit_newsletter,
    plain,
)
from service.newsletters.file import dump_newsletter, load_newsletter
from service.newsletters.problems import read_spec
from service.rendering.theme import load_theme
from service.sources.kinds import check_config
from tests.delivery.test_bad_luck import wait_until_it_waits

NOW = datetime(2026, 11, 21, 5, tzinfo=UTC)
CHECKS = Checks(check_config, load_theme)
FILE = """
slug = "report"
name = "The Report"
postal_address = "1 Quay Street"

[sender]
address = "report@news.example.org"

[[sections]]
slug = "labs"
kind = "headlines"
heading = "Labs"

[[sources]]
slug = "house"
kind = "feed"
name = "The house"
url = "http://10.0.0.5/feed"
section = "labs"
config = { allow_private = true }

[[sources]]
slug = "lab"
kind = "feed"
name = "A lab"
url = "https://lab.example/feed"
section = "labs"
"""


@pytest.fixture
def newsletter(session: Session) -> Newsletter:
    load_newsletter(session, FILE, NOW, check_source=check_config, check_theme=load_theme)
    return session.scalars(select(Newsletter)).one()


def edit(session: Session, newsletter: Newsletter, **values: Any) -> Changed:
    """Fields of the newsletter itself, or of its part ``sources__1`` and so on."""

    def change(raw: Raw) -> None:
        for name, value in values.items():
            group, _, number = name.partition("__")
            if number:
                raw[group][int(number)].update(value)
            elif isinstance(value, dict):
                raw[group].update(value)
            else:
                raw[name] = value

    return edit_newsletter(session, newsletter, change, NOW, CHECKS)


def test_it_stores_what_differs_and_says_what_was(session: Session, newsletter: Newsletter) -> None:
    changed = edit(session, newsletter, name="The Weekly", schedule={"time": "06:30"})
    assert changed == {
        "name": ["The Report", "The Weekly"],
        "schedule.time": ["07:00", "06:30"],
    }
    assert (newsletter.name, newsletter.send_hour, newsletter.send_minute) == ("The Weekly", 6, 30)
    assert newsletter.edited_at == NOW
    assert newsletter.next_run == datetime(2026, 11, 21, 6, 30, tzinfo=UTC)


def test_it_writes_the_file_that_would_have_said_so(
    session: Session, newsletter: Newsletter
) -> None:
    edit(session, newsletter, byline="Mara", sources__1={"paused": True})
    text = dump_newsletter(session, "report")
    again = load_newsletter(session, text, NOW, check_source=check_config, check_theme=load_theme)
    assert again.unchanged
    assert again.edited_at == NOW
    assert newsletter.edited_at is None


def test_it_reads_what_another_stored_while_it_waited(
    session: Session, newsletter: Newsletter
) -> None:
    assert newsletter.byline == ""
    session.execute(text("UPDATE newsletter SET byline = 'Ann'"))  # as another's commit looks
    assert edit(session, newsletter, byline="Bob")["byline"] == ["Ann", "Bob"]


def test_it_does_nothing_where_nothing_differs(session: Session, newsletter: Newsletter) -> None:
    assert edit(session, newsletter, name="The Report") == {}
    assert newsletter.edited_at is None


@pytest.mark.parametrize(
    ("values", "place", "said"),
    [
        ({"name": " "}, ("name",), "must be one line of text"),
        ({"sender": {"address": "nobody"}}, ("sender", "address"), "@"),
        ({"postal_address": ""}, ("postal_address",), "the law asks for one"),
        ({"schedule": {"timezone": "Mars"}}, ("schedule", "timezone"), "not a known time zone"),
        ({"theme": {"name": "nosuch"}}, ("theme",), "there is no theme"),
        ({"sources__1": {"url": "ftp://x"}}, ("sources", 1, "url"), "begins with http"),
        ({"sources__1": {"kind": "radio"}}, ("sources", 1, "config"), "no kind of source"),
        ({"sources__1": {"section": "gone"}}, (), "there is no section 'gone'"),
    ],
)
def test_it_says_at_its_place_what_is_wrong(
    session: Session,
    newsletter: Newsletter,
    values: dict[str, Any],
    place: tuple[Any, ...],
    said: str,
) -> None:
    with pytest.raises(BadEdit) as caught:
        edit(session, newsletter, **values)
    assert said in caught.value.problems[place]
    assert newsletter.edited_at is None


@pytest.mark.parametrize(
    ("number", "values", "refused"),
    [
        (1, {"config": {"header_env": {"X-Key": "SECRET"}}}, "config"),
        (1, {"config": {"allow_private": True}}, "config"),
        (0, {"config": {}}, "config"),
        (0, {"url": "http://10.0.0.9/feed"}, "url"),
    ],
)
def test_it_opens_no_door_that_only_the_file_may_open(
    session: Session, newsletter: Newsletter, number: int, values: Raw, refused: str
) -> None:
    with pytest.raises(BadEdit) as caught:
        edit(session, newsletter, **{f"sources__{number}": values})
    assert list(caught.value.problems) == [("sources", number, refused)]


def test_it_moves_such_a_source_within_its_server(session: Session, newsletter: Newsletter) -> None:
    edit(session, newsletter, sources__0={"url": "http://10.0.0.5/new"})
    house = session.scalars(select(Source).where(Source.slug == "house")).one()
    assert house.url == "http://10.0.0.5/new"
    assert house.state is SourceState.ACTIVE


def test_it_makes_no_second_newsletter_of_a_name(session: Session, newsletter: Newsletter) -> None:
    raw: Raw = {
        "slug": "report",
        "name": "Another",
        "postal_address": "2 Quay Street",
        "sender": {"address": "other@news.example.org"},
        "sections": [{"slug": "wire", "kind": "headlines", "heading": "Wire"}],
    }
    with pytest.raises(BadEdit, match="belongs to another newsletter"):
        create_newsletter(session, raw, NOW, CHECKS)
    assert newsletter.name == "The Report"
    made = create_newsletter(session, {**raw, "slug": "other"}, NOW, CHECKS)
    assert (made.name, made.loaded_at) == ("Another", None)


def test_it_makes_one_newsletter_of_two_clicks_at_once(database: Engine) -> None:
    raw = plain(read_spec(FILE))

    def click() -> None:
        with session_scope() as session:
            create_newsletter(session, raw, NOW, CHECKS)

    with ThreadPoolExecutor(1) as pool:
        with session_scope() as session:
            create_newsletter(session, raw, NOW, CHECKS)
            second = pool.submit(click)
            wait_until_it_waits(database)
        with pytest.raises(BadEdit, match="belongs to another newsletter"):
            second.result()


def test_it_tells_parts_apart_by_their_names() -> None:
    before: Raw = {"sources": [{"slug": "a", "url": "1"}, {"slug": "b", "url": "2"}]}
    after: Raw = {"sources": [{"slug": "b", "url": "3"}]}
    assert differences(before, after) == {
        "sources": [["a", "b"], ["b"]],
        "sources.a.slug": ["a", None],
        "sources.a.url": ["1", None],
        "sources.b.url": ["2", "3"],
    }

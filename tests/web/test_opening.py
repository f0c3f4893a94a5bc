"""Opening a page changes nothing, whichever it is: scanners open every link, by GET and by HEAD."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Flask, url_for
from flask.testing import FlaskClient
from sqlalchemy import select

from service.audience.data_link import ask_for_data
from service.audience.moving import ask_to_move
from service.audience.tokens import stamp
from service.db import Base, session_scope
from service.models import Newsletter, Notice, Subscription
from service.web.asking import now as wall_clock
from tests.web.browsing import link
from tests.web.issues import add_issue


def test_it_changes_nothing_by_opening_any_page_of_a_reader(
    app: Flask, client: FlaskClient, newsletter: Newsletter, reader: Subscription, now: datetime
) -> None:
    add_issue(newsletter, 7, now, "A day")
    pages = {**links(app), **tokens_of(reader)}
    before = everything_stored()
    for rule, path in pages.items():
        for method in (client.get, client.head):
            assert method(path).status_code in {200, 302}, rule
    assert everything_stored() == before


def links(app: Flask) -> dict[str, str]:
    """Every public page that can be opened without a token."""
    given = {"newsletter": "report", "number": 7, "section": "labs", "link": "preferences"}
    with app.test_request_context():
        return {
            rule.rule: url_for(rule.endpoint, **{name: given[name] for name in rule.arguments})
            for rule in app.url_map.iter_rules()
            if rule.endpoint.startswith("public.")
            and "GET" in (rule.methods or ())
            and "token" not in rule.arguments
        }


def tokens_of(reader: Subscription) -> dict[str, str]:
    """Every page that a link in a mail leads to, and those that hang on it."""
    at = wall_clock()
    with session_scope() as session:
        ask_to_move(session, session.get_one(Subscription, reader.id), "a@new.example", at)
        ask_for_data(session, session.get_one(Subscription, reader.id), at)
        address, data = session.scalars(select(Notice.payload).order_by(Notice.id))
    return {
        "address": address["path"],
        "preferences": link("preferences", reader.id),
        "data": data["path"],
        "file": f"{data['path']}/my-data.json",
        "unsubscribe": link("unsubscribe", reader.id),
        "confirm": link("confirm", reader.id, stamp(at)),
        "expired": link("confirm", reader.id, stamp(at - timedelta(days=30))),
    }


def test_it_tries_every_page_with_a_token(app: Flask, reader: Subscription) -> None:
    pages = {
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("public.")
        and "GET" in (rule.methods or ())
        and "token" in rule.arguments
    }
    tried = {path.split("/")[1] for path in tokens_of(reader).values()}
    assert {page.split("/")[1] for page in pages} == tried


def everything_stored() -> str:
    with session_scope() as session:
        rows = [session.execute(select(table)).all() for table in Base.metadata.sorted_tables]
    return repr(rows)

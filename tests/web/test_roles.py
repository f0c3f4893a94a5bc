"""Who may do what: every address of the admin, walked as each role and as nobody."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from service.db import session_scope
from service.models import Role
from service.staff.users import add_user
from service.web.admin.team.accounts import ANYBODYS_POSTS, OPEN, OWN
from service.web.asking import now as wall_clock
from tests.web.browsing import PASSWORD, csrf_of, post

OWNERS_PLACES = ("users", "audit", "settings", "tokens", "webhooks")
"""Below /admin: here nobody but an owner may change a thing."""

LogIn = Callable[[Role], FlaskClient]


@pytest.fixture
def log_in(app: Flask) -> LogIn:
    def as_role(role: Role) -> FlaskClient:
        email = f"{role.value}@example.org"
        with session_scope() as session:
            add_user(session, email, PASSWORD, role, wall_clock())
        client = app.test_client()
        post(client, "/admin/login", "/admin/login", email=email, password=PASSWORD)
        return client

    return as_role


def rules(app: Flask, method: str) -> Iterator[tuple[Rule, str]]:
    """Every rule of the admin that takes *method*, with an address it matches."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("admin.") and method in (rule.methods or set()):
            yield rule, address_of(app, rule)


def address_of(app: Flask, rule: Rule) -> str:
    """With 1 for a number, the first of what a part may be, and a letter for what is free."""
    values: dict[str, object] = {}
    for name, converter in rule._converters.items():
        kind = type(converter).__name__
        if kind == "IntegerConverter":
            values[name] = 1
        elif kind == "AnyConverter":
            values[name] = sorted(converter.items)[0]
        else:
            values[name] = "x"
    with app.test_request_context():
        built = rule.build(values)
    assert built is not None, rule
    return built[1]


def is_open(rule: Rule) -> bool:
    return rule.endpoint in OPEN


def is_own(rule: Rule) -> bool:
    return rule.endpoint in ANYBODYS_POSTS or rule.endpoint.startswith(OWN)


def is_the_owners(address: str) -> bool:
    place = address.removeprefix("/admin/")
    return re.split(r"[/.]", place, maxsplit=1)[0] in OWNERS_PLACES


def test_it_shows_nothing_without_a_login(app: Flask) -> None:
    client = app.test_client()
    token = csrf_of(client.get("/admin/login").text)
    told = {
        f"{method} {address}": answer.status_code
        for method in ("GET", "POST")
        for rule, address in rules(app, method)
        if not is_open(rule)
        for answer in [client.open(address, method=method, data={"csrf_token": token})]
        if not leads_to_login(answer)
    }
    assert told == {}


def leads_to_login(answer: TestResponse) -> bool:
    """By an address, or with the form of the login at once, in which a form that came is kept."""
    if answer.status_code == 401:
        return "Your login had ended." in answer.text and 'name="password"' in answer.text
    return answer.status_code in {302, 303} and "/admin/login" in answer.headers["Location"]


def test_it_takes_nothing_from_a_viewer_but_what_is_their_own(app: Flask, log_in: LogIn) -> None:
    viewer = log_in(Role.VIEWER)
    token = csrf_of(viewer.get("/admin/account").text)
    walked = [(rule, address) for rule, address in rules(app, "POST") if not is_open(rule)]
    assert len(walked) > 20
    taken = {
        address: answer.status_code
        for rule, address in walked
        if not is_own(rule)
        for answer in [viewer.post(address, data={"csrf_token": token})]
        if answer.status_code != 403
    }
    assert taken == {}


def test_it_takes_nothing_from_an_editor_that_is_the_owners(app: Flask, log_in: LogIn) -> None:
    editor = log_in(Role.EDITOR)
    token = csrf_of(editor.get("/admin/account").text)
    walked = [address for _, address in rules(app, "POST") if is_the_owners(address)]
    assert walked
    taken = {
        address: answer.status_code
        for address in walked
        for answer in [editor.post(address, data={"csrf_token": token})]
        if answer.status_code != 403
    }
    assert taken == {}


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_it_shows_accounts_and_the_audit_log_to_owners_alone(log_in: LogIn, role: Role) -> None:
    client = log_in(role)
    for path in ("/admin/users", "/admin/users/1", "/admin/audit", "/admin/audit.csv"):
        assert client.get(path).status_code == 403, path
        assert f'href="{path}"' not in client.get("/admin/").text


@pytest.mark.parametrize(
    "path",
    ["subscribers.csv", "issues/1/readers.csv", "readers/1/data.json", "imports/1/bad-rows.csv"],
)
def test_it_lets_no_viewer_take_addresses_along(log_in: LogIn, path: str) -> None:
    assert log_in(Role.VIEWER).get(f"/admin/{path}").status_code == 403


@pytest.mark.parametrize("role", list(Role))
def test_it_fails_nowhere_for_anybody_who_looks(app: Flask, log_in: LogIn, role: Role) -> None:
    client = log_in(role)
    broken = {
        address: answer.status_code
        for _, address in rules(app, "GET")
        for answer in [client.get(address)]
        if answer.status_code >= 500
    }
    assert broken == {}


@pytest.mark.parametrize("role", list(Role))
def test_it_lets_everybody_log_out(log_in: LogIn, role: Role) -> None:
    client = log_in(role)
    assert post(client, "/admin/account", "/admin/logout").status_code == 302
    assert client.get("/admin/").status_code == 302

"""The owners' pages for programs: API tokens and webhooks."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from service import config
from service.db import session_scope
from service.models import ApiToken, Audit, Role, Webhook, WebhookCall, WebhookCallState
from service.staff.users import add_user
from service.web.asking import now as wall_clock
from tests.web.browsing import PASSWORD, csrf_of, post
from tests.webhooks.receiver import Answer, Receiver
from workers.webhooks import call_webhook

EVENTS = ["issue.sent", "subscriber.unsubscribed"]


@pytest.fixture
def receiver(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("BROADSHEET_ALLOW_PRIVATE_WEBHOOKS", "true")
    config.settings.cache_clear()
    server = Receiver()
    yield server
    server.close()


@pytest.fixture
def colleague(app: Flask) -> FlaskClient:
    """A browser that is logged in as an editor, who owns nothing."""
    email = "colleague@news.example.org"
    with session_scope() as session:
        add_user(session, email, PASSWORD, Role.EDITOR, wall_clock())
    client = app.test_client()
    post(client, "/admin/login", "/admin/login", email=email, password=PASSWORD)
    return client


def make(client: FlaskClient, name: str, *scopes: str) -> str:
    token = csrf_of(client.get("/admin/tokens").text)
    form = {"csrf_token": token, "name": name, "scope": list(scopes)}
    return client.post("/admin/tokens", data=form).text


def add(client: FlaskClient, url: str, *events: str) -> str:
    token = csrf_of(client.get("/admin/webhooks").text)
    form = {"csrf_token": token, "url": url, "event": list(events)}
    return client.post("/admin/webhooks", data=form, follow_redirects=True).text


def only_webhook() -> Webhook:
    with session_scope() as session:
        return session.scalars(select(Webhook)).one()


def calls() -> list[WebhookCall]:
    with session_scope() as session:
        return list(session.scalars(select(WebhookCall).order_by(WebhookCall.id)))


def test_it_shows_a_token_once(editor: FlaskClient) -> None:
    page = make(editor, "The shop", "subscribers:read", "stats:read")
    found = re.search(r'value="(bsk_[^"]+)"', page)
    assert found
    token = found[1]
    listed = editor.get("/admin/tokens").text
    assert token not in listed
    assert token[:10] in listed
    headers = {"Authorization": f"Bearer {token}"}
    assert editor.get("/api/v1/subscribers", headers=headers).status_code == 200
    assert editor.post("/api/v1/subscribers", headers=headers, json={}).status_code == 403


def test_it_keeps_what_was_typed_when_a_token_cannot_be_made(editor: FlaskClient) -> None:
    page = make(editor, "The shop")
    assert "Choose at least one scope" in page
    assert 'value="The shop"' in page
    page = make(editor, " ", "stats:read")
    assert "Give the token a name" in page
    assert re.search(r'value="stats:read" checked', page)


def test_it_revokes_a_token(editor: FlaskClient) -> None:
    found = re.search(r'value="(bsk_[^"]+)"', make(editor, "The shop", "stats:read"))
    assert found
    with session_scope() as session:
        token_id = session.scalars(select(ApiToken.id)).one()
    post(editor, "/admin/tokens", f"/admin/tokens/{token_id}/revoke")
    headers = {"Authorization": f"Bearer {found[1]}"}
    assert editor.get("/api/v1/newsletters", headers=headers).status_code == 401
    with session_scope() as session:
        actions = set(session.scalars(select(Audit.action)))
    assert {"token.make", "token.revoke"} <= actions


def test_it_adds_a_webhook_and_tries_it(editor: FlaskClient, receiver: Receiver) -> None:
    page = add(editor, receiver.url, *EVENTS)
    webhook = only_webhook()
    assert webhook.events == sorted(EVENTS, reverse=True)
    path = f"/admin/webhooks/{webhook.id}"
    post(editor, path, f"{path}/test")
    assert "hx-get" in editor.get(path).text, "the answer to the test is not looked for"
    call_webhook(webhook.id)
    assert [call.said["type"] for call in receiver.calls] == ["test"]
    page = editor.get(path).text
    assert "taken" in page
    assert "Hello from Broadsheet." in page
    assert "hx-get" not in editor.get(f"{path}/calls").text


def test_it_shows_and_renews_a_secret_when_asked(editor: FlaskClient, receiver: Receiver) -> None:
    page = add(editor, receiver.url, *EVENTS)
    first = only_webhook().secret
    assert first not in page
    path = f"/admin/webhooks/{only_webhook().id}"
    assert first in post(editor, path, f"{path}/secret/show").text
    page = post(editor, path, f"{path}/secret/renew").text
    assert first not in page
    assert only_webhook().secret in page


def test_it_says_that_calls_fail_and_replays_one(editor: FlaskClient, receiver: Receiver) -> None:
    add(editor, receiver.url, *EVENTS)
    path = f"/admin/webhooks/{only_webhook().id}"
    post(editor, path, f"{path}/test")
    receiver.answer = Answer(500)
    call_webhook(only_webhook().id)
    for failing in (path, "/admin/webhooks"):
        assert "It has taken no call since" in editor.get(failing).text
    receiver.answer = Answer()
    (call,) = calls()
    post(editor, path, f"{path}/calls/{call.id}/replay")
    assert calls()[0].state is WebhookCallState.WAITING
    call_webhook(only_webhook().id)
    assert "It has taken no call since" not in editor.get(path).text
    first, second = receiver.calls
    assert first.identity == second.identity


def test_it_switches_a_webhook_off_and_on(editor: FlaskClient, receiver: Receiver) -> None:
    add(editor, receiver.url, *EVENTS)
    path = f"/admin/webhooks/{only_webhook().id}"
    post(editor, path, f"{path}/off")
    assert not only_webhook().active
    assert "Switched off" in editor.get(path).text
    post(editor, path, f"{path}/test")
    assert calls() == []
    post(editor, path, f"{path}/on")
    assert only_webhook().active
    post(editor, path, f"{path}/remove")
    assert "No program is told" in editor.get("/admin/webhooks").text


@pytest.mark.parametrize(
    ("url", "events", "said"),
    [
        ("https://example.org/x", [], "Choose at least one event"),
        ("mailto:ann@example.org", EVENTS, "begins with https"),
        ("https://example.org/x", ["issue.lost"], "no event"),
    ],
)
def test_it_says_what_is_wrong_with_a_webhook(
    editor: FlaskClient, url: str, events: list[str], said: str
) -> None:
    page = add(editor, url, *events)
    assert said in page
    assert url in page


@pytest.mark.parametrize("path", ["/admin/tokens", "/admin/webhooks"])
def test_it_is_for_owners_alone(colleague: FlaskClient, path: str) -> None:
    assert colleague.get(path).status_code == 403
    assert path not in colleague.get("/admin/").text

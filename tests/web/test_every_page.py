"""What holds at every address there is: a page added tomorrow is walked as well."""

from __future__ import annotations

from datetime import timedelta
from html.parser import HTMLParser
from typing import get_args
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.audience import tokens
from service.config import settings
from service.models import Issue, Newsletter, Subscription
from service.web.asking import now as wall_clock
from tests.web.issues import add_issue
from tests.web.walking import Around, addresses, everything, purpose_of, rules

HERE = ("", "news.example.org")
LOADS = {"src", "srcset", "action", "formaction", "poster", "data", "hx-get", "hx-post"}
LINKS_THAT_LOAD = {"stylesheet", "icon", "preload", "modulepreload", "prefetch", "manifest"}
FIELDS = ("email", "instead", "sure", "made", "text", "reason", "website", "language", "by", "undo")
NO_TOKEN_OF_OURS = {"public.unsubscribe_now", "public.join", "hooks.ses"}
"""Posts that come from elsewhere, and why that is well is said where they are."""


@pytest.fixture
def around(newsletter: Newsletter, reader: Subscription, draft: Issue) -> Around:
    """A reader, a draft (number 7), and two issues that went out."""
    began = draft.created_at
    add_issue(newsletter, 6, began - timedelta(days=1), "Yesterday's")
    add_issue(newsletter, 5, began - timedelta(days=2), "The day before's")
    return Around(subscription_id=reader.id, issue_id=draft.id, at=wall_clock())


class Faults(HTMLParser):
    """What the policy of our pages would stop a browser from, and what would leave the house."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        given = {name: value or "" for name, value in attrs}
        self.found += [f"<{tag} {name}>" for name in given if name.startswith("on")]
        self.found += [f"<{tag} style>"] if "style" in given else []
        self.found += ["<style>"] if tag == "style" else []
        self.found += ["<script> without src"] if tag == "script" and "src" not in given else []
        self.found += [
            f"hx-on of <{tag}>" for name in given if name.startswith(("hx-on", "hx-vals"))
        ]
        loads = [value for name, value in given.items() if name in LOADS]
        if tag == "link" and LINKS_THAT_LOAD & set(given.get("rel", "").split()):
            loads.append(given.get("href", ""))
        self.found += [f"<{tag}> loads {url}" for url in loads if urlsplit(url).netloc not in HERE]
        runs = (
            given.get("href", "").strip().lower().startswith(("javascript:", "data:", "vbscript:"))
        )
        self.found += [f"<{tag}> runs {given['href']}"] if runs else []

    handle_startendtag = handle_starttag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script" and data.strip():
            self.found.append(f"inline script {data.strip()[:40]}")


@pytest.mark.parametrize(
    "page",
    [
        '<p onclick="x()">',
        '<p style="color:red">',
        "<script>x()</script>",
        "<style>p{}</style>",
        '<img src="https://cdn.example/x.png">',
        '<link rel="stylesheet" href="//cdn.example/x.css">',
        '<form action="https://evil.example/">',
        '<a href=" JavaScript:x()">',
    ],
)
def test_it_knows_a_fault_when_it_sees_one(page: str) -> None:
    assert Faults(page).found


def test_it_changes_nothing_for_who_opens_every_link(
    app: Flask, client: FlaskClient, around: Around
) -> None:
    before = everything()
    opened = 0
    for rule in rules(app, "GET", admin=False):
        for address in addresses(app, rule, around):
            for ask in (client.get, client.head, client.options):
                answer = ask(address)
                opened += answer.status_code == 200
                assert answer.status_code in (200, 302, 404), f"{address}: {answer.status}"
    assert everything() == before
    assert opened > 50


@pytest.mark.parametrize("admin", [False, True])
def test_it_has_pages_that_run_and_load_what_is_ours_alone(
    admin: bool, app: Flask, client: FlaskClient, editor: FlaskClient, around: Around
) -> None:
    looked_at = 0
    for rule in rules(app, "GET", admin=admin):
        for address in addresses(app, rule, around):
            answer = (editor if admin else client).get(address)
            if answer.mimetype != "text/html" or answer.status_code >= 500:
                assert answer.status_code < 500, address
                continue
            policy = answer.headers["Content-Security-Policy"]
            if policy.startswith("sandbox"):  # a mail in a frame of ours: it may run nothing
                assert answer.headers["X-Frame-Options"] == "SAMEORIGIN", address
                continue
            looked_at += 1
            assert "unsafe" not in policy, address
            assert answer.headers["X-Frame-Options"] == "DENY", address
            assert Faults(answer.text).found == [], address
    assert looked_at > 12


@pytest.mark.parametrize("admin", [False, True])
def test_it_takes_no_form_without_its_token(
    admin: bool, app: Flask, client: FlaskClient, editor: FlaskClient, around: Around
) -> None:
    before = everything()
    for rule in rules(app, "POST", admin=admin):
        if rule.endpoint in NO_TOKEN_OF_OURS:
            continue
        for address in addresses(app, rule, around):
            answer = (editor if admin else client).post(address, data={"email": "new@example.org"})
            assert answer.status_code == 400, f"{address}: {answer.status}"
            assert "This form is stale" in answer.text, address
    assert everything() == before


def wrong_tokens(own: tokens.Purpose, around: Around) -> list[str]:
    """Forged, cut, of another purpose, of another installation, of another shape."""
    right = around.token(own)
    payload, mac = right.split(".")
    numbers = around.numbers(own)
    return [
        "x",
        "a.b",
        "..",
        payload,
        f"{payload}.",
        f".{mac}",
        right[:-1],
        f"{right}=",
        f"{payload}.{mac[::-1]}",
        tokens.sign(b"another installation", own, *numbers),
        tokens.sign(settings().secret, own, *numbers, 1, 1),
        # To unsubscribe whoever is gone is no error: see test_leaving.
        *([tokens.sign(settings().secret, own, -1, *numbers[1:])] if own != "unsubscribe" else []),
        *(
            tokens.sign(settings().secret, other, *given)
            for other in get_args(tokens.Purpose)
            for given in ((around.subscription_id,), numbers, (*numbers, 1), (*numbers, 1, 1))
            if other != own
        ),
    ]


def test_it_takes_a_token_for_its_own_purpose_only(
    app: Flask, client: FlaskClient, around: Around
) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    before = everything()
    tried = 0
    for method in ("GET", "POST"):
        for rule in rules(app, method, admin=False):
            own = purpose_of(rule)
            if own is None:
                continue
            (address,) = addresses(app, rule, around)
            for token in wrong_tokens(own, around):
                answer = client.open(address.replace(around.token(own), token), method=method)
                assert answer.status_code in (404, 429), f"{method} {address} with {token}"
                tried += answer.status_code == 404
    assert everything() == before
    assert tried > 200


@pytest.mark.parametrize(
    "to", ["//evil.example", "https://evil.example/", "/\\evil.example", "\\\\evil.example"]
)
def test_it_sends_nobody_elsewhere(
    to: str, app: Flask, client: FlaskClient, editor: FlaskClient, around: Around
) -> None:
    names = ("next", "url", "to", "return", "redirect", "continue", "back")
    for admin in (False, True):
        for rule in rules(app, "GET", admin=admin):
            for address in addresses(app, rule, around):
                asked = dict.fromkeys(names, to)
                for browser in (client, editor):
                    place = browser.get(address, query_string=asked).headers.get("Location", "")
                    assert urlsplit(place.replace("\\", "/")).netloc in HERE, f"{address} → {place}"


def test_it_writes_no_line_end_of_a_strangers_into_a_header(
    app: Flask, client: FlaskClient, around: Around
) -> None:
    bad = "ann@example.org\r\nSet-Cookie: stolen=1\r\n\r\n<script>"
    app.config["WTF_CSRF_ENABLED"] = False
    for rule in rules(app, "POST", admin=False):
        for address in addresses(app, rule, around):
            answer = client.post(
                address,
                data=dict.fromkeys(FIELDS, bad),
                headers={"Accept-Language": "de", "User-Agent": "x"},
            )
            assert client.get_cookie("stolen") is None
            for name, value in answer.headers.items():
                assert "\n" not in value, f"{address}: {name}"
                assert "\r" not in value, f"{address}: {name}"

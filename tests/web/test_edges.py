"""What holds for every page: headers, health, the hook, and pages for what went wrong."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from structlog.testing import capture_logs

from service import config, db
from service.delivery.plan import plan_issue
from service.models import Newsletter, Subscription
from service.web.app import create_app
from service.web.asking import now as wall_clock
from service.web.public.trap import stamp
from service.web.security import is_from_here
from tests.delivery.rows import an_approved_issue
from tests.web.browsing import csrf_of, link


@pytest.mark.parametrize("path", ["/n/report/", "/admin/login", "/nothing", "/healthz"])
def test_it_lets_a_page_load_what_is_ours_and_nothing_else(path: str, client: FlaskClient) -> None:
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe-inline" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/n/report/", "/n/report/archive", "/admin/login"])
def test_it_has_no_inline_script_or_style(path: str, client: FlaskClient) -> None:
    page = client.get(path).text
    assert "<style" not in page
    assert "style=" not in page
    assert "onclick" not in page


def test_it_keeps_pages_with_a_key_out_of_caches(client: FlaskClient, reader: Subscription) -> None:
    headers = client.get(link("preferences", reader.id)).headers
    assert headers["Cache-Control"] == "no-store"
    assert "noindex" in headers["X-Robots-Tag"]


def test_it_guards_its_cookie(client: FlaskClient) -> None:
    cookie = client.get("/n/report/").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_it_asks_for_https_where_it_is_served_by_https(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROADSHEET_BASE_URL", "https://news.example.org")
    config.settings.cache_clear()
    answer = create_app().test_client().get("/n/report/", base_url="https://news.example.org")
    assert "Secure" in answer.headers["Set-Cookie"]
    assert "max-age" in answer.headers["Strict-Transport-Security"]


HERE, INSIDE = "https://news.example.org", "https://127.0.0.1:8000/"


@pytest.mark.parametrize(
    ("site", "referrer", "taken"),
    [
        ("same-origin", None, True),
        ("same-origin", "https://evil.example/", True),
        ("same-site", f"{HERE}/", False),
        ("cross-site", f"{HERE}/", False),
        ("none", None, True),
        (None, f"{HERE}/n/report/", True),
        (None, INSIDE, True),
        (None, f"{HERE}.evil.example/", False),
        (None, "http://news.example.org/", False),
        (None, "https://[", False),
        (None, None, False),
    ],
)
def test_it_tells_its_own_forms_from_others(
    site: str | None, referrer: str | None, taken: bool
) -> None:
    assert is_from_here(site, referrer, HERE, INSIDE) is taken


@pytest.mark.parametrize(("site", "status"), [("same-origin", 303), ("same-site", 400)])
def test_it_takes_by_https_only_forms_of_its_own(
    app: Flask, monkeypatch: pytest.MonkeyPatch, site: str, status: int
) -> None:
    """Also behind a proxy that passes another Host, and from a browser that names no page."""
    monkeypatch.setenv("BROADSHEET_BASE_URL", HERE)
    config.settings.cache_clear()
    client = create_app().test_client()
    token = csrf_of(client.get("/n/report/", base_url=INSIDE).text)
    form = {
        "csrf_token": token,
        "made": stamp(wall_clock() - timedelta(seconds=9)),
        "email": "a@example.org",
    }
    answer = client.post(
        "/n/report/subscribe", base_url=INSIDE, data=form, headers={"Sec-Fetch-Site": site}
    )
    assert answer.status_code == status


def test_it_gives_the_newsletters_colours(client: FlaskClient) -> None:
    answer = client.get("/n/report/theme.css")
    assert answer.content_type == "text/css; charset=utf-8"
    assert "--accent: #" in answer.text


def test_it_is_alive_and_ready(client: FlaskClient) -> None:
    assert client.get("/healthz").text == "alive\n"
    assert client.get("/readyz").text == "ready\n"


def test_it_says_of_which_installation_it_is(client: FlaskClient) -> None:
    assert client.get("/healthz").headers["Broadsheet-Site"] == config.settings().site


def test_it_is_not_ready_without_its_database(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = "postgresql://nobody@127.0.0.1:1/nothing"
    monkeypatch.setenv("BROADSHEET_DATABASE_URL", nowhere)
    config.settings.cache_clear()
    db.close_engine()
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("asker", "status"),
    [("127.0.0.1", 200), ("10.1.2.3", 200), ("", 200), ("8.8.8.8", 403), ("::ffff:8.8.8.8", 403)],
)
def test_it_tells_its_numbers_to_the_house_alone(
    client: FlaskClient, asker: str, status: int
) -> None:
    where = {"REMOTE_ADDR": asker}
    assert client.get("/metrics", environ_overrides=where).status_code == status


def test_it_measures(client: FlaskClient, reader: Subscription, now: datetime) -> None:
    with db.session_scope() as session:
        issue = an_approved_issue(session, session.get_one(Newsletter, reader.newsletter_id), now)
    with db.session_scope() as session:
        plan_issue(session, issue.id, now, batch_size=500)
    text = client.get("/metrics").text
    assert 'broadsheet_deliveries_unsettled{state="queued"} 1.0' in text
    assert 'broadsheet_deliveries_unsettled{state="unknown"} 0.0' in text
    assert "broadsheet_events_waiting 0.0" in text


def test_it_refuses_a_post_that_is_not_of_our_topic(client: FlaskClient) -> None:
    body = '{"Type": "Notification", "TopicArn": "arn:aws:sns:eu-west-1:1:theirs"}'
    answer = client.post("/hooks/ses", data=body)
    assert answer.status_code == 403
    assert "not in BROADSHEET_SNS_TOPIC_ARNS" in answer.text


def test_it_refuses_a_post_that_is_too_large(client: FlaskClient) -> None:
    answer = client.post("/hooks/ses", data=b"x" * (256 * 1024 + 1))
    assert answer.status_code == 413


@pytest.mark.parametrize("path", ["/n/report/subscribe", "/n/report/join", "/admin/login"])
def test_it_reads_no_large_form_of_anybody(client: FlaskClient, path: str) -> None:
    assert client.post(path, data={"email": "x" * 70_000}).status_code == 413


def test_it_says_what_to_do_when_something_breaks(
    newsletter: Newsletter, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app()

    def broken(token: str) -> str:
        raise RuntimeError("a secret detail")

    app.add_url_rule("/broken/<token>", view_func=broken)
    with capture_logs() as logged:
        answer = app.test_client().get("/broken/a-readers-key")
    failed = next(line for line in logged if line["event"] == "web.failed")
    assert failed["route"] == "/broken/<token>"
    assert "a-readers-key" not in f"{logged} {caplog.text}"
    assert answer.status_code == 500
    assert "Try again in a few minutes" in answer.text
    assert "secret" not in answer.text

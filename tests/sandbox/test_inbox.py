"""The inbox: what a person sees and what a test reads."""

from __future__ import annotations

import html
from typing import Any

import pytest

from service.sandbox import Sandbox
from service.sandbox.inbox.mail import framed

from .people import ask, bulk, entry, simple

HTML_MAIL = (
    "<html><head><style>@media (prefers-color-scheme: dark){p{color:red}}</style></head>"
    "<body><script>alert(1)</script><p>Hi</p></body></html>"
)


@pytest.fixture
def sent(ses: Any) -> None:
    call = bulk(*(entry(f"p{n}@mail.example", name=f"N{n}") for n in range(30)))
    call["DefaultContent"]["Template"]["TemplateContent"]["Html"] = HTML_MAIL
    ses.send_bulk_email(**call)


@pytest.mark.usefixtures("sent")
def test_it_lists_the_newest_first_in_pages(sandbox: Sandbox) -> None:
    first = ask(sandbox.url, "/inbox").body.decode()
    second = ask(sandbox.url, "/inbox?page=2").body.decode()
    assert first.index("p29@mail.example") < first.index("p6@mail.example")
    assert "p4@mail.example" not in first
    assert "p4@mail.example" in second
    assert "Good morning, N29" in first


@pytest.mark.usefixtures("sent")
def test_it_searches_by_recipient(sandbox: Sandbox) -> None:
    page = ask(sandbox.url, "/inbox?q=P17@").body.decode()
    assert page.count('<li><a href="/inbox/') == 1
    assert "p17@mail.example" in page
    assert "No message to" in ask(sandbox.url, "/inbox?q=nobody").body.decode()


@pytest.mark.usefixtures("sent")
@pytest.mark.parametrize(
    ("view", "expected"),
    [
        ("desktop", 'src="/inbox/1/html?scheme=light"'),
        ("phone", '<iframe class="phone"'),
        ("text", "Hello N0 from Utrecht."),
        ("headers", "List-Unsubscribe-Post"),
        ("source", "Content-Transfer-Encoding: quoted-printable"),
        ("events", "Delivery"),
        ("nonsense", '<iframe class="desktop"'),
    ],
)
def test_it_shows_a_message_under_tabs(sandbox: Sandbox, view: str, expected: str) -> None:
    page = ask(sandbox.url, f"/inbox/1?view={view}").body.decode()
    assert expected in page
    assert 'href="https://news.example/unsubscribe/k3v9"' in page


@pytest.mark.usefixtures("sent")
def test_it_frames_mail_without_scripts_or_requests(sandbox: Sandbox) -> None:
    frame = ask(sandbox.url, "/inbox/1/html?scheme=dark")
    policy = frame.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox allow-popups" in policy
    assert "script-src" not in policy
    assert "allow-scripts" not in policy


@pytest.mark.parametrize(
    ("scheme", "holds"), [("dark", "(min-width:0px)"), ("light", "(max-width:0px)")]
)
def test_it_answers_the_colour_query_of_a_framed_mail(scheme: str, holds: str) -> None:
    shown = framed(HTML_MAIL, scheme)
    assert f"@media {holds}" in shown
    assert "prefers-color-scheme" not in shown


def test_it_escapes_what_senders_wrote(sandbox: Sandbox, ses: Any) -> None:
    call = simple("ada@mail.example")
    evil = '<img src=x onerror="alert(1)">'
    call["Content"]["Simple"]["Subject"]["Data"] = evil
    ses.send_email(**call)
    for path in ("/inbox", "/inbox/1", "/inbox/1?view=headers", "/inbox/1?view=source"):
        page = ask(sandbox.url, path).body.decode()
        assert evil not in page
        assert html.escape("<img src=x") in page


def test_it_finds_a_message_by_its_ses_id(sandbox: Sandbox, ses: Any) -> None:
    message_id = ses.send_email(**simple("ada@mail.example"))["MessageId"]
    mail = ask(sandbox.url, f"/inbox/{message_id}.json").json()
    assert mail["seq"] == 1
    assert [e["kind"] for e in mail["events"]] == ["Send", "Delivery"]
    assert ask(sandbox.url, "/inbox/2").status == 404


def test_it_explains_itself_and_links_only_to_itself(sandbox: Sandbox) -> None:
    front = ask(sandbox.url, "/")
    assert b"AWS_ENDPOINT_URL_SESV2" in front.body
    assert b'href="http' not in front.body
    assert b'src="http' not in front.body
    assert "default-src 'none'" in front.headers["Content-Security-Policy"]
    assert ask(sandbox.url, "/inbox/style.css").headers["Content-Type"].startswith("text/css")

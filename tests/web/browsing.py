"""What a browser does: follow a link, send a form."""

from __future__ import annotations

import re

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.audience import tokens
from service.config import settings
from service.db import session_scope
from service.models import Subscription

EDITOR = "editor@news.example.org"
PASSWORD = "correct horse battery"


def link(purpose: tokens.Purpose, *numbers: int) -> str:
    return f"/{purpose}/{tokens.sign(settings().secret, purpose, *numbers)}"


def csrf_of(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, "the page has no form with a CSRF token"
    return found[1]


def post(client: FlaskClient, page: str, to: str, **form: str) -> TestResponse:
    """Open *page* and send a form from it, as a browser does."""
    token = csrf_of(client.get(page).text)
    return client.post(to, data={"csrf_token": token, **form})


def send_issue(client: FlaskClient, issue_id: int, **form: str) -> TestResponse:
    """Say when it is to go; with a ``count`` agree to the last page as well, as it then stands."""
    to = f"/admin/issues/{issue_id}/send"
    count = {name: form.pop(name) for name in ("count",) if name in form}
    answer = post(client, to, to, **form)
    content = re.search(r'name="content" value="([^"]+)"', answer.text)
    if not count or content is None:
        return answer
    return post(client, to, to, **form, **count, content=content[1])


def subscription(identity: int) -> Subscription:
    """The row as it is in the database now."""
    with session_scope() as session:
        return session.get_one(Subscription, identity)

"""The cookie of the admin: nothing that is fetched in the background may put back an old one."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask.testing import FlaskClient

from service.db import session_scope
from service.issues.approve import compose_manual
from service.models import Newsletter


@pytest.mark.parametrize("path", ["counts", "preview.html", "preview.txt"])
def test_it_sets_no_cookie_with_what_a_page_fetches_by_itself(
    editor: FlaskClient, newsletter: Newsletter, now: datetime, path: str
) -> None:
    with session_scope() as session:
        found = session.get_one(Newsletter, newsletter.id)
        draft = compose_manual(session, found, "A note", "We **moved**.", now)
    answer = editor.get(f"/admin/issues/{draft.id}/{path}")
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers

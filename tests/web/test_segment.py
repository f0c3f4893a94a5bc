"""A manual issue to some readers only: chosen, counted, described, and sent to no others."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask.testing import FlaskClient

from service.audience.addresses import parse_address
from service.audience.choices import Wanted
from service.audience.joining import Reader, add_all_confirmed
from service.audience.preferences import Preferences
from service.audience.segment import Held, Segment
from service.audience.tags import tag
from service.db import session_scope
from service.delivery.audience import count_audience
from service.issues.approve import compose_manual
from service.models import Issue, IssueState, Newsletter, Subscriber, Subscription
from tests.web.browsing import csrf_of, post


@pytest.fixture
def note(newsletter: Newsletter, now: datetime) -> Issue:
    """A draft; ann is tagged, bob reads the labs alone, cid is like neither."""
    with session_scope() as session:
        owner = session.get_one(Newsletter, newsletter.id)
        only_labs = Preferences(wanted=Wanted(sections=("labs",)))
        readers = [
            Reader(parse_address("ann@example.org")),
            Reader(parse_address("bob@example.org"), only_labs),
            Reader(parse_address("cid@example.org")),
        ]
        add_all_confirmed(session, owner, readers, now)
        ann = session.query(Subscriber).filter_by(email_key="ann@example.org").one()
        tag(session, ann.id, ["beta"])
        return compose_manual(session, owner, "A note", "Good day.", now)


@pytest.fixture
def to(note: Issue) -> str:
    return f"/admin/issues/{note.id}/segment"


def stored(note: Issue) -> Segment | None:
    with session_scope() as session:
        value = session.get_one(Issue, note.id).segment
    return None if value is None else Segment.model_validate(value)


def test_it_goes_to_everyone_before_somebody_chooses(
    editor: FlaskClient, note: Issue, to: str
) -> None:
    assert "To every confirmed reader." in editor.get(f"/admin/issues/{note.id}").text
    assert "<strong>3 readers</strong>: every reader." in editor.get(to).text


def test_it_counts_without_keeping(editor: FlaskClient, note: Issue, to: str) -> None:
    page = post(editor, to, to, tags=" Beta ", joined_since="2026-03-01", then="count").text
    said = "<strong>1 reader</strong>: readers with the tag beta who joined since 1 March 2026."
    assert said in page
    assert 'value=" Beta "' in page
    assert 'value="2026-03-01"' in page
    typed = {"csrf_token": csrf_of(page), "tags": " Beta ", "joined_since": "2026-03-01"}
    assert said in editor.post(f"{to}/count", data=typed).text
    assert "cannot be a tag" in editor.post(f"{to}/count", data=typed | {"tags": "-b"}).text
    assert stored(note) is None


def test_it_reaches_those_who_were_chosen_and_no_others(
    editor: FlaskClient, note: Issue, to: str, now: datetime
) -> None:
    done = post(editor, to, to, sections="papers", without_tags="beta")
    said = "readers without the tag beta who read Papers"
    assert f"It goes to {said}." in editor.get(done.location).text
    assert f"to {said}" in editor.get(f"/admin/issues/{note.id}/desk").text
    with session_scope() as session:
        assert count_audience(session, session.get_one(Issue, note.id), now) == 1
    send = f"/admin/issues/{note.id}/send"
    last = post(editor, send, send).text
    assert "Send it to 1 reader" in last
    assert f"<p>To {said}.</p>" in last
    assert "<strong>2</strong> are not among those you chose" in last


def test_it_goes_to_everyone_again(editor: FlaskClient, note: Issue, to: str) -> None:
    post(editor, to, to, tags="beta")
    assert 'value="beta"' in editor.get(to).text
    post(editor, to, to, tags="")
    assert stored(note) is None


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"tags": "a, -b"}, "tags: “-b” cannot be a tag"),
        ({"sections": "sports"}, "has no section “sports”"),
        ({"opened_since": "2026-03-01"}, "does not track opens"),
        ({"joined_since": "2026-03-02", "joined_before": "2026-03-01"}, "swap the two days"),
        ({"cadences": "hourly"}, "cadences: "),
    ],
)
def test_it_says_what_to_change_and_keeps_what_was_typed(
    editor: FlaskClient, note: Issue, to: str, typed: dict[str, str], said: str
) -> None:
    refused = post(editor, to, to, mail_format="text", **typed)
    assert refused.status_code == 400
    assert said in refused.text
    assert '<option value="text" selected>' in refused.text
    assert stored(note) is None


def test_it_offers_opens_only_where_they_are_tracked(
    editor: FlaskClient, newsletter: Newsletter, to: str
) -> None:
    assert "Opened an issue since" not in editor.get(to).text
    with session_scope() as session:
        session.get_one(Newsletter, newsletter.id).tracking = True
    page = post(editor, to, to, opened_since="2026-03-01", then="count").text
    assert "<strong>0 readers</strong>: readers who opened an issue since 1 March 2026." in page


@pytest.mark.parametrize(
    "changed",
    [
        {"state": IssueState.APPROVED},
        {"segment": Segment(held=Held(issue=1, variants=(1,))).model_dump(mode="json")},
    ],
)
def test_it_changes_nothing_that_is_decided(
    editor: FlaskClient, note: Issue, to: str, changed: dict[str, object]
) -> None:
    with session_scope() as session:
        row = session.get_one(Issue, note.id)
        for name, value in changed.items():
            setattr(row, name, value)
    assert editor.get(to).status_code == 404


def test_it_is_for_manual_issues_alone(
    editor: FlaskClient, draft: Issue, reader: Subscription
) -> None:
    assert editor.get(f"/admin/issues/{draft.id}/segment").status_code == 404

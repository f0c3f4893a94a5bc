"""A model's draft, from a server of that protocol to an issue that an editor accepted."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from service import config
from service.issues import curate
from service.issues.ai.client import Endpoint, NoDraft
from service.issues.ai.drafts import accept_draft, discard_draft, make_draft
from service.issues.approve import approve, compose_manual
from service.issues.build import build_issue, issue_entries
from service.issues.errors import BadInput, IssueFrozen
from service.models import Approval, Issue, IssueState, Newsletter
from service.models.document import Document
from tests.issues import rows
from tests.issues.ai.model_server import Answer, Handler, ModelServer
from tests.issues.rows import HOUR, NOW

GOOD = "A model that listens is the news of the day."


@pytest.fixture
def model() -> Iterator[ModelServer]:
    with ModelServer() as server:
        server.says = GOOD
        yield server


@pytest.fixture
def endpoint(model: ModelServer) -> Endpoint:
    return Endpoint(model.url, "small", "a-key", seconds=20.0)


@pytest.fixture
def letter(session: Session) -> Newsletter:
    letter = rows.newsletter(session, approval=Approval.APPROVE)
    lab = rows.source(session, letter, "lab", "labs")
    rows.item(session, lab, "A model that listens", first_seen=NOW - HOUR)
    rows.item(session, lab, "Sealed 9000 leaves the lab", first_seen=NOW - 2 * HOUR)
    return letter


@pytest.fixture
def issue(session: Session, letter: Newsletter) -> Issue:
    issue = build_issue(session, letter, NOW.date(), NOW)
    session.commit()
    return issue


def make(session: Session, endpoint: Endpoint, issue: Issue) -> Issue:
    make_draft(endpoint, issue.id, NOW)
    session.commit()
    session.refresh(issue)
    return issue


def test_a_draft_is_kept_apart_until_an_editor_accepts_it(
    session: Session, endpoint: Endpoint, issue: Issue
) -> None:
    before = (issue.editorial, issue.editorial_origin)
    make(session, endpoint, issue)
    assert issue.draft_editorial == GOOD
    assert (issue.editorial, issue.editorial_origin) == before

    accept_draft(session, issue, NOW)

    assert (issue.editorial, issue.editorial_origin) == (GOOD, "ai")
    assert issue.draft_editorial is None
    frozen = Document.model_validate(approve(session, issue, NOW).document)
    assert (frozen.editorial, frozen.editorial_origin) == (GOOD, "ai")


def test_a_draft_that_nobody_accepted_goes_to_nobody(
    session: Session, endpoint: Endpoint, issue: Issue
) -> None:
    make(session, endpoint, issue)
    frozen = Document.model_validate(approve(session, issue, NOW).document)
    assert frozen.editorial_origin == "template"
    assert GOOD not in json.dumps(issue.document)


def test_the_model_is_told_the_facts_and_nothing_else(
    session: Session, endpoint: Endpoint, model: ModelServer, issue: Issue
) -> None:
    make(session, endpoint, issue)
    (asked,) = model.asked
    assert (asked["model"], model.keys) == ("small", ["Bearer a-key"])
    told = json.loads(asked["messages"][1]["content"])
    assert (told["newsletter"], told["date"]) == ("The Report", "November 20, 2026")
    (labs,) = told["sections"]
    assert [entry["title"] for entry in labs["entries"]] == [
        "A model that listens",
        "Sealed 9000 leaves the lab",
    ]


def test_a_rebuild_keeps_what_an_editor_accepted(
    session: Session, endpoint: Endpoint, letter: Newsletter, issue: Issue
) -> None:
    accept_draft(session, make(session, endpoint, issue), NOW)
    build_issue(session, letter, NOW.date(), NOW + HOUR)
    assert (issue.editorial, issue.editorial_origin) == (GOOD, "ai")


def test_an_editors_own_words_are_no_longer_the_models(
    session: Session, endpoint: Endpoint, issue: Issue
) -> None:
    accept_draft(session, make(session, endpoint, issue), NOW)
    curate.write(session, issue, editorial="I say so.")
    assert issue.editorial_origin == "editor"


def test_a_draft_is_thrown_away(session: Session, endpoint: Endpoint, issue: Issue) -> None:
    discard_draft(session, make(session, endpoint, issue))
    assert issue.draft_editorial is None
    with pytest.raises(BadInput, match="no draft to accept"):
        accept_draft(session, issue, NOW)


def test_a_draft_that_the_issue_no_longer_bears_out_is_not_accepted(
    session: Session, endpoint: Endpoint, model: ModelServer, issue: Issue
) -> None:
    model.says = "The lab let Sealed 9000 go."
    make(session, endpoint, issue)
    sealed = next(
        row for row in issue_entries(session, issue) if row.data["title"].startswith("Sealed")
    )
    curate.drop(session, sealed)
    with pytest.raises(BadInput, match=r"has changed since the draft\. It says 9000"):
        accept_draft(session, issue, NOW)
    assert issue.editorial_origin == "template"


@pytest.mark.parametrize(
    ("says", "problem"),
    [
        ("A model that listens costs $12.", "It says 12"),
        ("A model that listens beats Zephyrion.", "It names Zephyrion"),
        ("", "The draft is empty"),
        ("<script>alert(1)</script>" * 400, "is longer than 6,000"),
    ],
)
def test_a_draft_that_says_more_than_the_facts_is_refused(
    session: Session,
    endpoint: Endpoint,
    model: ModelServer,
    issue: Issue,
    says: str,
    problem: str,
) -> None:
    model.says = says
    with pytest.raises(NoDraft, match=problem):
        make_draft(endpoint, issue.id, NOW)
    session.refresh(issue)
    assert issue.draft_editorial is None


def page(handler: Handler) -> None:
    handler.reply(200, b"<html><p>Please log in.</p>", "text/html")


def no_json(handler: Handler) -> None:
    handler.reply(200, b'{"choices": [{"mess')


def no_completion(handler: Handler) -> None:
    handler.reply(200, b'{"choices": [], "hello": 1}')


def no_text(handler: Handler) -> None:
    handler.reply(200, b'{"choices": [{"index": 0, "message": {"content": null}}]}')


def fails(handler: Handler) -> None:
    handler.reply(500, b"oops", "text/plain")


def hangs(handler: Handler) -> None:
    handler.server.closing.wait(20.0)


def hangs_up(handler: Handler) -> None:
    handler.close_connection = True


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (page, "something that is no draft"),
        (no_json, "could not be asked|no draft"),
        (no_completion, "something that is no draft"),
        (no_text, "something that is no draft"),
        (fails, "answered 500: try again later"),
        (hangs, r"no answer within 0\.5 s"),
        (hangs_up, "could not be asked"),
    ],
)
def test_a_server_that_fails_is_said_plainly_and_asked_once(
    session: Session, model: ModelServer, issue: Issue, answer: Answer, problem: str
) -> None:
    model.answer = answer
    with pytest.raises(NoDraft, match=problem):
        make_draft(Endpoint(model.url, "small", seconds=0.5), issue.id, NOW)
    assert len(model.asked) == 1


def test_only_a_draft_of_an_issue_gets_a_draft(
    session: Session, endpoint: Endpoint, model: ModelServer, issue: Issue
) -> None:
    issue.state = IssueState.SENT
    session.commit()
    with pytest.raises(IssueFrozen):
        make_draft(endpoint, issue.id, NOW)
    assert model.asked == []


def test_an_issue_by_hand_gets_no_draft(
    session: Session, endpoint: Endpoint, letter: Newsletter
) -> None:
    note = compose_manual(session, letter, "A note", "Hello.", NOW)
    session.commit()
    with pytest.raises(BadInput, match="by hand"):
        make_draft(endpoint, note.id, NOW)


def test_the_issue_can_be_worked_on_while_a_model_thinks(
    database: Engine, session: Session, endpoint: Endpoint, model: ModelServer, issue: Issue
) -> None:
    session.commit()

    def meanwhile(handler: Handler) -> None:
        with Session(database) as other, other.begin():
            other.get_one(Issue, issue.id).preheader = "Written meanwhile"
        handler.complete()

    model.answer = meanwhile
    assert make(session, endpoint, issue).preheader == "Written meanwhile"


def test_drafts_are_off_by_default(data_dir: object, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Endpoint.of(config.settings()) is None
    monkeypatch.setenv("BROADSHEET_AI_BASE_URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("BROADSHEET_AI_MODEL", "small")
    monkeypatch.setenv("BROADSHEET_AI_API_KEY", "hush")
    config.settings.cache_clear()
    found = Endpoint.of(config.settings())
    assert found == Endpoint("http://127.0.0.1:1/v1", "small", "hush", 60.0)
    assert "hush" not in repr(found)

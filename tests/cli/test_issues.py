"""``build``, ``preview``, ``compose``, ``send``, ``status``: an issue's way from the shell."""

from __future__ import annotations

import email
import email.policy
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from redis import Redis
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from service.audience.addresses import parse_address
from service.audience.joining import Reader, add_all_confirmed
from service.audience.preferences import Preferences
from service.models import Audit, Issue, IssueKind, IssueState, Newsletter

Run = Callable[..., Result]


@pytest.fixture
def composed(run: Run, report_file: Path, tmp_path: Path) -> str:
    """A draft written by hand; its name."""
    run("load", str(report_file))
    note = tmp_path / "note.md"
    note.write_text("Good *morning*, **readers**.\n\n- one\n- two\n")
    done = run("compose", "report", str(note), "--subject", "A note to readers")
    assert done.exit_code == 0, done.output
    name = done.stdout.partition(":")[0]
    assert done.stdout == (
        f"{name}: a draft. Look at it with `broadsheet preview {name} --out FOLDER`,\n"
        f"then send it with `broadsheet send {name}`.\n"
    )
    return name


def status(run: Run, name: str) -> dict[str, Any]:
    done = run("status", name, "--json")
    assert done.exit_code == 0, done.output
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_it_builds_a_days_issue_and_builds_it_anew(
    run: Run, demo_file: Path, database: Engine
) -> None:
    run("load", str(demo_file))
    run("collect")
    today = datetime.now(UTC).date().isoformat()
    first = run("build", "inference-report", "--date", today)
    assert first.exit_code == 0, first.output
    assert first.stdout.startswith("inference-report/1: draft — ")
    assert run("build", "--date", today).stdout == first.stdout
    with Session(database) as session:
        issue = session.scalars(select(Issue)).one()
        assert issue.local_date is not None
        assert issue.local_date.isoformat() == today
        assert len(issue.entries) > 10


def test_it_says_that_an_approved_issue_is_not_built_anew(run: Run, demo_file: Path) -> None:
    run("load", str(demo_file))
    run("collect")
    run("build")
    run("send", "1", "--yes")
    done = run("build")
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: ")
    assert "approved" in done.stderr


def test_it_previews_an_issue_as_readers_get_it(run: Run, demo_file: Path, tmp_path: Path) -> None:
    run("load", str(demo_file))
    run("collect")
    run("build")
    out = tmp_path / "looks" / "today"
    done = run("preview", "--out", str(out))
    assert done.exit_code == 0, done.output
    assert [Path(line.rpartition(" (")[0]) for line in done.stdout.splitlines()] == [
        out / f"inference-report-1.{ending}" for ending in ("html", "txt", "eml")
    ]
    html = (out / "inference-report-1.html").read_text()
    assert "From the Wire" in html
    assert "SLOT_" not in html
    assert "/unsubscribe/preview" in (out / "inference-report-1.txt").read_text()
    mail = email.message_from_bytes(
        (out / "inference-report-1.eml").read_bytes(), policy=email.policy.default
    )
    assert mail.get_content_type() == "multipart/alternative"
    assert not mail.defects


def test_it_previews_what_was_written_by_hand(run: Run, composed: str, tmp_path: Path) -> None:
    assert run("preview", composed, "--out", str(tmp_path / "out")).exit_code == 0
    html = (tmp_path / "out" / "report-1.html").read_text()
    assert "<strong>readers</strong>" in html


@pytest.mark.parametrize(
    ("body", "subject", "said"),
    [("   \n", "Hello", "The body is empty"), ("Hello.", "  ", "subject")],
)
def test_it_refuses_to_compose_nothing(
    run: Run,
    report_file: Path,
    tmp_path: Path,
    database: Engine,
    body: str,
    subject: str,
    said: str,
) -> None:
    run("load", str(report_file))
    note = tmp_path / "note.md"
    note.write_text(body)
    done = run("compose", "report", str(note), "--subject", subject)
    assert done.exit_code == 1
    assert said in done.stderr
    with Session(database) as session:
        assert session.scalars(select(Issue)).all() == []


def test_it_sends_a_draft_and_rings_for_a_worker(
    run: Run, composed: str, redis: Redis, database: Engine
) -> None:
    add_readers(database, 2)
    done = run("send", composed, "--yes")
    assert done.exit_code == 0, done.output
    assert done.stdout == (
        f"{composed} goes to 2 readers now.\n"
        f"`broadsheet status {composed}` says how far it is; a running worker sends it.\n"
    )
    assert redis.llen("publish") == 1
    told = status(run, composed)
    assert told["state"] == "approved"
    assert told["planned"] is None
    assert set(told["deliveries"].values()) == {0}
    with Session(database) as session:
        done = session.execute(select(Audit.action, Audit.user_id).order_by(Audit.id)).all()
    steps = ["newsletter.load", "issue.write", "issue.approve"]
    assert done == [(step, None) for step in steps], "what was done from the shell stands there"


def test_it_asks_before_it_sends(run: Run, composed: str, database: Engine) -> None:
    add_readers(database, 2)
    question = f"Send {composed}, 'A note to readers', to 2 readers now?"
    refused = run("send", composed, stdin="n\n")
    assert refused.exit_code == 1
    assert question in refused.stdout
    assert status(run, composed)["state"] == "draft"
    assert run("send", composed, stdin="y\n").exit_code == 0
    assert status(run, composed)["state"] == "approved"


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2031-01-15 07:00", datetime(2031, 1, 15, 6, 0, tzinfo=UTC)),  # Berlin, in winter
        ("2031-07-15T07:00", datetime(2031, 7, 15, 5, 0, tzinfo=UTC)),
        ("2031-01-15T07:00+09:00", datetime(2031, 1, 14, 22, 0, tzinfo=UTC)),
    ],
)
def test_it_sends_at_an_hour(
    run: Run, composed: str, database: Engine, at: str, expected: datetime
) -> None:
    done = run("send", composed, "--yes", "--at", at)
    assert done.exit_code == 0, done.output
    with Session(database) as session:
        assert session.scalars(select(Issue.scheduled_at)).one() == expected


def test_it_says_how_an_hour_is_written(run: Run, composed: str) -> None:
    done = run("send", composed, "--yes", "--at", "at seven")
    assert done.exit_code == 1
    assert "write it like 2026-11-20 07:00 (Europe/Berlin)" in done.stderr
    assert status(run, composed)["state"] == "draft"


def test_it_refuses_an_hour_that_has_passed(run: Run, composed: str) -> None:
    done = run("send", composed, "--yes", "--at", "2020-01-01 07:00")
    assert done.exit_code == 1
    assert "2020-01-01 07:00 has passed. Nothing was sent." in done.stderr
    assert status(run, composed)["state"] == "draft"


def test_it_sends_the_latest_draft_when_none_is_named(
    run: Run, composed: str, database: Engine
) -> None:
    with Session(database) as session, session.begin():
        session.execute(update(Issue).values(state=IssueState.SENT))
    assert "There is no draft" in run("send", "--yes").stderr


@pytest.mark.parametrize("state", sorted(set(IssueState) - {IssueState.DRAFT}))
def test_it_sends_no_issue_twice(
    run: Run, composed: str, redis: Redis, database: Engine, state: IssueState
) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=3)
    with Session(database) as session, session.begin():
        session.execute(
            update(Issue).values(state=state, scheduled_at=long_ago, approved_at=long_ago)
        )
    before = issue_row(database)
    done = run("send", composed, "--yes")
    assert done.exit_code == 1
    said = f"Error: report/1 is {state.value}: only a draft can be sent. Nothing was sent."
    assert done.stderr.startswith(said)
    assert issue_row(database) == before
    assert redis.llen("publish") == 0


def issue_row(database: Engine) -> dict[str, Any]:
    with database.connect() as connection:
        return dict(connection.execute(select(Issue.__table__)).mappings().one())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("7", "report has no issue 7."),
        ("report/7", "report has no issue 7."),
        ("other/1", "There is no newsletter 'other'; there are: report."),
        ("first", "'first' is not an issue: give its number, or NEWSLETTER/7."),
        ("²", "'²' is not an issue: give its number, or NEWSLETTER/7."),
        ("9" * 30, f"'{'9' * 30}' is not an issue: give its number, or NEWSLETTER/7."),
    ],
)
def test_it_says_which_issue_it_does_not_know(
    run: Run, composed: str, name: str, said: str
) -> None:
    for command in (["status"], ["send", "--yes"], ["preview", "--out", "x"]):
        done = run(*command, name)
        assert done.exit_code == 1
        assert done.stderr == f"Error: {said}\n"


def test_it_says_when_there_is_no_issue(run: Run) -> None:
    assert run("status").stderr == "Error: There is no issue yet: `broadsheet build NEWSLETTER`.\n"


def test_it_tells_people_how_far_an_issue_is(run: Run, composed: str, database: Engine) -> None:
    assert run("status").stdout == (
        f"{composed} — A note to readers\nState: draft\n"
        "Not planned yet: nobody has been chosen, nothing has been sent.\n"
    )
    with Session(database) as session, session.begin():
        session.execute(
            update(Issue).values(
                state=IssueState.HELD, reason="The quota is used up.", audience_count=0
            )
        )
    assert run("status", "1").stdout == (
        f"{composed} — A note to readers\nState: held (The quota is used up.)\n"
        "        0  in all, of 0 planned\n"
    )
    assert status(run, composed) == {
        "issue": composed,
        "subject": "A note to readers",
        "state": "held",
        "reason": "The quota is used up.",
        "planned": 0,
        "deliveries": dict.fromkeys(
            [
                *("queued", "sending", "unknown", "accepted", "rejected", "skipped", "given_up"),
                *("soft_bounced", "delivered", "bounced", "complained"),
            ],
            0,
        ),
        "events_behind": None,
    }


def test_it_builds_a_weekly_digest_beside_the_day(
    run: Run, demo_file: Path, database: Engine
) -> None:
    run("load", str(demo_file))
    run("collect")
    assert run("build").exit_code == 0
    assert run("build", "--weekly").exit_code == 0
    with Session(database) as session:
        kinds = set(session.scalars(select(Issue.kind)))
        assert kinds == {IssueKind.DAILY, IssueKind.WEEKLY}


def add_readers(database: Engine, count: int) -> None:
    with Session(database) as session, session.begin():
        newsletter = session.scalars(select(Newsletter)).one()
        readers = [
            Reader(parse_address(f"reader{n}@example.org"), Preferences()) for n in range(count)
        ]
        add_all_confirmed(session, newsletter, readers, datetime.now(UTC))


def test_it_lists_what_is_wrong_and_sends_nothing_that_is_broken(
    run: Run, composed: str, tmp_path: Path
) -> None:
    fine = run("preview", composed, "--check")
    assert fine.exit_code == 0, fine.output
    assert "warning: The preheader is empty" in fine.stdout
    note = tmp_path / "broken.md"
    note.write_text("Read [this](nowhere) and all that is written about it today.")
    name = run("compose", "report", str(note), "--subject", "Broken").stdout.partition(":")[0]
    checked = run("preview", name, "--check")
    assert checked.exit_code == 1
    assert "failure: The link “this” leads nowhere" in checked.stdout
    refused = run("send", name, "--yes")
    assert refused.exit_code == 1
    assert "cannot be sent. The link “this” leads nowhere" in refused.stderr
    assert status(run, name)["state"] == "draft"


def test_it_asks_for_a_folder_or_a_check(run: Run, composed: str) -> None:
    assert "--check" in run("preview", composed).stderr

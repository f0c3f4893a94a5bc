"""``suppression list``, ``suppression allow``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from service.audience.addresses import parse_address
from service.audience.joining import Reader, add_all_confirmed
from service.audience.suppression import hash_of, suppress
from service.models import Audit, Newsletter, Subscriber, Subscription, Suppression
from service.models import SubscriptionState as State
from service.models import SuppressionReason as Why

Run = Callable[..., Result]
NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
ADA, BOB, EVE = (f"{name}@example.org" for name in ("ada", "bob", "eve"))


@pytest.fixture
def suppressed(run: Run, report_file: Path, database: Engine) -> None:
    """Ada bounced, Bob complained and left, Eve bounced and deleted her data."""
    run("load", str(report_file))
    with Session(database) as session, session.begin():
        report = session.scalars(select(Newsletter)).one()
        readers = [Reader(parse_address(email)) for email in (ADA, BOB)]
        add_all_confirmed(session, report, readers, NOW)
        told = [(ADA, Why.BOUNCE, "550"), (BOB, Why.COMPLAINT, "abuse"), (EVE, Why.BOUNCE, "no")]
        for email, why, detail in told:
            suppress(session, hash_of(parse_address(email)), why, detail, NOW)
        left = select(Subscription).join(Subscriber).where(Subscriber.email == BOB)
        session.scalars(left).one().state = State.UNSUBSCRIBED


def hashes(database: Engine) -> set[str]:
    with Session(database) as session:
        return set(session.scalars(select(Suppression.email_hash)))


@pytest.mark.usefixtures("suppressed")
def test_it_lists_who_gets_nothing_and_why(run: Run) -> None:
    gone = hash_of(parse_address(EVE))[:12]
    assert run("suppression", "list").stdout.splitlines() == [
        f"2026-11-20 07:00  bounce     (no reader, {gone})  no",
        f"2026-11-20 07:00  complaint  {BOB}  abuse",
        f"2026-11-20 07:00  bounce     {ADA}  550",
        "3 of 3; `broadsheet suppression allow ADDRESS` lets one go.",
    ]
    assert run("suppression", "list", "--limit", "1").stdout.splitlines()[1].startswith("1 of 3;")


@pytest.mark.usefixtures("suppressed")
@pytest.mark.parametrize(
    ("address", "standing"),
    [
        (" Ada@Example.org", "report: it gets the next issue."),
        (BOB, "report: its subscription has ended; only the reader can sign up again."),
        (EVE, "It is subscribed to nothing; it may sign up again."),
    ],
)
def test_it_lets_one_go_and_says_what_follows(
    run: Run, database: Engine, address: str, standing: str
) -> None:
    before = hashes(database)
    done = run("suppression", "allow", address, "--reason", "They wrote to us")
    email = parse_address(address).email
    assert done.exit_code == 0
    assert before - hashes(database) == {hash_of(parse_address(address))}
    lines = done.stdout.splitlines()
    assert lines[0] == f"{email} may be written to again."
    assert lines[1].strip() == standing
    assert "Amazon SES keeps a list of its own" in done.stdout
    assert lines[-1].endswith(f"delete-suppressed-destination --email-address {email}")
    with Session(database) as session:
        note = session.scalars(select(Audit).where(Audit.action == "suppression.lift")).one()
    assert (note.detail["why"], note.subject) == (
        "They wrote to us",
        hash_of(parse_address(address)),
    )


@pytest.mark.usefixtures("suppressed")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([ADA], "--reason"),
        ([ADA, "--reason", " "], "say why mail may go to this address again"),
        (["cy@example.org", "--reason", "x"], "cy@example.org is not suppressed"),
        (["nobody", "--reason", "x"], "does not look like an address"),
    ],
)
def test_it_changes_nothing_without_a_reason_or_a_known_address(
    run: Run, database: Engine, arguments: list[str], said: str
) -> None:
    done = run("suppression", "allow", *arguments)
    assert done.exit_code != 0
    assert said in done.output
    assert len(hashes(database)) == 3

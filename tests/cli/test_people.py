"""``import``, ``export``, ``user add``, ``db upgrade``."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from service import migrations
from service.models import Audit, Role, SubscriberTag, Subscription, SubscriptionState, User
from service.staff.lockout import Origin
from service.staff.login import check_login

Run = Callable[..., Result]

AGREED = ("--consent", "They signed up at our old site.")

ROWS = """\
email,cadence,format,timezone,hour
ada@example.org,daily,html,Europe/Berlin,7
not an address,daily,html,,
bob@example.org,weekly,text,,
cy@example.org,hourly,html,,
Ada@Example.org,daily,html,,
dee@example.org,daily,html,Mars/Olympus,7
"eve@example.org,daily
fay@example.org,daily,html,,25
"""


@pytest.fixture
def readers(run: Run, report_file: Path, tmp_path: Path) -> Path:
    run("load", str(report_file))
    path = tmp_path / "readers.csv"
    path.write_text(ROWS)
    return path


def active(database: Engine) -> list[str]:
    with Session(database) as session:
        found = session.scalars(
            select(Subscription).where(Subscription.state == SubscriptionState.ACTIVE)
        )
        return sorted(subscription.subscriber.email for subscription in found)


def test_it_imports_the_good_rows_and_names_the_bad(
    run: Run, readers: Path, database: Engine
) -> None:
    done = run("import", str(readers), *AGREED)
    assert done.exit_code == 0
    assert active(database) == ["ada@example.org", "bob@example.org"]
    assert done.stdout == (
        "        2  added\n        1  in the file a second time\n        5  could not be read\n"
        "        8  rows in all\n"
    )
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == [
        *("line 3", "line 5", "line 7", "line 8", "line 9"),
    ]
    assert "“hourly” is not one of daily, weekdays, weekly" in done.stderr


def test_it_imports_twice_as_once(run: Run, readers: Path, database: Engine) -> None:
    run("import", str(readers), *AGREED)
    assert (
        "2  on the list here already: left as they are"
        in run("import", str(readers), *AGREED).stdout
    )
    assert active(database) == ["ada@example.org", "bob@example.org"]


def test_it_only_says_what_an_import_would_do(run: Run, readers: Path, database: Engine) -> None:
    done = run("import", str(readers), "--dry-run")
    assert "2  would be added" in done.stdout
    assert active(database) == []


@pytest.mark.parametrize("content", [b"", b"name,town\nAda,Utrecht\n", b"PK\x03\x04 a workbook"])
def test_it_refuses_what_is_no_file_of_readers(
    run: Run, readers: Path, database: Engine, content: bytes
) -> None:
    readers.write_bytes(content)
    done = run("import", str(readers), *AGREED)
    assert done.exit_code == 1
    assert done.stderr.startswith(f"Error: {readers}: ")
    assert active(database) == []


def test_it_exports_what_it_can_import(
    run: Run, readers: Path, database: Engine, tmp_path: Path
) -> None:
    run("import", str(readers), *AGREED)
    exported = run("export", "report").stdout
    with Session(database) as session:
        assert "subscribers.export" in session.scalars(select(Audit.action)).all()
    rows = sorted(csv.DictReader(exported.splitlines()), key=lambda row: row["email"])
    assert [row["email"] for row in rows] == ["ada@example.org", "bob@example.org"]
    assert (rows[0]["timezone"], rows[0]["hour"]) == ("Europe/Berlin", "7")
    assert (rows[1]["cadence"], rows[1]["format"]) == ("weekly", "text")
    back = tmp_path / "back.csv"
    back.write_text(exported)
    done = run("import", str(back), *AGREED)
    assert (
        done.stdout
        == "        2  on the list here already: left as they are\n        2  rows in all\n"
    )


def test_it_takes_nobody_whose_consent_is_not_stated(
    run: Run, readers: Path, database: Engine
) -> None:
    done = run("import", str(readers))
    assert done.exit_code == 1
    assert "--consent 'They signed up at our old site'" in done.stderr
    assert active(database) == []


def test_it_takes_a_column_for_what_it_is_said_to_hold(
    run: Run, readers: Path, database: Engine
) -> None:
    readers.write_text("address,email\nada@example.org,once upon a time\n")
    done = run("import", str(readers), "--map", "address=email", "--tag", "Old Site", *AGREED)
    assert done.stdout == "        1  added\n        1  rows in all\n"
    with Session(database) as session:
        tag = session.scalars(select(SubscriberTag.tag)).one()
    assert (active(database), tag) == (["ada@example.org"], "old site")


@pytest.mark.parametrize(
    ("mapped", "said"),
    [
        ("town=email", "There is no column 'town'; there are: email, cadence"),
        ("email=mail", "There is no field 'mail'; there are: bounced, cadence"),
        ("email=-", "Say which column holds the e-mail address."),
    ],
)
def test_it_says_what_there_is_to_map(
    run: Run, readers: Path, tmp_path: Path, mapped: str, said: str
) -> None:
    done = run("import", str(readers), "--map", mapped, *AGREED)
    assert done.exit_code == 1
    assert said in done.stderr
    assert not list(tmp_path.rglob("imports/*"))


def test_it_says_which_newsletter_it_does_not_know(run: Run, readers: Path) -> None:
    for command in (
        ["import", str(readers), "--newsletter", "other", "--dry-run"],
        ["export", "other"],
    ):
        done = run(*command)
        assert done.exit_code == 1
        assert done.stderr == "Error: There is no newsletter 'other'; there are: report.\n"


def logged_in(address: str, password: str) -> Role | None:
    here = Origin.of_network("192.0.2.7", "192.0.2.7")
    user = check_login(address, password, lambda _: here, datetime.now(UTC))
    return user.role if user else None


def test_it_lets_somebody_log_in(run: Run, database: Engine) -> None:
    made = run("user", "add", "ada@example.org")
    assert made.exit_code == 0
    said, password = made.stdout.splitlines()
    assert said == "ada@example.org may log in as owner."
    secret = password.removeprefix("Password: ")
    assert logged_in("ada@example.org", secret) is Role.OWNER
    assert logged_in("ada@example.org", "something else") is None


def test_it_takes_a_password_and_does_not_show_it(run: Run, database: Engine) -> None:
    made = run(
        "user", "add", "bob@example.org", "--role", "viewer", "--password", "correct horse battery"
    )
    assert made.output == "bob@example.org may log in as viewer.\n"
    assert logged_in("bob@example.org", "correct horse battery") is Role.VIEWER


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nobody"], "That does not look like an address"),
        (["ada@example.org", "--password", "short"], "A password needs at least 12 characters."),
        (["ADA@example.org"], "There is an account for"),
    ],
)
def test_it_refuses_an_account_that_cannot_be(
    run: Run, database: Engine, arguments: list[str], said: str
) -> None:
    if said.startswith("There is"):
        run("user", "add", "ada@example.org")
    done = run("user", "add", *arguments)
    assert done.exit_code == 1
    assert done.stderr.startswith(f"Error: {said}")
    with Session(database) as session:
        assert len(session.scalars(select(User)).all()) == said.startswith("There is")


def test_it_brings_an_empty_database_up_to_date(run: Run, database: Engine) -> None:
    migrations.downgrade(database, "base")
    assert not migrations.is_current(database)
    for _ in range(2):
        assert run("db", "upgrade").stdout == "The schema is up to date.\n"
        assert migrations.is_current(database)


def test_it_brings_the_schema_up_to_date_by_itself(run: Run, database: Engine) -> None:
    migrations.downgrade(database, "base")
    assert run("status").stderr.startswith("Error: There is no issue yet")
    assert migrations.is_current(database)

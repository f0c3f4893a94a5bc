"""``consent``: a proof is printed, checked, and refused once it was changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from service.audience.addresses import parse_address
from service.audience.joining import Reader, add_confirmed
from service.models import Newsletter

Run = Callable[..., Result]
ANN = "ann@example.org"


@pytest.fixture
def file(run: Run, report_file: Path, database: Engine, tmp_path: Path) -> Path:
    """The proof of Ann's consent, as it is printed."""
    run("load", str(report_file))
    with Session(database) as session, session.begin():
        newsletter = session.scalars(select(Newsletter)).one()
        add_confirmed(session, newsletter, Reader(parse_address(ANN)), datetime.now(UTC))
    path = tmp_path / "ann.json"
    path.write_text(run("consent", ANN).stdout)
    return path


def test_it_holds(run: Run, file: Path) -> None:
    done = run("consent", ANN, "--verify", str(file))
    assert done.exit_code == 0
    assert "holds: 1 lines" in done.stdout


def test_it_holds_no_more_once_it_was_changed(run: Run, file: Path) -> None:
    file.write_text(file.read_text().replace('"imported"', '"confirmed"'))
    done = run("consent", ANN, "--verify", str(file))
    assert done.exit_code == 1
    assert "line 1: it does not follow" in done.stderr
    assert "The seal does not fit" in done.stderr


def test_it_is_about_one_address(run: Run, file: Path) -> None:
    done = run("consent", "eve@example.org", "--verify", str(file))
    assert done.exit_code == 1
    assert "about another address" in done.stderr


@pytest.mark.parametrize(
    ("address", "said"), [("eve@example.org", "Nothing is written down"), ("eve", "not look like")]
)
def test_it_says_of_whom_it_knows_nothing(run: Run, file: Path, address: str, said: str) -> None:
    done = run("consent", address)
    assert done.exit_code == 1
    assert said in done.stderr


def test_it_says_what_is_no_proof(run: Run, file: Path) -> None:
    file.write_text("{}")
    done = run("consent", ANN, "--verify", str(file))
    assert done.exit_code == 1
    assert "no proof of consent of ours" in done.stderr

"""``load``, ``dump``, ``collect``."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from service.models import Item, Newsletter, Snapshot, Source, SourceState
from service.sandbox import Sandbox

Run = Callable[..., Result]


def test_it_loads_a_file_and_says_what_changed(run: Run, demo_file: Path) -> None:
    first = run("load", str(demo_file))
    assert first.exit_code == 0
    assert first.stdout.startswith("inference-report: made.\n  sources added: ")
    assert "intelligence-index" in first.stdout

    assert run("load", str(demo_file)).stdout == "inference-report: nothing has changed.\n"

    text = demo_file.read_text()
    demo_file.write_text(text.replace('name = "The Inference Report"', 'name = "Another"', 1))
    changed = run("load", str(demo_file))
    assert changed.stdout == "inference-report: changed.\n  changed: name, from_name\n"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('slug = "report"', 'slug = "The Report"', "line 1: slug: must be small letters"),
        ('kind = "headlines"', 'kind = "headline"', "headlines"),
        (
            'time = "06:30"',
            'time = "half past six"',
            "line 10: schedule.time: must be written like 07:00",
        ),
        ('timezone = "Europe/Berlin"', 'timezone = "Berlin"', "Berlin"),
        ('name = "The Report"', 'name = "The Report', "This is not TOML"),
        ('heading = "AI Labs"', 'heading = "AI Labs"\nlimits = 3', "limit"),
    ],
)
def test_it_refuses_a_bad_file_and_changes_nothing(
    run: Run, report_file: Path, database: Engine, old: str, new: str, said: str
) -> None:
    text = report_file.read_text()
    assert old in text
    report_file.write_text(text.replace(old, new))
    done = run("load", str(report_file))
    assert done.exit_code == 1
    assert done.stderr.startswith(f"Error: {report_file}: ")
    assert said in done.stderr
    with Session(database) as session:
        assert session.scalars(select(Newsletter)).all() == []


def test_it_says_all_that_is_wrong_below_the_name_of_the_file(run: Run, report_file: Path) -> None:
    text = report_file.read_text()
    report_file.write_text(text.replace("06:30", "6:30").replace('"headlines"', '"headline"'))
    said = run("load", str(report_file)).stderr.splitlines()
    assert said[0] == f"Error: {report_file}: 2 problems, and nothing was changed:"
    assert said[1] == "  line 10: schedule.time: must be written like 07:00."
    assert said[2].startswith("  line 15: section 'labs', kind: must be 'headlines', ")
    assert len(said) == 3


def test_it_refuses_bytes_that_are_no_text(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "report.toml"
    path.write_bytes(b'slug = "\xff\xfe"')
    done = run("load", str(path))
    assert done.exit_code == 1
    assert str(path) in done.stderr


def test_it_says_when_there_is_no_file(run: Run) -> None:
    done = run("load", "nowhere.toml")
    assert done.exit_code == 2
    assert "'nowhere.toml' does not exist" in done.stderr


def test_it_dumps_what_it_loads(run: Run, demo_file: Path, tmp_path: Path) -> None:
    run("load", str(demo_file))
    dumped = run("dump")
    again = tmp_path / "dump.toml"
    again.write_text(dumped.stdout)
    assert run("load", str(again)).stdout == "inference-report: nothing has changed.\n"
    assert run("dump", "inference-report").stdout == dumped.stdout


def test_it_says_which_newsletters_there_are(run: Run, report_file: Path, tmp_path: Path) -> None:
    none = run("dump")
    assert none.exit_code == 1
    assert none.stderr == "Error: There is no newsletter yet: `broadsheet load FILE.toml`.\n"
    run("load", str(report_file))
    other = tmp_path / "other.toml"
    other.write_text(report_file.read_text().replace('slug = "report"', 'slug = "another"'))
    run("load", str(other))
    assert run("dump").stderr == "Error: Name one of the newsletters: another, report.\n"
    assert run("dump", "x").stderr == (
        "Error: There is no newsletter 'x'; there are: another, report.\n"
    )


def test_it_collects_every_source_and_says_what_each_gave(
    run: Run, demo_file: Path, database: Engine
) -> None:
    run("load", str(demo_file))
    done = run("collect")
    assert done.exit_code == 0
    with Session(database) as session:
        sources = list(session.scalars(select(Source)))
        assert len(done.stdout.splitlines()) == len(sources)
        assert all(source.slug in done.stdout for source in sources)
        assert {source.problem for source in sources} == {None}
        assert count(session, Item) > 20
        assert count(session, Snapshot) == 3
        before = count(session, Item)
    assert run("collect").exit_code == 0
    with Session(database) as session:
        assert count(session, Item) == before, "what was collected once is not new"


def test_it_collects_the_rest_when_one_source_fails(
    run: Run, demo_file: Path, newsroom: Sandbox, database: Engine
) -> None:
    run("load", str(demo_file))
    with Session(database) as session, session.begin():
        broken = update(Source).where(Source.slug == "quillon")
        session.execute(broken.values(url=f"{newsroom.url}/news/nowhere"))
    done = run("collect")
    assert done.exit_code == 0
    assert "1 of 13 sources failed; the others are not affected." in done.stderr
    with Session(database) as session:
        assert session.scalars(select(Source).where(Source.slug == "quillon")).one().problem


def test_it_collects_one_source_by_name(run: Run, demo_file: Path, database: Engine) -> None:
    run("load", str(demo_file))
    done = run("collect", "meridian")
    assert len(done.stdout.splitlines()) == 1
    assert "meridian" in done.stdout
    with Session(database) as session:
        checked = select(Source.slug).where(Source.checked_at.is_not(None))
        assert session.scalars(checked).all() == ["meridian"]


def test_it_shows_what_a_source_would_give_and_stores_nothing(
    run: Run, demo_file: Path, database: Engine
) -> None:
    run("load", str(demo_file))
    with Session(database) as session, session.begin():
        session.execute(update(Source).values(state=SourceState.PAUSED))
    done = run("collect", "meridian", "--dry-run")
    first, *entries = done.stdout.splitlines()
    assert re.fullmatch(r"meridian: \d+ entries. Nothing was stored.", first)
    assert re.match(r"  \d{4}-\d\d-\d\d  .+  http://127", entries[0])
    with Session(database) as session:
        assert count(session, Item) == 0
        source = session.scalars(select(Source).where(Source.slug == "meridian")).one()
        assert (source.checked_at, source.next_check_at) == (None, None)
        assert source.state is SourceState.PAUSED


def test_it_says_why_a_source_would_give_nothing(
    run: Run, demo_file: Path, newsroom: Sandbox, database: Engine
) -> None:
    run("load", str(demo_file))
    with Session(database) as session, session.begin():
        broken = update(Source).where(Source.slug == "quillon")
        session.execute(broken.values(url=f"{newsroom.url}/news/nowhere"))
    done = run("collect", "quillon", "--dry-run")
    assert done.exit_code == 1
    assert done.stdout.startswith("quillon: nothing - Nothing is at this address (404)")


def test_it_says_when_there_is_nothing_to_collect(
    run: Run, report_file: Path, demo_file: Path, database: Engine
) -> None:
    run("load", str(report_file))
    assert "There are no active sources." in run("collect").stderr
    assert "There is no source 'x'." in run("collect", "x").stderr
    run("load", str(demo_file))
    with Session(database) as session, session.begin():
        session.execute(update(Source).values(state=SourceState.PAUSED))
    assert run("collect").exit_code == 1


def count(session: Session, kind: type[Item] | type[Snapshot]) -> int:
    return session.execute(select(func.count()).select_from(kind)).scalar_one()

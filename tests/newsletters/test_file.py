"""A newsletter as a file: loaded, loaded again, dumped, loaded from its dump."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.models import Approval, Issue, IssueKind, Newsletter, Source, SourceState
from service.newsletters.file import dump_newsletter, load_newsletter
from service.newsletters.problems import BadNewsletter, read_spec
from service.newsletters.rows import Stored
from service.rendering.theme import load_theme
from service.sources.kinds import check_config

NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)

FILE = """
slug = "report"
name = "The Report"
postal_address = "1 Main Street"

[sender]
address = "report@example.org"

[schedule]
timezone = "Europe/Berlin"
time = "06:30"
days = ["mon", "fri"]
weekly = "sun"

[[sections]]
slug = "labs"
kind = "headlines"
heading = "AI Labs"

[[sections]]
slug = "benchmarks"
kind = "tables"
heading = "Benchmarks"

[[sources]]
slug = "lab"
kind = "feed"
name = "A Lab"
url = "https://lab.example.org/feed"
section = "labs"

[[sources]]
slug = "bench"
kind = "table"
name = "A Bench"
url = "https://bench.example.org/data.json"
section = "benchmarks"
config = { columns = [{ key = "score", label = "Score", path = "a.b" }], deep = { on = true } }
"""


def accept(kind: str, config: dict[str, Any]) -> None:
    if kind not in {"feed", "page", "table", "arxiv", "github"}:
        raise ValueError(f"there is no kind of source called '{kind}'")


def load(session: Session, text: str, now: datetime = NOW) -> Stored:
    return load_newsletter(session, text, now, check_source=accept)


def newsletter(session: Session) -> Newsletter:
    return session.scalars(select(Newsletter)).one()


def source(session: Session, slug: str) -> Source:
    return session.scalars(select(Source).where(Source.slug == slug)).one()


def test_it_makes_a_newsletter_with_its_sources(session: Session) -> None:
    report = load(session, FILE)

    row = newsletter(session)
    assert (report.created, report.added) == (True, ("lab", "bench"))
    assert (row.from_name, row.from_address) == ("The Report", "report@example.org")
    assert (row.send_hour, row.send_minute, row.send_days, row.weekly_day) == (6, 30, [0, 4], 6)
    assert row.approval is Approval.AUTO
    assert [section["slug"] for section in row.sections] == ["labs", "benchmarks"]
    assert source(session, "bench").config["deep"] == {"on": True}


def test_the_first_run_is_the_next_one_on_the_schedule(session: Session) -> None:
    load(session, FILE)
    # Friday 08:00 in Berlin is past 06:30; the digest of Sunday comes first.
    assert newsletter(session).next_run == datetime(2026, 11, 22, 5, 30, tzinfo=UTC)


def test_loading_twice_changes_nothing(session: Session) -> None:
    load(session, FILE)
    session.commit()
    before = newsletter(session).next_run

    report = load(session, FILE, NOW + timedelta(days=1))

    assert report.unchanged
    assert not session.dirty
    assert newsletter(session).next_run == before


def test_a_dump_says_what_was_loaded(session: Session) -> None:
    load(session, FILE)
    session.commit()
    text = dump_newsletter(session, "report")

    assert load(session, text).unchanged
    assert dump_newsletter(session, "report") == text


def test_a_dump_makes_the_same_newsletter_elsewhere(session: Session) -> None:
    load(session, FILE)
    source(session, "lab").state = SourceState.PAUSED
    text = dump_newsletter(session, "report").replace('slug = "report"', 'slug = "other"')

    load(session, text)

    assert dump_newsletter(session, "other").replace('"other"', '"report"') == dump_newsletter(
        session, "report"
    )


def test_there_is_no_dump_of_a_newsletter_that_does_not_exist(session: Session) -> None:
    with pytest.raises(KeyError, match="nothing"):
        dump_newsletter(session, "nothing")


def test_changed_fields_are_taken_over(session: Session) -> None:
    load(session, FILE)
    text = FILE.replace("The Report", "The New Report").replace("/feed", "/news.xml")

    report = load(session, text)

    assert report.fields == ("name", "from_name")
    assert report.changed == ("lab",)
    assert newsletter(session).name == "The New Report"


def test_a_new_hour_moves_the_next_run(session: Session) -> None:
    load(session, FILE)
    load(session, FILE.replace("06:30", "09:00"))
    assert newsletter(session).next_run == datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


def test_a_run_that_is_due_is_not_lost_to_a_new_hour(session: Session) -> None:
    load(session, FILE)
    due = newsletter(session).next_run
    assert due is not None
    load(session, FILE.replace("06:30", "09:00"), due + timedelta(minutes=1))
    assert newsletter(session).next_run == due


def test_no_days_and_no_digest_mean_no_run(session: Session) -> None:
    load(session, FILE.replace('["mon", "fri"]', "[]").replace('weekly = "sun"', ""))
    assert newsletter(session).next_run is None


def test_a_source_that_is_no_longer_named_is_paused(session: Session) -> None:
    load(session, FILE)
    start = FILE.index('[[sources]]\nslug = "bench"')

    report = load(session, FILE[:start])

    assert report.paused == ("bench",)
    assert source(session, "bench").state is SourceState.PAUSED
    assert load(session, FILE[:start]).unchanged
    assert load(session, FILE).changed == ("bench",)
    assert source(session, "bench").state is SourceState.ACTIVE


def test_a_source_with_a_new_address_is_asked_anew(session: Session) -> None:
    load(session, FILE)
    row = source(session, "lab")
    row.etag, row.failures, row.problem, row.state = '"1"', 4, "Gone.", SourceState.MUTED

    load(session, FILE.replace("/feed", "/news.xml"))

    session.refresh(row)
    assert [row.etag, row.failures, row.problem] == [None, 0, None]
    assert row.state is SourceState.ACTIVE


def test_a_muted_source_stays_so_while_its_file_says_the_same(session: Session) -> None:
    load(session, FILE)
    source(session, "lab").state = SourceState.MUTED
    assert load(session, FILE).unchanged
    assert source(session, "lab").state is SourceState.MUTED


def test_issues_and_their_numbers_stay(session: Session) -> None:
    load(session, FILE)
    row = newsletter(session)
    session.add(
        Issue(
            newsletter_id=row.id,
            kind=IssueKind.DAILY,
            number=41,
            local_date=date(2026, 11, 19),
            subject="Yesterday",
            created_at=NOW,
        )
    )
    load(session, FILE.replace("The Report", "The New Report"))
    assert session.scalars(select(Issue.number)).all() == [41]


def test_a_bad_file_changes_nothing(session: Session) -> None:
    load(session, FILE)
    with pytest.raises(BadNewsletter):
        load(session, FILE.replace("The Report", "The New Report").replace("Berlin", "Bärlin"))
    assert newsletter(session).name == "The Report"


def test_what_a_kind_refuses_is_said_of_its_source(session: Session) -> None:
    with pytest.raises(BadNewsletter) as caught:
        load(session, FILE.replace('"feed"', '"fed"'))
    assert caught.value.problems == (
        "line 25: source 'lab': there is no kind of source called 'fed'.",
    )


def test_what_a_kind_does_not_know_is_said_with_what_it_knows(session: Session) -> None:
    typo = FILE.replace('section = "labs"', 'section = "labs"\nconfig = { topic = ["x"] }')
    with pytest.raises(BadNewsletter) as caught:
        load_newsletter(session, typo, NOW, check_source=check_config)
    assert caught.value.problems[0] == (
        "line 31: source 'lab': config.topic is not known to a source of this kind; write 'topics' "
        "instead, or remove it. There are: allow_private, header_env, topics."
    )


def test_a_theme_that_cannot_be_drawn_is_refused(session: Session) -> None:
    def refuse(theme: object) -> None:
        raise ValueError("there is no theme 'x'")

    with pytest.raises(BadNewsletter, match="theme: there is no theme 'x'"):
        load_newsletter(session, FILE, NOW, check_source=accept, check_theme=refuse)


@pytest.mark.parametrize("name", ["inference-report.toml", "demo.toml"])
def test_the_examples_load_and_come_back(session: Session, name: str) -> None:
    text = files("service.newsletters").joinpath("examples", name).read_text(encoding="utf-8")
    text = text.replace("{newsroom}", "http://127.0.0.1:9000")

    load_newsletter(session, text, NOW, check_source=check_config, check_theme=load_theme)
    session.commit()

    assert load(session, dump_newsletter(session, "inference-report")).unchanged
    assert load(session, text).unchanged


def test_selectors_that_nobody_tried_are_shipped_paused() -> None:
    text = (files("service.newsletters") / "examples" / "inference-report.toml").read_text()
    pages = [source for source in read_spec(text).sources if source.kind == "page"]
    assert [source.slug for source in pages if source.paused] == ["anthropic", "meta-ai", "mistral"]
    assert all(source.paused for source in pages)
    assert "broadsheet collect anthropic --dry-run" in text

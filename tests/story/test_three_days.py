"""Three mornings of the demo's newsletter, by ``build`` and ``preview``, and the digest of them."""

from __future__ import annotations

import html
import json
import re
import tomllib
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import pytest
import time_machine
from click.testing import CliRunner
from sqlalchemy import select

from service import config, db, migrations
from service.audience.choices import Wanted
from service.cli import cli
from service.issues.approve import approve
from service.models import Issue
from service.models.document import Document, Headline, Paper, Repository, TableEntry
from service.rendering.issue import Identity, render_issue
from service.sandbox import Sandbox

FRIDAY = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
NONCE = "n0n0n0n0n0n0n0n0"
LEADERBOARDS_AND_LABS = {
    *("meridian", "halcyon", "northlight", "tessera", "quillon"),
    *("intelligence-index", "coding"),
}


class Edition(NamedTuple):
    document: Document
    html: str
    """As a reader sees it: without tags, white space collapsed."""
    text: str


class Desk:
    """The shell of whoever runs the newsletter, on a morning of their choice."""

    def __init__(self, newsroom: Sandbox, folder: Path) -> None:
        self.newsroom = newsroom
        self.folder = folder

    def run(self, *arguments: str) -> str:
        done = CliRunner().invoke(cli, arguments, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    def morning(self, day: int, *, without: frozenset[str] = frozenset()) -> Edition:
        """Collect all that answers before the hour of *day* (0 is Friday), build, look, approve."""
        with time_machine.travel(FRIDAY + timedelta(days=day), tick=True):
            self._show_day(day)
            for source in sorted(self._sources() - without):
                self.run("collect", source)
            return self.issue(f"{FRIDAY + timedelta(days=day):%Y-%m-%d}")

    def issue(self, date: str, *options: str) -> Edition:
        named = self.run("build", "--date", date, *options).split(":")[0]
        self.run("preview", named, "--out", str(self.folder))
        with db.session_scope() as session:
            issue = session.scalars(select(Issue).order_by(Issue.id.desc()).limit(1)).one()
            document = approve(session, issue, datetime.now(UTC)).document
        written = self.folder / named.replace("/", "-")
        return Edition(
            Document.model_validate(document),
            seen(written.with_name(f"{written.name}.html").read_text()),
            written.with_name(f"{written.name}.txt").read_text(),
        )

    def _show_day(self, day: int) -> None:
        wanted = json.dumps({"day": day}).encode()
        url = f"{self.newsroom.url}/control/newsroom"
        urllib.request.urlopen(urllib.request.Request(url, wanted, method="POST")).close()

    def _sources(self) -> frozenset[str]:
        return frozenset(source["slug"] for source in tomllib.loads(self.run("dump"))["sources"])


def seen(page: str) -> str:
    body = re.sub(r"<(style|head|title)\b.*?</\1>|<!--.*?-->", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


@pytest.fixture
def desk(data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr("service.log.set_up_logging", lambda: None)
    monkeypatch.setenv("BROADSHEET_ALLOW_PRIVATE_SOURCES", "true")
    monkeypatch.setenv("NEWSROOM_API_KEY", "any")
    config.settings.cache_clear()
    migrations.upgrade(db.engine())
    with Sandbox(date=FRIDAY.date()) as newsroom:
        text = (files("service.newsletters") / "examples" / "demo.toml").read_text()
        file = tmp_path / "demo.toml"
        file.write_text(text.replace("{newsroom}", newsroom.url))
        desk = Desk(newsroom, tmp_path / "looked-at")
        with time_machine.travel(FRIDAY - timedelta(days=3), tick=True):
            desk.run("load", str(file))
        yield desk


def stories(document: Document) -> list[str]:
    return [
        entry.url
        for section in document.sections
        for entry in section.entries
        if isinstance(entry, Headline | Paper)
    ]


def tables(document: Document) -> list[TableEntry]:
    found = [entry for section in document.sections for entry in section.entries]
    return [entry for entry in found if isinstance(entry, TableEntry)]


def test_three_mornings_and_the_week(desk: Desk) -> None:
    out = frozenset(LEADERBOARDS_AND_LABS)
    first, second, third = (
        desk.morning(day, without=out if day == -2 else frozenset()) for day in (-2, -1, 0)
    )

    # What is not there yet is said in the newsletter's words, once for each table.
    assert "AI Labs All labs → No lab headlines." in first.html
    assert first.html.count("No benchmark data.") == first.text.count("No benchmark data.") == 2
    assert "No lab headlines." in first.text
    assert "From the Wire" in first.html

    # Everything is there, in the order and the words of the model.
    for edition in (second, third):
        headings = [
            *("AI Labs All labs →", "From the Wire All feeds →", "Research Papers All papers →"),
            *("Benchmarks Full tables →", "Trending All repositories →"),
        ]
        places = [edition.html.find(heading) for heading in headings]
        assert -1 not in places
        assert places == sorted(places)
        assert "# Model Score tok/s $/1M" in edition.html
        assert re.search(r"^#\s+Model\s+Score\s+tok/s\s+\$/1M$", edition.text, re.MULTILINE)
        for link in ("All labs", "All feeds", "All papers", "Full tables"):
            assert link in edition.html
            assert link in edition.text
        assert "No lab headlines." not in edition.html
        assert "No benchmark data." not in edition.html

    # The first tables have nothing to differ from; the third issue's tell what moved overnight.
    assert not any(row.change for table in tables(second.document) for row in table.rows)
    changes = [row.change for table in tables(third.document) for row in table.rows if row.change]
    assert changes
    assert all(re.fullmatch(r"[+-]\d+(\.\d)?|new", change) for change in changes)
    gained = [
        entry.gained
        for entry in third.document.sections[-1].entries
        if isinstance(entry, Repository) and entry.gained is not None
    ]
    assert gained
    assert gained == sorted(gained, reverse=True)

    # Nothing comes twice.
    told = [url for edition in (first, second, third) for url in stories(edition.document)]
    assert len(told) == len(set(told))
    assert all(stories(edition.document) for edition in (first, second, third))

    assert_the_focused_heading(third.document)
    assert_the_digest(desk, first, second, third)


def assert_the_focused_heading(document: Document) -> None:
    with db.read_scope() as session:
        newsletter = session.scalars(select(Issue)).first().newsletter
        identity = Identity.of(newsletter, "https://news.example.org")
    mail = render_issue(document, Wanted(topics=("cs.LG",)), identity, NONCE)
    assert "Research Papers — Focused" in seen(mail.html or "")
    assert "RESEARCH PAPERS — FOCUSED" in mail.text


def assert_the_digest(desk: Desk, *days: Edition) -> None:
    with time_machine.travel(FRIDAY + timedelta(hours=1), tick=True):
        digest = desk.issue(f"{FRIDAY:%Y-%m-%d}", "--weekly").document
    week = {url for edition in days for url in stories(edition.document)}
    assert digest.kind == "weekly"
    assert digest.subject.startswith("The week: ")
    assert set(stories(digest)) <= week
    papers = next(section for section in digest.sections if section.spec.slug == "papers")
    leads = [
        section.entries[0]
        for edition in reversed(days)
        for section in edition.document.sections
        if section.spec.slug == "papers"
    ]
    assert list(papers.entries[:3]) == leads, "not each day's first paper, the latest before"
    assert all(table.rows for table in tables(digest)), "the tables do not stand as they do now"

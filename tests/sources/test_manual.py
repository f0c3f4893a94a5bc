from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from service.sources.collect import collect_source
from service.sources.fetch import Ask, Fetched
from service.sources.kinds import BadFeed, Page, Parsed, SourceView
from service.sources.kinds.manual import Manual
from tests.sources.conftest import DATA, AddSource
from tests.sources.test_collect import change, items, row
from tests.sources.test_table import CSV

NOTES = (DATA / "notes.md").read_bytes()


def parse(text: bytes = NOTES) -> Parsed:
    return Manual().parse([Page(text)], SourceView("notes", "Notes", ""))


def nothing_is_fetched(ask: Ask) -> Fetched:
    raise AssertionError(f"{ask.url} was asked for")


def test_it_reads_an_entry_with_its_date() -> None:
    entry = parse().items[0]
    assert entry.title == "What we will do in December"
    assert entry.url == "https://daily.example/december"
    assert entry.published_at == datetime(2026, 11, 18, tzinfo=UTC)
    assert entry.summary == (
        "We read fewer feeds & answer more letters.\n\nSecond paragraph, with a link."
    )


def test_it_leaves_an_entry_undated_that_has_no_date() -> None:
    entry = parse().items[1]
    assert (entry.title, entry.summary, entry.published_at) == ("An undated note", "", None)


def test_it_says_which_entry_has_no_link() -> None:
    assert parse().skipped == ("the entry 'No link at all' has no link to the web",)


def test_it_makes_no_markup_of_what_is_written() -> None:
    text = b"## [<b>A</b> & B](https://a.example)\n\n<script>x()</script>1 < 2"
    (entry,) = parse(text).items
    assert entry.title == "<b>A</b> & B"
    assert entry.summary == "<script>x()</script>1 < 2"


@pytest.mark.parametrize(
    ("text", "reason"),
    [(b"Just words.", "has no entry"), (b"## A", "'A' has no link"), (b"## \xff", "not UTF-8")],
)
def test_it_calls_a_text_without_an_entry_a_failure(text: bytes, reason: str) -> None:
    with pytest.raises(BadFeed, match=reason):
        parse(text)


def test_it_reads_what_stands_in_the_file_of_the_newsletter(
    add_source: AddSource, now: datetime
) -> None:
    config = {"text": NOTES.decode()}
    source_id = add_source("", kind="manual", config=config)
    assert collect_source(source_id, now, fetcher=nothing_is_fetched).new == 2
    again = collect_source(source_id, now, fetcher=nothing_is_fetched, force=True)
    assert again.outcome == "unchanged"


def test_it_takes_an_entry_that_was_added_for_news_and_one_that_was_changed_not(
    add_source: AddSource, now: datetime
) -> None:
    source_id = add_source("", kind="manual", config={"text": "## [One](https://a.example/1)"})
    collect_source(source_id, now)
    text = "## [One, put better](https://a.example/1)\n\n## [Two](https://a.example/2)"
    change(source_id, config={"allow_private": True, "text": text})
    report = collect_source(source_id, now, force=True)
    assert (report.new, report.updated) == (1, 1)
    assert items(source_id)["https://a.example/1"].title == "One, put better"


def test_it_takes_an_entry_for_news_that_was_written_late(
    add_source: AddSource, now: datetime
) -> None:
    source_id = add_source("", kind="manual", config={"text": "## [One](https://a.example/1)"})
    collect_source(source_id, now)
    text = "## [Two](https://a.example/2) 2026-11-02"
    change(source_id, config={"allow_private": True, "text": text}, body_hash=None)
    collect_source(source_id, now, force=True)
    assert items(source_id)["https://a.example/2"].first_seen == now


def test_it_says_where_to_write_when_nothing_is_written(
    add_source: AddSource, now: datetime
) -> None:
    source_id = add_source("https://a.example/notes.md", kind="manual")
    report = collect_source(source_id, now, fetcher=nothing_is_fetched)
    assert "write the entries into config.text" in report.reason


@pytest.fixture
def uploads(data_dir: Path) -> Path:
    folder = data_dir / "uploads"
    folder.mkdir(parents=True)
    return folder


def test_it_reads_an_uploaded_file(add_source: AddSource, uploads: Path, now: datetime) -> None:
    (uploads / "notes.md").write_bytes(NOTES)
    source_id = add_source("upload:notes.md", kind="manual")
    assert collect_source(source_id, now, fetcher=nothing_is_fetched).new == 2


@pytest.mark.parametrize(
    ("kind", "name", "config"), [("posts", "tweets.js", {}), ("table", "board.csv", CSV)]
)
def test_it_reads_an_upload_for_any_kind(
    add_source: AddSource,
    uploads: Path,
    now: datetime,
    kind: str,
    name: str,
    config: dict[str, object],
) -> None:
    (uploads / name).write_bytes((DATA / name).read_bytes())
    source_id = add_source(f"upload:{name}", kind=kind, config=config)
    assert collect_source(source_id, now, fetcher=nothing_is_fetched).outcome == "new"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../secret_key", "is named like upload:posts.json"),
        ("/etc/passwd", "is named like upload:posts.json"),
        ("..", "is named like upload:posts.json"),
        ("away.md", "cannot be read"),
        ("folder", "cannot be read"),
        ("missing.md", "is not there"),
        ("long.md", "longer than 15 MiB"),
    ],
)
def test_it_reads_no_file_but_those_that_were_uploaded(
    add_source: AddSource, uploads: Path, now: datetime, name: str, reason: str
) -> None:
    (uploads.parent / "secret_key").write_text("## [Secret](https://a.example)")
    (uploads / "away.md").symlink_to(uploads.parent / "secret_key")
    (uploads / "folder").mkdir()
    with (uploads / "long.md").open("wb") as file:
        file.truncate(15 * 2**20 + 1)
    source_id = add_source(f"upload:{name}", kind="manual")
    report = collect_source(source_id, now, fetcher=nothing_is_fetched)
    assert reason in report.reason
    assert row(source_id).failures == 1

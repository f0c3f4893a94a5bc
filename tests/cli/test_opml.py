from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from click.testing import Result

from tests.newsletters.test_opml import OPML

Run = Callable[..., Result]


def test_it_prints_sources_that_load_takes_and_finds_them_again(
    run: Run, report_file: Path, tmp_path: Path
) -> None:
    run("load", str(report_file))
    feeds = tmp_path / "feeds.opml"
    feeds.write_bytes(OPML)
    done = run("opml", str(feeds), "--section", "labs")
    assert done.exit_code == 0, done.stderr
    assert "Left out: Local" in done.stderr
    report_file.write_text(report_file.read_text() + "\n" + done.stdout)
    loaded = run("load", str(report_file))
    assert "sources added: quarry-sons, quarry-sons-2, feed-42" in loaded.stdout
    again = run("opml", str(feeds), "--section", "labs", "--newsletter", "report")
    assert again.stdout == ""
    assert "0 feeds; 3 are read already." in again.stderr


def test_it_says_which_sections_show_feeds(run: Run, report_file: Path, tmp_path: Path) -> None:
    run("load", str(report_file))
    feeds = tmp_path / "feeds.opml"
    feeds.write_bytes(OPML)
    done = run("opml", str(feeds), "--section", "sports")
    assert done.exit_code == 1
    assert "No section 'sports' shows feeds; there are: labs" in done.stderr


def test_it_says_when_the_file_is_no_list(run: Run, report_file: Path) -> None:
    run("load", str(report_file))
    done = run("opml", str(report_file), "--section", "labs")
    assert done.exit_code == 1
    assert "not whole XML" in done.stderr

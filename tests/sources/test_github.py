from __future__ import annotations

import json

import pytest

from service.sources.kinds import BadFeed, Page, Parsed, SourceView
from service.sources.kinds.github import Github
from tests.sources.conftest import DATA

URL = "https://api.github.com/search/repositories?q=topic:agents&sort=stars&per_page=5"


def view(**config: object) -> SourceView:
    return SourceView("trending", "GitHub", URL, config)


def parse(**config: object) -> Parsed:
    return Github().parse([Page((DATA / "search.json").read_bytes(), URL)], view(**config))


def names(parsed: Parsed) -> list[str]:
    assert parsed.snapshot is not None
    return [row["name"] for row in parsed.snapshot.rows]


def test_it_reads_a_repository() -> None:
    snapshot = parse(topics=["code"]).snapshot
    assert snapshot is not None
    assert snapshot.rows[0] == {
        "key": "acme/anchor",
        "name": "acme/anchor",
        "url": "https://github.com/acme/anchor",
        "description": "Keeps agents in place",
        "language": "Rust",
        "stars": 4100,
        "topics": ["code", "agents", "safety"],
    }


def test_it_reads_a_repository_without_description_and_language() -> None:
    snapshot = parse().snapshot
    assert snapshot is not None
    assert (snapshot.rows[1]["description"], snapshot.rows[1]["language"]) == ("", "")


def test_it_passes_over_forks_archives_and_what_has_no_count() -> None:
    parsed = parse()
    assert names(parsed) == ["acme/anchor", "tide/kelp"]
    assert parsed.skipped == (
        "old/harbour is archived",
        "copy/kelp is a fork",
        "a repository without a count of stars (odd/one)",
    )


def test_it_keeps_forks_and_archives_when_asked_to() -> None:
    assert names(parse(forks=True, archived=True))[2:] == ["old/harbour", "copy/kelp"]


def test_it_asks_for_as_many_pages_as_it_may_while_they_are_full() -> None:
    page = Page((DATA / "search.json").read_bytes(), URL)
    assert Github().next_url([page], view()) is None
    following = Github().next_url([page], view(pages=2))
    assert following is not None
    assert following.endswith("&per_page=5&page=2")
    assert Github().next_url([page, page], view(pages=2)) is None
    short = Page(json.dumps({"items": []}).encode(), URL)
    assert Github().next_url([short], view(pages=2)) is None


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b'{"message": "Validation Failed"}', "no search result of GitHub: Validation Failed"),
        (b"[]", "no search result"),
        (b'{"items": []}', "found no repositories"),
    ],
)
def test_it_refuses_what_is_no_search_result(body: bytes, complaint: str) -> None:
    with pytest.raises(BadFeed, match=complaint):
        Github().parse([Page(body, URL)], view())

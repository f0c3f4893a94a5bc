from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from service.sources.collect import collect_source
from service.sources.kinds import BadFeed, Page, Parsed, ParsedItem, SourceView
from service.sources.kinds.posts import Posts
from tests.sources.conftest import DATA, AddSource
from tests.sources.origin import Origin
from tests.sources.test_collect import items

ARCHIVE = (DATA / "tweets.js").read_bytes()
API = (DATA / "posts.json").read_bytes()


def parse(body: bytes, **config: object) -> Parsed:
    view = SourceView("ada", "Ada Verne", "https://files.example/tweets.js", config)
    return Posts().parse([Page(body, view.url)], view)


def archived(**config: object) -> dict[str, ParsedItem]:
    """The items of the archive by the number of their post."""
    found = parse(ARCHIVE, handle="ada_verne", **config).items
    return {item.url.rpartition("/")[2]: item for item in found}


def of_api(body: bytes = API) -> dict[str, ParsedItem]:
    return {item.url.rpartition("/")[2]: item for item in parse(body).items}


def test_it_reads_a_post_of_an_archive() -> None:
    post = archived()["1001"]
    assert post.url == "https://x.com/ada_verne/status/1001"
    assert post.author == "@ada_verne"
    assert post.published_at == datetime(2026, 11, 18, 9, 30, tzinfo=UTC)


def test_it_shows_where_links_lead_and_keeps_mentions_and_lines_plain() -> None:
    assert archived()["1001"].summary == (
        "Our ledger reader is out: https://lab.example/ledger?x=1\n\n"
        "It adds & checks. Thanks @jonas_b!"
    )


def test_it_sets_a_quoted_post_apart() -> None:
    post = archived()["1002"]
    assert post.summary == "It now reads tables too."
    assert post.quoted_author == "@ada_verne"
    assert post.quoted_text.startswith("Our ledger reader is out")


def test_it_collapses_a_post_that_is_said_again_into_the_first() -> None:
    assert set(archived()) == {"1001", "1002"}
    assert "post 1001 is said again later" in parse(ARCHIVE, handle="ada_verne").skipped


def test_it_passes_over_what_is_not_said_here_and_says_so() -> None:
    skipped = parse(ARCHIVE, handle="ada_verne").skipped
    assert "post 1004 repeats somebody else's" in skipped
    assert "post 1005 answers somebody else" in skipped
    assert "a post without a text" in skipped


def test_it_keeps_answers_when_told_to() -> None:
    assert archived(replies=True)["1005"].summary == "@lena_v Yes, on Friday."


def test_it_reads_the_whole_of_a_long_post_with_what_it_quotes() -> None:
    post = of_api()["2001"]
    assert post.summary == (
        "Three things that I learnt about caches, at length: https://blog.example/caches"
    )
    assert (post.author, post.quoted_author) == ("Lena Voss (@lena_v)", "Tomas Rey (@tomas)")
    assert post.quoted_text == "Caches forget <everything>."


def test_it_keeps_the_thread_of_an_author_and_drops_reposts() -> None:
    assert set(of_api()) == {"2001", "2003", "2004"}


def test_it_leaves_a_short_link_whose_end_the_export_does_not_say() -> None:
    post = of_api()["2004"]
    assert post.summary == "What is this? https://t.co/un"
    assert post.published_at is None


def test_it_takes_the_newest_300() -> None:
    posts = [
        {
            "id": str(n),
            "text": f"Post {n}",
            "created_at": f"2026-11-{1 + n // 24:02}T{n % 24:02}:00:00Z",
        }
        for n in range(310)
    ]
    parsed = parse(json.dumps({"data": posts}).encode())
    assert len(parsed.items) == 300
    assert "Post 9" not in {item.title for item in parsed.items}
    assert "10 posts before the newest 300" in parsed.skipped


@pytest.mark.parametrize(
    "body", [b'{"meta": {"result_count": 0}}', b"window.YTD.tweets.part0 = []"]
)
def test_it_takes_an_export_without_posts_for_no_posts(body: bytes) -> None:
    assert parse(body) == Parsed()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b"<!doctype html>", "web page where JSON"),
        (b"window.YTD.tweets.part0 = [{", "not whole JSON"),
        (b'{"title": "Unauthorized", "detail": "Unauthorized"}', "no export of posts: Unauth"),
    ],
)
def test_it_says_why_an_answer_is_no_export(body: bytes, reason: str) -> None:
    with pytest.raises(BadFeed, match=reason):
        parse(body)


def test_it_stores_what_is_quoted_and_asks_no_shortener(
    origin: Origin, add_source: AddSource, now: datetime
) -> None:
    source_id = add_source(origin.feed("/posts.json", API), kind="posts")
    assert collect_source(source_id, now).new == 3
    stored = {item.author: item for item in items(source_id).values() if item.quoted_text}
    assert stored["Lena Voss (@lena_v)"].quoted_author == "Tomas Rey (@tomas)"
    assert [request.path for request in origin.requests] == ["/posts.json"]

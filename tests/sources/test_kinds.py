"""What holds for every kind."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.sources.kinds import KINDS, BadFeed, BadSource, Page, SourceView, check_config
from tests.sources.conftest import DATA
from tests.sources.test_page import CARDS
from tests.sources.test_table import BOARD, CSV

ANY_PAGE = {"item": "*", "title": "*", "link": "*", "summary": "*", "date": "*"}
CONFIGS: dict[str, list[dict[str, Any]]] = {"table": [BOARD, CSV], "page": [CARDS, ANY_PAGE]}
WHOLE = [path.read_bytes() for path in sorted(DATA.iterdir())]

# Whole answers with a piece cut out or put in, which reach further into a parser than noise does.
damaged = st.builds(
    lambda whole, start, length, piece: whole[:start] + piece + whole[start + length :],
    st.sampled_from(WHOLE),
    st.integers(0, 3000),
    st.integers(0, 300),
    st.binary(max_size=12) | st.sampled_from([b"<![CDATA[", b"<!DOCTYPE", b"&#xD800;", b"]]>"]),
)


@settings(deadline=None)
@given(
    st.sampled_from(sorted(KINDS)),
    st.binary(max_size=300) | damaged,
    st.sampled_from(["", "text/xml", "text/xml; charset=utf-16", "text/html; charset=no-such"]),
)
@example("feed", b"<rss><channel><item><pubDate>9999999999999</pubDate><title>x", "")
def test_it_reads_any_bytes_or_says_why_not(kind: str, body: bytes, content_type: str) -> None:
    for config in CONFIGS.get(kind, [{}]):
        view = SourceView("any", "Any", "https://any.example/feed", config)
        page = Page(body, view.url, content_type)
        try:
            KINDS[kind].next_url([page], view)
            parsed = KINDS[kind].parse([page], view)
        except BadFeed:
            continue
        for item in parsed.items:
            assert item.title
            assert item.url.startswith(("http://", "https://"))
        assert_storable([dataclasses.asdict(item) for item in parsed.items])
        assert_storable(parsed.snapshot.rows if parsed.snapshot else ())


def assert_storable(value: object) -> None:
    """Both databases take it: JSON without NaN, text without NUL and lone surrogates."""
    text = json.dumps(value, allow_nan=False, ensure_ascii=False, default=str)
    assert "\\u0000" not in text
    text.encode()


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("feed", {}),
        ("feed", {"topics": ["a"], "allow_private": True}),
        ("arxiv", {"primary_only": ["cs.LG"]}),
        ("table", {**BOARD, "header_env": {"x-api-key": "INDEX_KEY"}}),
        ("github", {"pages": 3}),
        ("page", {"item": "article", "title": "h2"}),
        ("posts", {"handle": "ada_verne", "replies": True}),
        ("manual", {"text": "## [A](https://a.example)"}),
    ],
)
def test_it_accepts_a_config_of_the_kind(kind: str, config: dict[str, Any]) -> None:
    check_config(kind, config)


@pytest.mark.parametrize(
    ("kind", "config", "complaint"),
    [
        ("gopher", {}, "no kind of source called 'gopher'; use feed, arxiv, table, github"),
        ("feed", {"topic": ["a"]}, "config.topic"),
        ("feed", {"header_env": "KEY"}, "config.header_env"),
        ("table", {}, "config.columns is missing; add it"),
        ("github", {"pages": 11}, "config.pages"),
    ],
)
def test_it_names_the_field_of_a_config_that_is_wrong(
    kind: str, config: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(BadSource, match=complaint):
        check_config(kind, config)

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.newsletters.opml import BadOpml, Feed, as_toml, describe, read_opml

OPML = b"""<?xml version="1.0" encoding="UTF-8"?>
<opml version="2.0"><head><title>Mine</title></head><body>
<outline text="Labs"><outline text="Quarry &amp; Sons" type="rss" xmlUrl="https://quarry.example/feed"/>
<outline text="ignored" title="Quarry &amp; Sons" xmlUrl="https://quarry.example/atom"/></outline>
<outline text="42" XMLURL="https://42.example/feed"/>
<outline text="Again" xmlUrl="https://quarry.example/feed"/>
<outline text="A bookmark" htmlUrl="https://page.example/"/>
<outline text="Local" xmlUrl="file:///etc/passwd"/>
</body></opml>"""


def test_it_finds_the_feeds_of_every_group_once() -> None:
    assert read_opml(OPML) == [
        Feed("Quarry & Sons", "https://quarry.example/feed"),
        Feed("Quarry & Sons", "https://quarry.example/atom"),
        Feed("42", "https://42.example/feed"),
        Feed("Local", "file:///etc/passwd"),
    ]


def test_it_gives_each_a_slug_of_its_own() -> None:
    sources = describe(read_opml(OPML), "labs", taken=["quarry-sons"]).sources
    assert [source.slug for source in sources] == ["quarry-sons-2", "quarry-sons-3", "feed-42"]


def test_it_leaves_out_what_is_no_address_of_the_web_and_says_so() -> None:
    (reason,) = describe(read_opml(OPML), "labs", taken=[]).skipped
    assert reason.startswith("Local (file:///etc/passwd): must be an address")


def test_it_prints_what_load_reads() -> None:
    sources = describe(read_opml(OPML), "labs", taken=[]).sources
    assert tomllib.loads(as_toml(sources))["sources"][0] == {
        "slug": "quarry-sons",
        "kind": "feed",
        "name": "Quarry & Sons",
        "url": "https://quarry.example/feed",
        "section": "labs",
    }


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b"", "not whole XML"),
        (OPML[:200], "not whole XML"),
        (b"<rss><outline xmlUrl='https://a.example'/></rss>", "no OPML: it begins with <rss>"),
        (b"<opml><body><outline text='A'/></body></opml>", "names no feed"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><opml>&b;</opml>', "document type"),
        (b"<opml>" + b" " * 5 * 2**20, "longer than 5 MiB"),
    ],
    ids=["empty", "cut", "rss", "no feeds", "doctype", "long"],
)
def test_it_says_why_a_file_is_no_list_of_feeds(document: bytes, reason: str) -> None:
    with pytest.raises(BadOpml, match=reason):
        read_opml(document)


@given(
    st.lists(
        st.builds(Feed, st.text(max_size=80), st.text(max_size=40) | st.just("https://a.example"))
    )
)
def test_it_prints_sound_toml_whatever_the_names(feeds: list[Feed]) -> None:
    sources = describe(feeds, "labs", taken=[]).sources
    read = tomllib.loads(as_toml(sources)).get("sources", [])
    assert [source["slug"] for source in read] == [source.slug for source in sources]
    assert len({source["slug"] for source in read}) == len(read)


@given(st.binary(max_size=300))
def test_it_reads_any_bytes_or_says_why_not(document: bytes) -> None:
    with pytest.raises(BadOpml):
        read_opml(b"\x00" + document)

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from service.sources.kinds import BadFeed, Page, Parsed, SourceView
from service.sources.kinds.feed import Feed
from tests.sources.conftest import DATA

URL = "https://acme.example/feed"


def parse(body: bytes, content_type: str = "", **config: object) -> Parsed:
    view = SourceView("acme", "Acme", URL, config)
    return Feed().parse([Page(body, URL, content_type)], view)


def rss(items: str, encoding: str = "UTF-8") -> str:
    return (
        f'<?xml version="1.0" encoding="{encoding}"?><rss version="2.0"><channel>'
        f"<title>T</title>{items}</channel></rss>"
    )


def entry(number: int, title: str = "Title") -> str:
    return f"<item><title>{title} {number}</title><link>https://acme.example/{number}</link></item>"


def test_it_reads_an_entry_of_rss() -> None:
    first = parse((DATA / "rss.xml").read_bytes()).items[0]
    assert first.identity == "acme-2026-117"
    assert first.url == "https://acme.example/posts/ponder-3?utm_source=rss&utm_medium=feed"
    assert first.title == "Ponder 3 reads a whole library at once"
    assert first.summary == "It keeps two million tokens in mind.\n\nWeights follow."
    assert first.author == "Ines Caldera"
    assert first.topics == ("models", "long context")
    assert first.published_at == datetime(2026, 11, 20, 5, 30, tzinfo=UTC)


def test_it_makes_links_absolute_and_knows_an_entry_without_guid_by_its_link() -> None:
    second = parse((DATA / "rss.xml").read_bytes()).items[1]
    assert second.url == "https://acme.example/posts/switches"
    assert second.identity == second.url
    assert second.title == "AT&T tests List<String> on its switches"
    assert second.published_at == datetime(2026, 11, 19, 22, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "feed",
    [
        b"<rss><channel><item><guid>117</guid><title>T</title><link>/t</link></item></channel></rss>",
        b'<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>117</id><title>T</title>'
        b'<link href="/t"/></entry></feed>',
    ],
    ids=["rss", "atom"],
)
def test_it_knows_an_entry_by_its_plain_guid_wherever_the_feed_is(feed: bytes) -> None:
    (item,) = parse(feed).items
    assert (item.identity, item.url) == ("117", "https://acme.example/t")


def test_it_passes_over_a_bad_entry_and_keeps_its_feed() -> None:
    parsed = parse((DATA / "rss.xml").read_bytes())
    assert [item.identity for item in parsed.items][-1] == "acme-2026-113"
    assert parsed.skipped == (
        "an entry without a link to the web (A door that must not open)",
        "an entry without a title (https://acme.example/posts/untitled)",
    )


def test_it_takes_the_first_words_of_an_untitled_note_for_its_title() -> None:
    last = parse((DATA / "rss.xml").read_bytes()).items[-1]
    assert last.title == "A note without a title, told in its first line."


def test_it_reads_atom() -> None:
    first, second = parse((DATA / "atom.xml").read_bytes()).items
    assert first.title == "A smaller tokenizer"
    assert first.url == "https://lab.example/notes/tokenizer"
    assert first.summary == "Half the size\n\nSame loss"
    assert first.author == "Bo Lindqvist"
    assert first.published_at == datetime(2026, 11, 18, 7, 0, tzinfo=UTC)
    assert second.published_at == datetime(2026, 11, 17, 12, 0, tzinfo=UTC)


def test_it_reads_json_feed() -> None:
    parsed = parse((DATA / "feed.json").read_bytes(), "application/feed+json")
    first, second = parsed.items
    assert first.title == "Routing & batching, measured"
    assert first.summary == "First.\n\nSecond."
    assert first.author == "Mio Tanaka, Ada Obi"
    assert first.topics == ("inference", "serving")
    assert first.published_at == datetime(2026, 11, 19, 13, 15, tzinfo=UTC)
    assert (second.identity, second.summary, second.published_at) == ("6", "1 < 2", None)
    assert parsed.skipped == ("an entry that is not an object",)


def test_it_puts_a_sources_own_topics_first() -> None:
    parsed = parse((DATA / "feed.json").read_bytes(), topics=["labs", "serving"])
    assert parsed.items[0].topics == ("labs", "serving", "inference")


def test_it_reads_latin_1_as_the_feed_declares_it() -> None:
    body = rss(entry(1, "Café Zürich"), "ISO-8859-1").encode("latin-1")
    assert parse(body).items[0].title == "Café Zürich 1"


def test_it_reads_latin_1_as_the_server_declares_it() -> None:
    body = rss(entry(1, "Café Zürich")).replace(' encoding="UTF-8"', "").encode("latin-1")
    parsed = parse(body, "application/rss+xml; charset=ISO-8859-1")
    assert parsed.items[0].title == "Café Zürich 1"


def test_it_reads_at_most_300_entries_and_says_so() -> None:
    parsed = parse(rss("".join(entry(number) for number in range(302))).encode())
    assert len(parsed.items) == 300
    assert parsed.skipped == ("2 entries after the first 300",)


def test_it_keeps_300_whole_entries_of_a_long_feed_that_was_cut() -> None:
    whole = rss("".join(entry(number) for number in range(302))).partition("</channel>")[0]
    parsed = parse((whole + "<item><title>Half").encode())
    assert [item.title for item in parsed.items] == [f"Title {n}" for n in range(300)]
    assert parsed.damage == "The feed was cut off; 300 whole entries were kept."


def test_it_takes_a_feed_without_entries_for_a_quiet_day() -> None:
    assert parse(rss("").encode()) == Parsed()


@pytest.mark.parametrize("cut", ["<item><title>Half a ti", "<item><title>Whole</title><li"])
def test_it_keeps_the_whole_entries_of_a_feed_that_was_cut(cut: str) -> None:
    whole = rss(entry(1) + entry(2)).partition("</channel>")[0]
    parsed = parse((whole + cut).encode())
    assert [item.title for item in parsed.items] == ["Title 1", "Title 2"]
    assert parsed.damage == "The feed was cut off; 2 whole entries were kept."


def test_it_refuses_a_feed_that_was_cut_before_its_first_entry_ended() -> None:
    with pytest.raises(BadFeed, match="cut off before its first entry"):
        parse(rss(entry(1)).partition("</link>")[0].encode())


def test_it_keeps_all_of_a_feed_that_is_only_written_badly() -> None:
    parsed = parse(rss(entry(1) + entry(2, "Fish & chips")).encode())
    assert [item.title for item in parsed.items] == ["Title 1", "Fish & chips 2"]
    assert parsed.damage == ""


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"", "The answer is empty"),
        (b" \r\n ", "The answer is empty"),
        (b"<!DOCTYPE html><html><body>Log in</body></html>", "web page where a feed should be"),
        (b"\xef\xbb\xbf\n<HTML><head></head></HTML>", "web page where a feed should be"),
        (b"<html><body><p>cut", "web page where a feed should be"),
        (b"just words", "neither RSS nor Atom nor JSON Feed"),
        (b"\x89PNG\r\n\x1a\n\0\0", "neither RSS nor Atom nor JSON Feed"),
        (b"<?xml version='1.0'?><urlset/>", "neither RSS nor Atom nor JSON Feed"),
        (b'{"items": []}', "no JSON Feed"),
        (b'{"version": "https://jsonfeed.org/version/1"}', "no list of 'items'"),
        (b'{"version": "https://jsonfeed.org/version/1", "items": [{"id"', "not whole JSON"),
        (b'{"a":' * 100_000, "nested too deeply"),
    ],
)
def test_it_refuses_what_is_no_feed_and_says_why(body: bytes, complaint: str) -> None:
    with pytest.raises(BadFeed, match=complaint):
        parse(body)


@pytest.mark.parametrize("title", ["Up &#55357;&#56832;", "Up &#xD83D;&#XDE00;", "Up &#0;"])
def test_it_keeps_a_feed_that_names_characters_there_are_none_of(title: str) -> None:
    parsed = parse(rss(entry(1, title) + entry(2, "&#8364;")).encode())
    assert [item.title for item in parsed.items] == ["Up 1", "€ 2"]


def test_it_does_not_expand_a_bomb_of_entities() -> None:
    levels = "".join(
        f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' if n else '<!ENTITY l0 "ha">' for n in range(9)
    )
    body = f"<!DOCTYPE rss [{levels}]>" + rss(entry(1, "&l8;")).partition("?>")[2]
    assert len(parse(body.encode()).items[0].title) <= 300


def test_it_opens_no_file_of_which_the_answer_is_the_name() -> None:
    with pytest.raises(BadFeed, match="neither RSS nor Atom"):
        parse(str(DATA / "rss.xml").encode())


def test_it_opens_no_file_that_a_feed_names() -> None:
    doctype = '<!DOCTYPE rss [<!ENTITY secret SYSTEM "file:///etc/hostname">]>'
    body = doctype + rss(entry(1, "&secret;")).partition("?>")[2]
    assert parse(body.encode()).items[0].title in {"1", "&secret; 1"}

"""What a post's text links to: profiles of its own network and addresses, nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.models.document import Post, Section
from service.rendering.filters import printable
from service.rendering.issue import FULLEST, Parts, render_issue
from service.rendering.posts import post_lines
from tests.message.texts import TEXT
from tests.rendering.html import Page
from tests.rendering.samples import NONCE, sample_document, sample_identity

ON_X = "https://x.com/ada/status/1"


def links(text: str, url: str = ON_X) -> list[tuple[str, str]]:
    return [(span.text, span.href) for line in post_lines(text, url) for span in line if span.href]


@pytest.mark.parametrize(
    ("text", "handles"),
    [
        ("@ada is right", ["ada"]),
        ("ask @ada_l, @Bob2: both", ["ada_l", "Bob2"]),
        ("(@ada)", ["ada"]),
        ("“@ada”", ["ada"]),
        (".@ada says", ["ada"]),
        ("ada@example.org", []),
        ("a@@ada", []),
        ("@", []),
        ("@" + "a" * 16, []),
        ("@café", []),
        ("https://a.example/@ada", []),
    ],
)
def test_it_links_a_mention_to_the_profile_page(text: str, handles: list[str]) -> None:
    found = [link for link in links(text) if link[0].startswith("@")]
    assert found == [(f"@{handle}", f"https://x.com/{handle}") for handle in handles]


@pytest.mark.parametrize(
    "url", ["https://twitter.com/a/status/1", "https://www.x.com/a", "https://mobile.twitter.com/a"]
)
def test_it_knows_the_network_by_the_posts_own_address(url: str) -> None:
    assert links("@ada", url) == [("@ada", "https://x.com/ada")]


@pytest.mark.parametrize(
    "url", ["", "https://social.example/ada/1", "https://x.com.evil.example/a", "http://[", "x.com"]
)
def test_it_leaves_a_mention_alone_where_the_network_is_not_known(url: str) -> None:
    assert links("@ada", url) == []


@pytest.mark.parametrize(
    ("text", "href"),
    [
        ("see https://a.example/b?c=1&d=2 now", "https://a.example/b?c=1&d=2"),
        ("see https://a.example/b.", "https://a.example/b"),
        ("(https://a.example/b)", "https://a.example/b"),
        ("https://a.example/b_(c)", "https://a.example/b_(c)"),
        ("https://a.example/@ada", "https://a.example/@ada"),
    ],
)
def test_it_links_an_address_without_the_marks_around_it(text: str, href: str) -> None:
    assert links(text) == [(href, href)]


def test_it_keeps_line_ends_and_one_blank_line_between_paragraphs() -> None:
    lines = post_lines("one\ntwo\r\n\n \n\nthree\n", ON_X)
    assert ["".join(span.text for span in line) for line in lines] == ["one", "two", "", "three"]


@given(TEXT, st.sampled_from([ON_X, ""]))
def test_it_loses_no_word_of_any_text(text: str, url: str) -> None:
    shown = " ".join("".join(span.text for span in line) for line in post_lines(text, url))
    assert shown.split() == printable(text).split()
    for line in post_lines(text, url):
        assert all(
            span.href == "" or span.href.startswith(("https://", "http://")) for span in line
        )


def rendered() -> Parts:
    spec = next(s.spec for s in sample_document().sections if s.spec.kind == "posts")
    post = Post(
        author="Ada (@ada)",
        text="As @bob said\n\nsee https://a.example/long",
        quoted_author="Cleo",
        quoted_text="@dora asked",
        url=ON_X,
        published_at=datetime(2026, 4, 26, 20, tzinfo=UTC),
    )
    document = sample_document().model_copy(
        update={"sections": (Section(spec=spec, entries=(post,)),)}
    )
    return render_issue(document, FULLEST, sample_identity(), NONCE)


def test_it_links_mentions_of_a_post_and_of_what_it_quotes() -> None:
    html = rendered().html
    assert html is not None
    page = Page(html)
    for href in ("https://x.com/bob", "https://x.com/dora", "https://a.example/long"):
        assert href in page.links
    assert "As @bob said" in page.words


def test_it_leaves_the_text_part_plain() -> None:
    text = rendered().text
    assert "  As @bob said" in text
    assert "x.com/bob" not in text

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from service.audience.choices import Wanted
from service.message.mail import Mail
from service.message.slots import mark
from service.models import MailFormat
from service.models.document import AnyEntry, Document, Headline, Section, TableEntry
from service.rendering.issue import FULLEST, Parts, choose, render_issue
from tests.rendering.html import Page
from tests.rendering.samples import NONCE, sample_document, sample_identity

TEXT_ONLY = Wanted(MailFormat.TEXT)


def rendered(document: Document, wanted: Wanted = FULLEST) -> Parts:
    return render_issue(document, wanted, sample_identity(), NONCE)


def html_of(document: Document, wanted: Wanted = FULLEST) -> str:
    html = rendered(document, wanted).html
    assert html is not None
    return html


def with_entries(slug: str, *entries: AnyEntry) -> Document:
    """The sample with *entries* in section *slug* and nothing else in it."""
    document = sample_document()
    (spec,) = (section.spec for section in document.sections if section.spec.slug == slug)
    return document.model_copy(update={"sections": (Section(spec=spec, entries=entries),)})


def headline(title: str = "A title", url: str = "https://a.example/1") -> Headline:
    return Headline(
        title=title, url=url, source="Lab", published_at=datetime(2026, 4, 27, 5, tzinfo=UTC)
    )


def test_it_keeps_the_order_and_the_wording_of_the_sections() -> None:
    assert Page(html_of(sample_document())).headings == [
        "AI Labs",
        "From the Wire",
        "Research Papers",
        *(entry.title for entry in sample_document().sections[2].entries if entry.kind == "paper"),
        "Benchmarks",
        "Artificial Analysis",
        "SWE-rebench",
        "Trending",
        "Posts",
    ]


def test_it_begins_with_title_date_editorial_and_byline() -> None:
    words = Page(html_of(sample_document())).words
    found = [
        words.index(part)
        for part in (
            "View in browser",
            "The Inference Report",
            "April 27, 2026",
            "The most useful number",
            "Mara Lindqvist",
            "AI Labs",
        )
    ]
    assert found == sorted(found)


def test_it_opens_with_the_preheader_in_ink_and_hidden() -> None:
    page = Page(html_of(sample_document()))
    assert page.words.startswith("Cheaper evaluations, models that stop thinking in time")
    hidden = next(given for tag, given in page.tags if "display:none" in (given.get("style") or ""))
    assert f"color:{sample_identity().theme.light.ink}" in (hidden["style"] or "")


@pytest.mark.parametrize("label", ["All labs", "All feeds", "All papers", "Full tables"])
def test_it_links_each_section_to_its_full_page(label: str) -> None:
    parts = rendered(sample_document())
    assert parts.html is not None
    assert label in Page(parts.html).words
    assert f"{label}: https://news.example.org/n/inference/" in parts.text


def test_it_links_every_entry_in_html_and_in_text() -> None:
    parts = rendered(sample_document())
    assert parts.html is not None
    links = Page(parts.html).links
    for section in sample_document().sections:
        for entry in section.entries:
            assert entry.url in links
            assert entry.url in parts.text


def test_it_sets_benchmarks_as_tables_with_headers_of_columns_and_rows() -> None:
    page = Page(html_of(sample_document()))
    scopes = [given.get("scope") for tag, given in page.tags if tag == "th"]
    assert scopes == ["col"] * 5 + ["row"] * 5 + ["col"] * 3 + ["row"] * 5
    assert "# Model Score tok/s $/1M" in page.words
    assert "3 Northlight Pro 3.1 Preview 57 135 $4.50" in page.words
    assert "# Model Score 1 Halcyon Opus 4 65.3%" in page.words


def test_it_shows_a_missing_figure_as_a_dash_and_never_as_nothing() -> None:
    parts = rendered(sample_document())
    assert parts.html is not None
    assert "5 Juniper Large 51.6 \N{EN DASH} $2.80" in Page(parts.html).words
    assert "\N{EN DASH}   $2.80" in parts.text


def test_it_aligns_tables_in_the_text_part() -> None:
    text = rendered(sample_document()).text
    assert (
        "#  Model                       Score  tok/s    $/1M\n"
        "1  Meridian 5.5                 60.2     84  $11.25\n"
    ) in text


@pytest.mark.parametrize(("slug", "words"), [("labs", "No lab headlines.")])
def test_it_says_that_a_section_is_empty(slug: str, words: str) -> None:
    parts = rendered(with_entries(slug))
    assert parts.html is not None
    assert words in Page(parts.html).words
    assert words in parts.text


def test_it_says_that_a_table_is_empty() -> None:
    table = TableEntry(name="Index", columns=(), rows=(), empty="No benchmark data.")
    parts = rendered(with_entries("benchmarks", table))
    assert parts.html is not None
    assert "Index No benchmark data." in Page(parts.html).words
    assert "Index\n\nNo benchmark data." in parts.text


def test_it_leaves_out_a_section_that_has_nothing_to_say() -> None:
    assert "Trending" not in html_of(with_entries("trending"))


def test_it_tells_who_sends_why_and_how_to_leave() -> None:
    parts = rendered(sample_document())
    assert parts.html is not None
    page = Page(parts.html)
    for words in (page.words, " ".join(parts.text.split())):
        assert "You get this because you subscribed" in words
        assert "12 Quayside Lane" in words
    for name in ("unsubscribeUrl", "preferencesUrl"):
        assert mark(NONCE, name) in page.links
        assert mark(NONCE, name) in parts.text
    assert "https://news.example.org/n/inference/issues/117" in page.links


def test_it_has_exactly_the_slots_that_delivery_fills() -> None:
    parts = rendered(sample_document())
    mail = Mail.of(NONCE, parts.subject, parts.html, parts.text)
    assert mail.names == {"unsubscribeUrl", "preferencesUrl"}


def test_it_leaves_other_sentinels_and_braces_of_feed_text_alone() -> None:
    spoof = f"{mark('0000aaaa', 'unsubscribeUrl')} {{{{ unsubscribeUrl }}}} {{% raw %}}"
    parts = rendered(with_entries("labs", headline(spoof)))
    filled = Mail.of(NONCE, parts.subject, parts.html, parts.text).fill(
        {"unsubscribeUrl": "https://a.example/secret", "preferencesUrl": "https://a.example/p"}
    )
    assert filled.html is not None
    assert spoof in Page(filled.html).words
    assert spoof in " ".join(filled.text.split())


def test_it_shows_markup_of_a_title_as_text() -> None:
    html = html_of(with_entries("labs", headline("<script>alert(1)</script> & </mj-text>")))
    assert "<script>alert(1)</script> & </mj-text>" in Page(html).words
    assert Page(html).faults == []


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "", "/relative", "http://[broken", "ftp://a"]
)
def test_it_makes_no_link_of_what_is_no_web_address(url: str) -> None:
    parts = rendered(with_entries("labs", headline("Here it stands", url)))
    assert parts.html is not None
    page = Page(parts.html)
    assert page.faults == []
    assert "Here it stands" in page.words
    assert all("news.example.org" in link or "SLOT" in link for link in page.links)


def test_it_tells_clients_that_it_has_both_light_and_dark() -> None:
    html = html_of(sample_document())
    metas = [given for tag, given in Page(html).tags if tag == "meta"]
    for name in ("color-scheme", "supported-color-schemes"):
        assert {"name": name, "content": "light dark"} in metas
    assert "prefers-color-scheme: dark" in html
    assert "[data-ogsc]" in html


def test_it_keeps_rules_that_a_client_may_not_know_in_blocks_of_their_own() -> None:
    """A client that meets one drops the whole block (Gmail at ``@media``, others at ``[…]``)."""
    blocks = re.findall(r"<style[^>]*>(.*?)</style>", html_of(sample_document()), re.DOTALL)
    for outlook in (block for block in blocks if "[data-ogs" in block):
        assert "@media" not in outlook
        assert "prefers-color-scheme" not in outlook
    assert any("[data-ogsc] .mu" in block for block in blocks)
    dark = [block for block in blocks if "prefers-color-scheme: dark" in block]
    assert len(dark) == 1
    assert ".np" not in dark[0], "a phone's rules would go with those of the dark"


def test_it_keeps_the_first_lines_of_the_mail_out_of_the_preheader() -> None:
    hidden = html_of(sample_document()).partition("display:none")[2].partition("</div>")[0]
    assert len(re.findall("&#847;|\u034f", hidden)) >= 40


def test_it_calls_a_table_layout_only_where_it_holds_no_data() -> None:
    for role, inside in _tables(html_of(sample_document())):
        assert (role == "presentation") == ("<th" not in inside), inside[:200]


def _tables(html: str) -> list[tuple[str, str]]:
    """Role and content of each table that holds no other one."""
    innermost = re.findall(r"<table\b([^>]*)>((?:(?!<table\b).)*?)</table>", html, re.DOTALL)
    return [
        ("presentation" if 'role="presentation"' in tag else "", inside)
        for tag, inside in innermost
    ]


def test_it_says_its_language_and_direction() -> None:
    html = html_of(sample_document())
    assert '<html lang="en" dir="ltr"' in html


@pytest.mark.parametrize(
    ("language", "direction"), [("ar", "rtl"), ("he-IL", "rtl"), ("de", "ltr")]
)
def test_it_runs_as_its_language_is_read(language: str, direction: str) -> None:
    identity = replace(sample_identity(), language=language)
    html = render_issue(sample_document(), FULLEST, identity, NONCE).html or ""
    assert f'<html lang="{language}" dir="{direction}"' in html


def test_it_loads_nothing_from_elsewhere() -> None:
    page = Page(html_of(sample_document()))
    assert [tag for tag, _ in page.tags if tag in ("img", "link", "script")] == []


def test_it_stays_far_below_the_clip_on_a_full_day() -> None:
    assert len(html_of(sample_document()).encode()) < 70_000


def test_it_leaves_no_mjml_behind() -> None:
    assert "<mj-" not in html_of(sample_document())


def test_it_says_when_the_editorial_is_a_machines_draft() -> None:
    drafted = sample_document().model_copy(update={"editorial_origin": "ai"})
    parts = rendered(drafted)
    assert parts.html is not None
    assert "Drafted by a language model" in Page(parts.html).words
    assert "Drafted by a language model" in parts.text
    assert "Drafted by a language model" not in html_of(sample_document())


def test_it_gives_readers_of_text_no_html() -> None:
    parts = rendered(sample_document(), TEXT_ONLY)
    assert parts.html is None
    assert "AI LABS" in parts.text


def test_it_wraps_the_text_part() -> None:
    lines = rendered(sample_document()).text.splitlines()
    assert [line for line in lines if len(line) > 72 and "http" not in line] == []


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("weekly", "The week to May 1, 2026"),
        ("manual", "The Inference Report"),
    ],
)
def test_it_renders_every_kind_of_issue(kind: str, line: str) -> None:
    document = sample_document(kind)
    parts = rendered(document)
    assert parts.html is not None
    assert line in Page(parts.html).words
    assert line in parts.text
    assert parts.subject == document.subject
    assert Page(parts.html).faults == []


def test_it_gives_the_same_bytes_for_the_same_document() -> None:
    assert rendered(sample_document()) == rendered(sample_document())


class TestChoosing:
    def slugs(self, wanted: Wanted) -> list[str]:
        return [section.spec.slug for section in choose(sample_document(), wanted).sections]

    def test_it_gives_all_sections_when_none_was_chosen(self) -> None:
        assert self.slugs(FULLEST) == [
            "labs",
            "wire",
            "papers",
            "benchmarks",
            "trending",
            "posts",
        ]

    def test_it_gives_only_the_chosen_sections_in_the_issues_order(self) -> None:
        assert self.slugs(Wanted(sections=("papers", "labs"))) == ["labs", "papers"]

    def test_it_keeps_a_section_that_may_not_be_switched_off(self) -> None:
        document = sample_document()
        first = document.sections[0]
        fixed = first.model_copy(update={"spec": first.spec.model_copy(update={"optional": False})})
        document = document.model_copy(update={"sections": (fixed, *document.sections[1:])})
        chosen = choose(document, Wanted(sections=("wire",)))
        assert [section.spec.slug for section in chosen.sections] == ["labs", "wire"]

    def test_it_filters_papers_by_topic_and_says_so_in_the_heading(self) -> None:
        chosen = choose(sample_document(), Wanted(topics=("cs.CL",)))
        papers = chosen.sections[2]
        assert papers.spec.heading == "Research Papers — Focused"
        assert all("cs.CL" in entry.topics for entry in papers.entries)
        assert len(papers.entries) == 2

    def test_it_lets_a_topic_leave_other_sections_as_they_are(self) -> None:
        chosen = choose(sample_document(), Wanted(topics=("cs.CL",)))
        assert chosen.sections[0] == choose(sample_document(), FULLEST).sections[0]

    def test_it_lets_topics_of_other_sections_leave_papers_as_they_are(self) -> None:
        chosen = choose(sample_document(), Wanted(topics=("gardening",)))
        assert chosen.sections[2].spec.heading == "Research Papers"
        assert len(chosen.sections[2].entries) == 6

    def test_it_filters_the_pool_before_it_cuts_to_the_limit(self) -> None:
        document = sample_document()
        papers = document.sections[2]
        one = papers.spec.model_copy(update={"limit": 1})
        document = document.model_copy(
            update={"sections": (Section(spec=one, entries=papers.entries),)}
        )
        (section,) = choose(document, Wanted(topics=("math.OC",))).sections
        assert [entry.url for entry in section.entries] == ["https://arxiv.example/abs/2604.10006"]

    def test_it_cuts_the_rows_of_each_table(self) -> None:
        document = sample_document()
        tables = document.sections[3]
        spec = tables.spec.model_copy(update={"limit": 2})
        document = document.model_copy(
            update={"sections": (Section(spec=spec, entries=tables.entries),)}
        )
        (section,) = choose(document, FULLEST).sections
        rows = [len(entry.rows) for entry in section.entries if isinstance(entry, TableEntry)]
        assert rows == [2, 2]


def test_it_says_whose_clock_its_times_are_of() -> None:
    parts = rendered(sample_document())
    assert "Times are those of London." in (parts.html or "")
    assert "Times are those of London." in parts.text

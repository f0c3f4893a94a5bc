"""Whatever a feed or an editor brings: it renders, nothing in it acts, and it stays small."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from service.message.mail import Mail
from service.message.slots import mark
from service.models.document import (
    AnyEntry,
    Column,
    Document,
    Headline,
    Paper,
    Post,
    Repository,
    Section,
    TableEntry,
    TableRow,
)
from service.rendering.issue import FULLEST, render_issue
from tests.message.texts import TEXT
from tests.rendering.html import Page
from tests.rendering.samples import NONCE, sample_document, sample_identity
from tests.rendering.test_latex import SOURCE
from tests.rendering.test_markdown import MARKDOWN

WHEN = datetime(2026, 4, 26, 20, tzinfo=UTC)
HOSTILE = st.sampled_from(
    ["</mj-text>", "<!--", "-->", "]]>", "<mj-raw>", '" onclick="x', "'><script>", "&lt;script&gt;"]
)
ANY = st.one_of(TEXT, SOURCE, HOSTILE)
URL = st.one_of(st.just("https://a.example/?a=1&b=2"), ANY, ANY.map("https://a.example/".__add__))


@st.composite
def entries(draw: st.DrawFn) -> dict[str, AnyEntry]:
    return {
        "labs": Headline(title=draw(ANY), url=draw(URL), source=draw(ANY), published_at=WHEN),
        "papers": Paper(
            title=draw(ANY),
            url=draw(URL),
            category=draw(ANY),
            abstract=draw(ANY),
            published_at=WHEN,
        ),
        "benchmarks": TableEntry(
            name=draw(ANY),
            measure=draw(ANY),
            columns=(Column(key="a", label=draw(ANY)), Column(key="b", label="b", numeric=True)),
            rows=(
                TableRow(cells=(draw(ANY), draw(ANY), draw(ANY)), change=draw(ANY)),
                TableRow(cells=()),
            ),
            attribution=draw(ANY),
            url=draw(URL),
        ),
        "trending": Repository(name=draw(ANY), url=draw(URL), description=draw(ANY), stars=3),
        "posts": Post(
            author=draw(ANY),
            text=draw(ANY),
            quoted_author=draw(ANY),
            quoted_text=draw(ANY),
            url=draw(URL),
            published_at=WHEN,
        ),
    }


@st.composite
def documents(draw: st.DrawFn) -> Document:
    filled = draw(entries())
    sample = sample_document()
    return sample.model_copy(
        update={
            "title": draw(ANY),
            "subject": draw(ANY),
            "preheader": draw(ANY),
            "byline": draw(ANY),
            "editorial": draw(MARKDOWN),
            "sections": tuple(
                Section(spec=section.spec, entries=(filled[section.spec.slug],))
                for section in sample.sections
                if section.spec.slug in filled
            ),
        }
    )


@settings(deadline=None, max_examples=60)
@given(documents())
def test_it_renders_any_text_and_nothing_of_it_acts(document: Document) -> None:
    parts = render_issue(document, FULLEST, sample_identity(), NONCE)
    assert parts.html is not None
    assert Page(parts.html).faults == []
    assert "\x00" not in parts.html + parts.text
    assert "\n" not in parts.subject
    assert (parts.html + parts.text).encode()
    assert _frame(document) == [
        line for line in parts.text.splitlines() if line in _frame(document)
    ]
    names = Mail.of(NONCE, parts.subject, parts.html, parts.text).names
    assert names == {"unsubscribeUrl", "preferencesUrl"}


def _frame(document: Document) -> list[str]:
    """The lines of the text part that no text of a stranger may add, move or break."""
    return [
        *(section.spec.heading.upper() for section in document.sections),
        f"Your preferences: {mark(NONCE, 'preferencesUrl')}",
        f"Unsubscribe: {mark(NONCE, 'unsubscribeUrl')}",
    ]

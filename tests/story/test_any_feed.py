"""Whatever bytes a feed answers with: the mail is made, nothing in it acts, nothing holds it up.

The whole way without rows or network: bytes → kind → candidate → document → mail → MIME.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email import policy
from email.parser import BytesParser
from html import escape

from hypothesis import given, settings
from hypothesis import strategies as st

from service.issues.compose import Candidate
from service.issues.gather import candidate
from service.message.headers import Mailing, issue_headers, mailbox
from service.message.mail import Mail
from service.message.mime import encode
from service.message.slots import mark
from service.models import Item, Source
from service.models.document import Document, Section, SectionKind
from service.rendering.issue import FULLEST, render_issue
from service.rendering.preflight.checks import check
from service.sources.identity import canonical_url
from service.sources.kinds import BadFeed, Kind, Page, SourceView
from service.sources.kinds.arxiv import Arxiv
from service.sources.kinds.feed import Feed
from tests.message.texts import TEXT
from tests.rendering.html import Page as Shown
from tests.rendering.samples import LINKS, NONCE, sample_document, sample_identity
from tests.rendering.test_latex import SOURCE
from tests.rendering.test_markdown import MARKDOWN

WHEN = datetime(2026, 4, 27, 6, tzinfo=UTC)
URL = "https://feed.example/feed"
HOSTILE = st.sampled_from(
    [
        "<script>alert(1)</script>",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "</mj-text></mj-column>",
        "<mj-raw><script>1</script></mj-raw>",
        '" onmouseover="alert(1)',
        "<img src=x onerror=alert(1)>",
        "]]><b>",
        "{% raw %}{{ identity }}{% endraw %}",
        "{{ slot('unsubscribeUrl') }}",
        mark("0000aaaa1111bbbb", "unsubscribeUrl"),
        "SLOT_x_preferencesUrl_",
        "\r\nBcc: everyone@example.org\r\n\r\n",
        "-----\nUnsubscribe: https://evil.example/",
    ]
)
WORDS = st.one_of(TEXT, SOURCE, MARKDOWN, HOSTILE).map(
    lambda text: text.encode(errors="replace").decode()
)
LINK = st.one_of(
    st.just("https://feed.example/a?x=1&y=2"),
    st.sampled_from(["javascript:alert(1)", "//feed.example", "data:text/html,x", "?", "http://["]),
    WORDS.map("https://feed.example/".__add__),
)
TAKEN_RAW = st.one_of(WORDS.map(escape), WORDS, WORDS.map(lambda text: f"<![CDATA[{text}]]>"))


@st.composite
def rss(draw: st.DrawFn) -> bytes:
    entries = "".join(
        f"<item><title>{draw(TAKEN_RAW)}</title><link>{escape(draw(LINK))}</link>"
        f"<description>{draw(TAKEN_RAW)}</description><author>{draw(TAKEN_RAW)}</author>"
        f"<category>{draw(TAKEN_RAW)}</category></item>"
        for _ in range(draw(st.integers(1, 3)))
    )
    return f'<rss version="2.0"><channel><title>T</title>{entries}</channel></rss>'.encode()


@st.composite
def json_feed(draw: st.DrawFn) -> bytes:
    entry = st.fixed_dictionaries(
        {"id": WORDS, "url": LINK, "title": WORDS},
        optional={"content_html": WORDS, "content_text": WORDS, "tags": st.lists(WORDS)},
    )
    entries = draw(st.lists(entry, min_size=1, max_size=3))
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": entries}).encode()


@st.composite
def mangled(draw: st.DrawFn) -> bytes:
    """A feed with some bytes in its middle replaced: cut, wrongly encoded, or nonsense."""
    whole = draw(st.one_of(rss(), json_feed()))
    at = draw(st.integers(0, len(whole)))
    return whole[:at] + draw(st.binary(max_size=12)) + whole[at + draw(st.integers(0, 40)) :]


FEEDS = st.one_of(rss(), json_feed(), mangled(), st.binary(max_size=200))
KINDS: list[tuple[Kind, SectionKind]] = [
    (Feed(), "headlines"),
    (Feed(), "posts"),
    (Feed(), "papers"),
    (Arxiv(), "papers"),
]


def collected(body: bytes, kind: Kind, section: SectionKind) -> list[Candidate]:
    try:
        parsed = kind.parse([Page(body, URL)], SourceView("feed", "A feed", URL))
    except BadFeed:
        return []  # said to the editor; the issue goes without it
    source = Source(slug="feed", name="A feed", section=section)
    return [
        candidate(
            Item(
                id=number,
                url=item.url,
                canonical_url=canonical_url(item.url),
                title=item.title,
                summary=item.summary,
                author=item.author,
                topics=list(item.topics),
                quoted_author=item.quoted_author,
                quoted_text=item.quoted_text,
                published_at=item.published_at or WHEN,
                first_seen=WHEN,
            ),
            source,
            section,
        )
        for number, item in enumerate(parsed.items)
    ]


def issue_of(found: list[Candidate], section: SectionKind) -> Document:
    sample = sample_document()
    spec = next(part.spec for part in sample.sections if part.spec.kind == section)
    entries = tuple(one.entry for one in found)
    return sample.model_copy(update={"sections": (Section(spec=spec, entries=entries),)})


def message_of(mail: Mail) -> bytes:
    mailing = Mailing("https://news.example.org", "inference", "The Report", "daily", 1)
    return encode(mail).message(
        sender=mailbox("The Report", "report@news.example.org"),
        recipient="reader@example.org",
        headers=issue_headers(mailing, LINKS["unsubscribeUrl"]),
        values=LINKS,
        date=WHEN,
        message_id="<1@news.example.org>",
    )


@settings(deadline=None, max_examples=120)
@given(FEEDS, st.sampled_from(KINDS))
def test_it_makes_a_mail_of_any_bytes_in_which_nothing_acts(
    body: bytes, read_as: tuple[Kind, SectionKind]
) -> None:
    document = issue_of(collected(body, *read_as), read_as[1])
    identity = sample_identity()
    parts = render_issue(document, FULLEST, identity, NONCE)
    mail = Mail.of(parts.nonce, parts.subject, parts.html, parts.text)
    filled = mail.fill(LINKS)
    assert mail.names == LINKS.keys(), "a slot was spoofed"
    assert Shown(filled.html or "").faults == []
    blocking = [finding for finding in check(parts, document, identity) if finding.blocks]
    assert blocking == [], "a stranger holds the issue"
    parsed = BytesParser(policy=policy.default).parsebytes(message_of(mail))
    assert [part.defects for part in parsed.walk()] == [[], [], []]
    assert "Bcc" not in parsed
    text = parsed.get_body(("plain",))
    assert text is not None
    footer = text.get_content().splitlines()[-8:]
    assert f"Unsubscribe: {LINKS['unsubscribeUrl']}" in footer, "the text part is broken"


def test_it_takes_something_from_such_feeds() -> None:
    body = b"<rss><channel><item><title>A</title><link>https://a.example/</link></item></channel></rss>"
    assert [one.entry.kind for one in collected(body, Feed(), "headlines")] == ["headline"]

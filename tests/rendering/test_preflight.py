"""Each check finds what it is for, says what to do, and blocks only what must not go out."""

from __future__ import annotations

import stat
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from service.audience.choices import Wanted
from service.models import MailFormat
from service.models.document import Headline, Section
from service.rendering.issue import FULLEST, Identity, Parts, render_issue
from service.rendering.preflight.checks import check, is_local
from service.rendering.preflight.finding import Finding, reasons
from service.rendering.preflight.issue import findings_for, heaviest
from service.rendering.preflight.spam import spam_findings
from tests.rendering.rows import a_newsletter, a_reader, an_issue
from tests.rendering.samples import NONCE, sample_document, sample_identity

HREF = 'href="https://meridian.example/blog/stop-thinking"'


def rendered() -> Parts:
    return render_issue(sample_document(), FULLEST, sample_identity(), NONCE)


def found(parts: Parts, identity: Identity | None = None) -> list[tuple[str, bool]]:
    findings = check(parts, sample_document(), identity or sample_identity())
    return [(finding.about, finding.blocks) for finding in findings]


@pytest.mark.parametrize("message", ["daily", "weekly", "manual"])
def test_it_has_nothing_to_say_of_a_good_mail(message: str) -> None:
    document = sample_document(message)
    parts = render_issue(document, FULLEST, sample_identity(message), NONCE)
    assert check(parts, document, sample_identity(message)) == []


@pytest.mark.parametrize(
    ("before", "after", "about", "blocks"),
    [
        (HREF, 'href=""', "links", True),
        (HREF, "", "links", True),
        (HREF, 'href="#"', "links", True),
        (HREF, 'href="javascript:alert(1)"', "links", True),
        (HREF, 'href="/relative"', "links", True),
        (HREF, 'href="https://a.example/?u=%7B%7Bname%7D%7D"', "links", False),
        ("</body>", "<script>1</script></body>", "script", True),
        ("</body>", '<p onclick="x">a</p></body>', "script", True),
        ("</body>", "<mj-text>a</mj-text></body>", "MJML", True),
        ("</body>", '<img src="https://a.example/a.png"></body>', "alt texts", False),
        ("</body>", '<img alt="A chart" src="http://a.example/a.png"></body>', "images", False),
        ("</body>", '<img alt="A chart"></body>', "images", True),
        ("</body>", f"<p>{'x' * 95_000}</p></body>", "size", True),
        ("12 Quayside Lane", "", "postal address", True),
    ],
)
def test_it_finds_a_fault_of_the_html(before: str, after: str, about: str, blocks: bool) -> None:
    parts = rendered()
    assert before in (parts.html or "")
    broken = replace(parts, html=(parts.html or "").replace(before, after))
    assert found(broken) == [(about, blocks)]


@pytest.mark.parametrize("part", ["html", "text"])
@pytest.mark.parametrize("slot", ["unsubscribeUrl", "preferencesUrl"])
def test_it_wants_each_slot_in_both_parts(part: str, slot: str) -> None:
    parts = rendered()
    text = getattr(parts, part).replace(f"SLOT_{NONCE}_{slot}_", "https://a.example/")
    assert found(replace(parts, **{part: text})) == [("slots", True)]


def test_it_stops_a_slot_that_nothing_fills() -> None:
    parts = rendered()
    spoilt = replace(parts, text=parts.text + f"SLOT_{NONCE}_nickname_")
    assert found(spoilt) == [("slots", True)]


def test_it_stops_a_mail_without_a_text_part() -> None:
    assert ("text", True) in found(replace(rendered(), text=""))


@pytest.mark.parametrize(
    ("subject", "expected"),
    [("", [("subject", True)]), ("x" * 79, [("subject", False)]), ("x" * 78, [])],
)
def test_it_measures_the_subject(subject: str, expected: list[tuple[str, bool]]) -> None:
    assert found(replace(rendered(), subject=subject)) == expected


@pytest.mark.parametrize(("length", "findings"), [(0, 1), (19, 1), (20, 0), (150, 0), (151, 1)])
def test_it_measures_the_preheader(length: int, findings: int) -> None:
    document = sample_document().model_copy(update={"preheader": "x" * length})
    about = [finding.about for finding in check(rendered(), document, sample_identity())]
    assert about == ["preheader"] * findings


def test_it_stops_a_newsletter_without_a_postal_address() -> None:
    identity = replace(sample_identity(), postal_address=" \n")
    assert set(found(rendered(), identity)) == {("postal address", True)}


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        ("http://127.0.0.1:8000", [("base URL", False)]),
        ("http://news.example.org", [("base URL", False)]),
        ("https://localhost", [("base URL", False)]),
        ("https://news.example.org/a b", [("headers", True)]),
    ],
)
def test_it_looks_at_where_readers_are_sent(
    base_url: str, expected: list[tuple[str, bool]]
) -> None:
    identity = replace(sample_identity(), base_url=base_url)
    assert found(rendered(), identity) == expected


@pytest.mark.parametrize("url", ["", "javascript:x", "http://10.0.0.1/", "ftp://a.example/"])
def test_it_only_warns_of_what_a_feed_brought(url: str, now: datetime) -> None:
    sample = sample_document()
    entry = Headline(title="A stranger's", url=url, source="Feed", published_at=now)
    section = Section(spec=sample.sections[0].spec, entries=(entry,))
    document = sample.model_copy(update={"sections": (section,)})
    parts = render_issue(document, FULLEST, sample_identity(), NONCE)
    findings = check(parts, document, sample_identity())
    assert [(finding.about, finding.blocks) for finding in findings] == [("links", False)]


def test_it_tells_once_of_all_entries_that_only_this_network_can_open(now: datetime) -> None:
    sample = sample_document()
    entries = tuple(
        Headline(title=f"No. {n}", url=f"http://10.0.0.1/{n}", source="Feed", published_at=now)
        for n in range(3)
    )
    section = Section(spec=sample.sections[0].spec, entries=entries)
    document = sample.model_copy(update={"sections": (section,)})
    parts = render_issue(document, FULLEST, sample_identity(), NONCE)
    assert [finding.sentence for finding in check(parts, document, sample_identity())] == [
        "“No. 0” and 2 more link to an address that readers cannot open."
    ]


def test_it_names_the_editors_link_that_leads_nowhere() -> None:
    document = sample_document().model_copy(update={"editorial": "Read [this one](gopher:x)."})
    parts = render_issue(document, FULLEST, sample_identity(), NONCE)
    findings = check(parts, document, sample_identity())
    assert reasons(findings) == (
        "The link “this one” leads nowhere: give it a web address, or take it out."
    )


def test_it_puts_failures_first_and_gives_only_them_as_reasons() -> None:
    document = sample_document().model_copy(update={"preheader": ""})
    findings = check(replace(rendered(), subject=""), document, sample_identity())
    assert [str(finding).partition(":")[0] for finding in findings] == ["failure", "warning"]
    assert reasons(findings) == "The subject is empty: write one."


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "10.1.2.3", "::1", "a.local", ""])
def test_it_knows_this_machine_and_its_network(host: str) -> None:
    assert is_local(host)


def test_it_compares_the_choices_with_most_in_them() -> None:
    choices = [
        Wanted(sections=("labs",)),
        Wanted(MailFormat.TEXT),
        Wanted(sections=("papers", "wire")),
    ]
    assert heaviest(sample_document(), choices, 2) == [FULLEST, choices[2]]


def test_it_checks_the_largest_mail_that_a_reader_gets(session: Session, now: datetime) -> None:
    """The readers of one topic get papers that the others' limit leaves out."""
    newsletter = a_newsletter(session, now)
    issue = an_issue(session, newsletter, now)
    document = sample_document()
    papers = next(section for section in document.sections if section.spec.kind == "papers")
    topic = papers.spec.topics[0]
    short, *_ = papers.entries
    long = short.model_copy(
        update={"abstract": "Word. " * 500, "url": "javascript:x", "topics": (topic,)}
    )
    none = short.model_copy(update={"topics": ()})
    spec = papers.spec.model_copy(update={"limit": 1})
    section = Section(spec=spec, entries=(none, long))
    issue.document = document.model_copy(update={"sections": (section,)}).model_dump(mode="json")
    assert "links" not in {finding.about for finding in findings_for(session, issue)}
    a_reader(session, newsletter, now, Wanted(topics=(topic,)))
    assert "links" in {finding.about for finding in findings_for(session, issue)}


def test_it_says_what_keeps_an_issue_from_being_made(session: Session, now: datetime) -> None:
    issue = an_issue(session, a_newsletter(session, now), now)
    huge = sample_document().model_copy(update={"preheader": "x" * 100_000})
    (finding,) = findings_for(session, issue, huge)
    assert finding.blocks
    assert finding.sentence.startswith("It cannot be made small enough: ")


def _program(folder: Path, script: str) -> str:
    path = folder / "assassin"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ("X-Spam-Status: No, score=0.5 required=5.0 tests=A,B autolearn=no", ""),
        (
            "X-Spam-Status: Yes, score=6.1 required=5.0 tests=A,\\n\\tB autolearn=no",
            "SpamAssassin gives 6.1 points (A, B): see its rules.",
        ),
        ("Hello", "SpamAssassin gave no score: run it by hand on the .eml."),
    ],
)
def test_it_reads_the_spam_score(tmp_path: Path, answer: str, sentence: str) -> None:
    program = _program(tmp_path, f"cat >/dev/null; printf '{answer}\\n\\n'")
    assert [finding.sentence for finding in spam_findings(b"mail", program)] == (
        [sentence] if sentence else []
    )


def test_it_needs_no_spamassassin_and_survives_a_broken_one(tmp_path: Path) -> None:
    assert spam_findings(b"mail", "no-such-program-here") == []
    findings: list[Finding] = spam_findings(b"mail", _program(tmp_path, "exit 3"))
    assert [finding.blocks for finding in findings] == [False]
    assert "the score is unknown" in findings[0].sentence

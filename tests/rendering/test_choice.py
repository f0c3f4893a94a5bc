"""What of an issue a reader's choice leaves, and that the editorial speaks of nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from service.audience.choices import Wanted
from service.models import MailFormat
from service.models.document import Document, Headline
from service.models.editorial import fallback
from service.rendering.issue import FULLEST, choose, render_issue
from tests.rendering.samples import NONCE, sample_document, sample_identity

ALL = tuple(section.spec.slug for section in sample_document().sections)


def counted() -> Document:
    document = sample_document()
    return document.model_copy(
        update={"editorial": fallback(document.sections), "editorial_origin": "template"}
    )


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(sections=("labs",)), "In this issue: 5 in AI Labs."),
        (
            Wanted(sections=("labs", "papers"), topics=("cs.CL",)),
            "In this issue: 5 in AI Labs and 2 in Research Papers — Focused.",
        ),
        (Wanted(sections=()), ""),
    ],
)
@pytest.mark.parametrize("mail_format", list(MailFormat))
def test_it_counts_what_a_choice_leaves(
    wanted: Wanted, expected: str, mail_format: MailFormat
) -> None:
    wanted = Wanted(mail_format, wanted.sections, wanted.topics)
    assert choose(counted(), wanted).editorial == expected
    parts = render_issue(counted(), wanted, sample_identity(), NONCE)
    assert expected in " ".join(parts.text.split())
    if not expected:
        assert "In this issue" not in (parts.html or "") + parts.text
        assert "Mara Lindqvist" not in parts.text, "a byline without an editorial"


def test_it_counts_what_the_clip_leaves() -> None:
    document = counted()
    crowd = tuple(
        Headline(
            title=f"{number:03} {'word ' * 200}",
            url=f"https://example.org/{number}",
            source="A lab",
            published_at=datetime(2026, 4, 27, tzinfo=UTC),
        )
        for number in range(100)
    )
    section = document.sections[0]
    crowded = section.model_copy(
        update={"entries": crowd, "spec": section.spec.model_copy(update={"limit": 100})}
    )
    parts = render_issue(
        document.model_copy(update={"sections": (crowded,)}), FULLEST, sample_identity(), NONCE
    )
    shown = parts.text.count("https://example.org/")
    assert 0 < shown < 100
    assert f"In this issue: {shown} in AI Labs." in parts.text
    assert f"In this issue: {shown} in AI Labs." in (parts.html or "")


@pytest.mark.parametrize("wanted", [FULLEST, Wanted(MailFormat.TEXT), Wanted(sections=ALL)])
def test_it_keeps_the_counts_for_whoever_gets_all_of_it(wanted: Wanted) -> None:
    assert choose(counted(), wanted).editorial == counted().editorial


def test_what_was_frozen_stays_whatever_later_releases_would_say() -> None:
    document = counted().model_copy(update={"editorial": "In this paper: as it was said then."})
    assert choose(document, FULLEST).editorial == "In this paper: as it was said then."


@pytest.mark.parametrize("origin", ["editor", "ai", "none"])
def test_it_keeps_what_was_written_whatever_a_reader_chose(origin: str) -> None:
    document = sample_document().model_copy(update={"editorial_origin": origin})
    assert choose(document, Wanted(sections=("labs",))).editorial == document.editorial

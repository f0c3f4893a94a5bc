"""What of an issue a reader's choice leaves, and that the editorial speaks of nothing else."""

from __future__ import annotations

import pytest

from service.audience.choices import Wanted
from service.models import MailFormat
from service.models.document import Document
from service.rendering.issue import FULLEST, choose, render_issue
from tests.rendering.samples import NONCE, sample_document, sample_identity

COUNTED = "In this issue: 5 in AI Labs and 3 in From the Wire."
ALL = tuple(section.spec.slug for section in sample_document().sections)


def counted() -> Document:
    return sample_document().model_copy(
        update={"editorial": COUNTED, "editorial_origin": "template"}
    )


@pytest.mark.parametrize(
    "wanted", [Wanted(sections=("labs",)), Wanted(topics=("cs.CL",)), Wanted(sections=())]
)
@pytest.mark.parametrize("mail_format", list(MailFormat))
def test_it_speaks_of_no_section_that_a_choice_leaves_out(
    wanted: Wanted, mail_format: MailFormat
) -> None:
    wanted = Wanted(mail_format, wanted.sections, wanted.topics)
    parts = render_issue(counted(), wanted, sample_identity(), NONCE)
    assert "In this issue" not in (parts.html or "") + parts.text
    assert "Mara Lindqvist" not in parts.text, "a byline without an editorial"


@pytest.mark.parametrize("wanted", [FULLEST, Wanted(MailFormat.TEXT), Wanted(sections=ALL)])
def test_it_keeps_the_counts_for_whoever_gets_all_of_it(wanted: Wanted) -> None:
    assert choose(counted(), wanted).editorial == COUNTED


@pytest.mark.parametrize("origin", ["editor", "ai"])
def test_it_keeps_what_was_written_whatever_a_reader_chose(origin: str) -> None:
    document = sample_document().model_copy(update={"editorial_origin": origin})
    assert choose(document, Wanted(sections=("labs",))).editorial == document.editorial

"""Mail in German: service mail for its reader, an issue's own words for its newsletter."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service.audience.choices import Wanted
from service.models import MailFormat, NoticeKind
from service.rendering.issue import FULLEST, Identity, render_issue
from service.rendering.notices import render_notice
from tests.rendering.html import Page
from tests.rendering.samples import NONCE, sample, sample_document, sample_identity


def german(message: str = "daily") -> Identity:
    return replace(sample_identity(message), language="de")


def test_it_writes_a_confirmation_in_german() -> None:
    mail = render_notice(NoticeKind.CONFIRM, sample_identity().in_words_for("de"))
    filled = mail.fill(sample("confirm")["values"])
    assert filled.subject == "Bestätigen Sie Ihr Abonnement von The Inference Report"
    assert filled.text.startswith("BESTÄTIGEN SIE IHR ABONNEMENT\n")
    assert filled.html is not None
    assert 'lang="de"' in filled.html
    assert "Ohne Bestätigung wird keine Ausgabe geschickt." in Page(filled.html).words
    assert "Confirm" not in filled.html


def test_it_writes_service_mail_in_english_to_whom_it_cannot_speak() -> None:
    identity = replace(sample_identity(), language="ar").in_words_for("fr")
    assert (identity.language, identity.direction) == ("en", "ltr")


@pytest.mark.parametrize("message", ["daily", "weekly", "manual"])
@pytest.mark.parametrize("mail_format", list(MailFormat))
def test_it_leaves_no_english_word_of_ours_in_a_german_issue(
    message: str, mail_format: MailFormat
) -> None:
    parts = render_issue(sample_document(message), Wanted(mail_format), german(message), NONCE)
    words = parts.text if parts.html is None else Page(parts.html).words
    for english in ("Unsubscribe:", "View in", "You get this", "No. 1", " in all", "Source:"):
        assert english not in words, words
    assert "Abmelden" in words
    assert "Ihre Einstellungen" in words


def test_it_dates_a_german_issue_in_german() -> None:
    parts = render_issue(sample_document(), FULLEST, german(), NONCE)
    day = sample_document().issue_date
    assert f"{day.day}. April 2026 · Nr. " in parts.text.replace("  ", " ")

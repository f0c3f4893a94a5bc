from __future__ import annotations

import pytest

from service.models import NoticeKind
from service.rendering.notices import render_notice, render_test_copy
from tests.rendering.html import Page
from tests.rendering.samples import sample, sample_document, sample_identity

SERVICE_MAIL = [kind for kind in NoticeKind if kind is not NoticeKind.TEST]


@pytest.mark.parametrize("kind", SERVICE_MAIL)
def test_it_puts_each_link_of_service_mail_in_both_parts(kind: NoticeKind) -> None:
    values = sample(kind.value)["values"]
    mail = render_notice(kind, sample_identity())
    assert mail.names == set(values)
    filled = mail.fill(values)
    assert filled.html is not None
    for name, value in values.items():
        page = Page(filled.html)
        assert value in (page.links if name.endswith("Url") else page.words)
        assert value in filled.text


@pytest.mark.parametrize("kind", SERVICE_MAIL)
def test_it_keeps_service_mail_small_and_inert(kind: NoticeKind) -> None:
    html = render_notice(kind, sample_identity()).fill(sample(kind.value)["values"]).html
    assert html is not None
    assert len(html.encode()) < 20_000
    assert Page(html).faults == []


def test_it_asks_for_one_thing_and_shows_the_address_below_the_button() -> None:
    values = sample("confirm")["values"]
    filled = render_notice(NoticeKind.CONFIRM, sample_identity()).fill(values)
    assert filled.subject == "Confirm your subscription to The Inference Report"
    assert filled.html is not None
    page = Page(filled.html)
    assert page.links == [values["actionUrl"]] * 2
    assert values["actionUrl"] in page.words
    assert "It was not you? Then do nothing" in page.words


def test_it_escapes_what_an_alert_tells() -> None:
    values = sample("alert")["values"] | {"alertText": "<script>1</script> & more"}
    html = render_notice(NoticeKind.ALERT, sample_identity()).fill(values).html
    assert html is not None
    page = Page(html)
    assert page.faults == []
    assert "<script>1</script> & more" in page.words


def test_it_lets_a_new_reader_choose_or_leave_at_once() -> None:
    filled = render_notice(NoticeKind.WELCOME, sample_identity()).fill(sample("welcome")["values"])
    assert filled.subject == "Welcome to The Inference Report"


def test_it_marks_a_test_copy_in_its_subject() -> None:
    mail = render_test_copy(sample_document(), sample_identity())
    filled = mail.fill(
        {"unsubscribeUrl": "https://a.example/u", "preferencesUrl": "https://a.example/p"}
    )
    assert filled.subject == "[TEST] The price of knowing which model is best"


def test_it_makes_no_test_copy_of_nothing() -> None:
    with pytest.raises(ValueError, match="render_test_copy"):
        render_notice(NoticeKind.TEST, sample_identity())

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from hypothesis import given

from service.message.mail import Mail
from service.message.ses_template import DEFAULTS, SesTemplate
from service.message.slots import mark
from tests.message.texts import NONCE, PART, VALUES

MUSTACHE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)


def substitute(template: str, data: Mapping[str, str]) -> str:
    """What SES does: names replaced once, nothing escaped; any other syntax is an error."""
    for expression in MUSTACHE.findall(template):
        assert re.fullmatch(r"[a-z][A-Za-z]*", expression), f"SES refuses {{{{{expression}}}}}"
    assert "{{" not in MUSTACHE.sub("", template)
    assert "{{{" not in template, "a triple brace means something else"
    assert "}}}" not in template, "a triple brace means something else"
    assert "\\{{" not in template, "a backslash switches the substitution off"
    return MUSTACHE.sub(lambda found: data[found[1]], template)


def plain(html: str) -> str:
    return html.replace("&#123;", "{").replace("&#125;", "}").replace("&#92;", "\\")


@given(PART, PART, PART, VALUES)
def test_it_gives_the_same_mail_as_filling_the_slots(
    subject: str, html: str, text: str, values: dict[str, str]
) -> None:
    mail = Mail.of(NONCE, subject, html, text)
    filled = mail.fill(values)
    template = SesTemplate.of(mail)
    data = {**DEFAULTS, **template.data(values)}
    assert template.html is not None
    assert filled.html is not None
    assert substitute(template.subject, data) == filled.subject
    assert substitute(template.text, data) == filled.text
    assert plain(substitute(template.html, data)) == plain(filled.html)


def test_it_keeps_the_css_of_a_style_block() -> None:
    css = "<style>@media(x){.a{color:red}}</style>"
    template = SesTemplate.of(Mail.of(NONCE, "", f"{css}<p>{{{{ x }}}}</p>", ""))
    assert template.html == (
        "<style>@media(x){.a{color:red} }</style><p>&#123;&#123; x &#125;&#125;</p>"
    )


def test_it_calls_a_value_by_another_name_where_its_form_differs() -> None:
    slot = mark(NONCE, "address")
    template = SesTemplate.of(Mail.of(NONCE, slot, slot, slot))
    assert template.data({"address": "O'Neil\n"}) == {
        "address": "O'Neil\n",
        "addressHtml": "O&#x27;Neil\n",
        "addressLine": "O'Neil",
    }


def test_it_sends_a_link_once_for_html_and_text() -> None:
    slot = mark(NONCE, "unsubscribeUrl")
    template = SesTemplate.of(Mail.of(NONCE, "", slot, slot))
    assert template.data({"unsubscribeUrl": "https://a.example/t"}) == {
        "unsubscribeUrl": "https://a.example/t"
    }


def test_it_refuses_a_link_that_html_would_change() -> None:
    template = SesTemplate.of(Mail.of(NONCE, "", mark(NONCE, "unsubscribeUrl"), ""))
    with pytest.raises(ValueError, match="unsubscribeUrl"):
        template.data({"unsubscribeUrl": "https://a.example/?a=1&b=2"})


def test_it_refuses_a_missing_value_here_and_not_in_an_event_later() -> None:
    template = SesTemplate.of(Mail.of(NONCE, "", None, mark(NONCE, "unsubscribeUrl")))
    with pytest.raises(KeyError, match="unsubscribeUrl"):
        template.data({})


def test_it_has_no_html_for_readers_of_text() -> None:
    assert SesTemplate.of(Mail.of(NONCE, "s", None, "t")).html is None

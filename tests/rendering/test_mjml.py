from __future__ import annotations

import pytest

from service.rendering.environment import TemplateError, render
from service.rendering.mjml import compile_mjml

FRAME = """<mjml>
<mj-body>
<mj-section><mj-column>
{}
</mj-column></mj-section>
</mj-body>
</mjml>"""


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("<mj-text>a < b</mj-text>", "line 4 '<mj-text>a < b</mj-text>': a bare '<'"),
        ("<mj-text><p>a</mj-text>", "line 4 '<mj-text><p>a</mj-text>'"),
        ("<mj-text>a</p></mj-text>", "line 4 '<mj-text>a</p></mj-text>'"),
        ("<mj-text>é</b></mj-text>", "line 4 '<mj-text>é</b></mj-text>'"),
        ("<mj-text>a", "line 4 '<mj-text>a'"),
        ("<mj-tekst>a</mj-tekst>", "line 4 '<mj-tekst>a</mj-tekst>': <mj-tekst> is unknown"),
        ("<![CDATA[x]]>", "line 4 '<![CDATA[x]]>'"),
        ("<![x y", "unable to parse"),
    ],
)
def test_it_names_the_template_and_shows_the_line_at_fault(body: str, problem: str) -> None:
    with pytest.raises(TemplateError) as raised:
        compile_mjml(FRAME.format(body), "daily/html.mjml.j2")
    message = str(raised.value)
    assert message.startswith("daily/html.mjml.j2")
    assert problem in message


@pytest.mark.parametrize("source", ["", "hello", "<div/>", "<mjml>"])
def test_it_refuses_what_is_no_mjml(source: str) -> None:
    with pytest.raises(TemplateError, match="MJML"):
        compile_mjml(source)


def test_it_drops_characters_that_no_mail_can_show() -> None:
    html = compile_mjml(FRAME.format("<mj-text>a\x00\x08\ufffe\ud800b</mj-text>"))
    assert ">ab<" in html


def test_it_links_no_fonts() -> None:
    assert "fonts.googleapis" not in compile_mjml(FRAME.format("<mj-text>a</mj-text>"))


def test_it_names_a_template_that_is_missing() -> None:
    with pytest.raises(TemplateError, match=r"no template hourly/html\.mjml\.j2"):
        render("hourly/html.mjml.j2", {})


def test_it_names_a_value_that_is_missing() -> None:
    with pytest.raises(TemplateError, match=r"confirm/text\.txt\.j2: 'slot' is undefined"):
        render("confirm/text.txt.j2", {"identity": {"name": "N"}})

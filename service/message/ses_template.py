"""A mail in the form of an SES template: ``{{name}}`` in place of slots.

SES substitutes names in all three parts from one set of values and escapes nothing. So a value
goes under one name for the text, and under another where HTML or a subject line needs it in
another form. Braces and backslashes of the content itself would be read as template syntax: HTML
writes them as character references, text and subject take them as values.

https://docs.aws.amazon.com/ses/latest/dg/send-personalized-email-advanced.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape

from service.message.mail import Mail, one_line
from service.message.slots import Slotted

_SYNTAX = {"{": "openBrace", "}": "closeBrace", "\\": "backslash"}
_STYLE = re.compile(r"(<style\b.*?</style\s*>)", re.IGNORECASE | re.DOTALL)
_ESCAPED_BY_NOTHING = re.compile(r"[^&<>\"']*").fullmatch
_REFERENCES = str.maketrans({character: f"&#{ord(character)};" for character in _SYNTAX})
_NAMES = str.maketrans({character: f"{{{{{name}}}}}" for character, name in _SYNTAX.items()})

DEFAULTS: Mapping[str, str] = {name: character for character, name in _SYNTAX.items()}
"""Values that every entry shares: ``DefaultContent.Template.TemplateData``."""


@dataclass(frozen=True)
class SesTemplate:
    """The three parts as SES takes them, and what a reader's values are to be called."""

    subject: str
    html: str | None
    text: str
    mail: Mail

    @classmethod
    def of(cls, mail: Mail) -> SesTemplate:
        """The template of *mail*. ValueError when a slot has a name that is ours."""
        if taken := mail.names & DEFAULTS.keys():
            raise ValueError(f"slot names kept for the content's own characters: {sorted(taken)}")
        return cls(
            _template(mail.subject, _subject_name),
            None if mail.html is None else _html_template(mail.html),
            _template(mail.text, _text_name),
            mail,
        )

    def data(self, values: Mapping[str, str]) -> dict[str, str]:
        """One reader's ``ReplacementTemplateData``. KeyError when a value is missing.

        SES would accept a missing one and fail later, with a Rendering Failure event.
        """
        data = {_text_name(name): values[name] for name in self.mail.text.names}
        for name in self.mail.subject.names:
            data[_subject_name(name)] = one_line(values[name])
        for name in self.mail.html.names if self.mail.html else ():
            value, called = values[name], _html_name(name)
            escaped = value if _ESCAPED_BY_NOTHING(value) else escape(value)
            if called == name and escaped != value:
                raise ValueError(f"{name} holds a character that HTML escapes: {value!r}")
            data[called] = escaped
        return data


def _text_name(name: str) -> str:
    return name


def _subject_name(name: str) -> str:
    return f"{name}Line"


def _html_name(name: str) -> str:
    # Our own links hold nothing that HTML escapes; sending each twice would double the request.
    return name if name.endswith("Url") else f"{name}Html"


def _template(part: Slotted, named: Callable[[str], str]) -> str:
    literals = tuple(literal.translate(_NAMES) for literal in part.literals)
    return Slotted(literals, part.slots).join(lambda name: f"{{{{{named(name)}}}}}")


def _html_template(part: Slotted) -> str:
    literals = tuple(_without_syntax(literal) for literal in part.literals)
    return Slotted(literals, part.slots).join(lambda name: f"{{{{{_html_name(name)}}}}}")


def _without_syntax(html: str) -> str:
    pieces = _STYLE.split(html)
    pieces[0::2] = [outside.translate(_REFERENCES) for outside in pieces[0::2]]
    # CSS knows no character references; there a space between two braces changes nothing.
    pieces[1::2] = [re.sub(r"([{}])(?=[{}])", r"\1 ", style) for style in pieces[1::2]]
    return "".join(pieces)

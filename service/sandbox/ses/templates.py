"""Templates: inline ones, which only substitute, and the named ones of the account.

https://docs.aws.amazon.com/ses/latest/dg/send-personalized-email-api.html
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..clock import Clock
from ..store import Filled
from .errors import SesError, bad_request, not_found

_BRACES = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_FLAT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_KEPT = 1000
LONGEST_DATA = 262_144


class Pieces:
    """One text cut at its ``{{names}}``: literal, name, literal, name, … literal."""

    __slots__ = ("_cut", "names")

    def __init__(self, source: str) -> None:
        self._cut = _BRACES.split(source)
        for name in self._cut[1::2]:
            if not _FLAT_NAME.fullmatch(name):
                raise bad_request(
                    f"Template rendering failed: {{{{{name}}}}} is not simple substitution. "
                    "Inline templates take flat names such as {{firstName}} only."
                )
        if any("{{" in literal for literal in self._cut[::2]):
            raise bad_request("Template rendering failed: an opening {{ has no closing }}.")
        self.names = frozenset(self._cut[1::2])

    def fill(self, data: Mapping[str, object]) -> str:
        """The text with its names replaced. SES escapes nothing, neither does this."""
        if not self.names:
            return self._cut[0]
        pieces = self._cut.copy()
        pieces[1::2] = [_shown(data[name]) for name in self._cut[1::2]]
        return "".join(pieces)


def _shown(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value)


class Template:
    """A subject with a text part, an HTML part or both."""

    __slots__ = ("_html", "_subject", "_text", "name", "names", "source")

    def __init__(self, source: Filled, name: str | None = None) -> None:
        if not source.subject or not (source.text or source.html):
            raise bad_request("A template needs a Subject, and a Text or an Html part.")
        self.source = source
        self.name = name
        self._subject = Pieces(source.subject)
        self._text = Pieces(source.text) if source.text else None
        self._html = Pieces(source.html) if source.html else None
        parts = [part.names for part in (self._subject, self._text, self._html) if part]
        self.names = frozenset().union(*parts)

    def missing(self, data: Mapping[str, object]) -> str | None:
        """A name that the data lack, if there is one."""
        if self.names <= data.keys():
            return None
        return min(self.names - data.keys())

    def fill(self, data: Mapping[str, object]) -> Filled:
        return Filled(
            self._subject.fill(data),
            self._text.fill(data) if self._text else None,
            self._html.fill(data) if self._html else None,
        )

    def subject(self, data: Mapping[str, object]) -> str:
        return self._subject.fill(data)


@dataclass(slots=True)
class Literal:
    """``Content.Simple``: nothing in it is substituted."""

    content: Filled
    name: str | None = None

    def missing(self, data: Mapping[str, object]) -> str | None:
        return None

    def fill(self, data: Mapping[str, object]) -> Filled:
        return self.content

    def subject(self, data: Mapping[str, object]) -> str:
        return self.content.subject


def parse_data(text: str, what: str) -> dict[str, object]:
    """TemplateData: a JSON object as a string, at most 262,144 characters."""
    if len(text) > LONGEST_DATA:
        raise bad_request(f"{what} is longer than {LONGEST_DATA} characters.")
    try:
        data = json.loads(text or "{}")
    except ValueError:
        raise bad_request(f"{what} is not valid JSON.") from None
    if not isinstance(data, dict):
        raise bad_request(f"{what} must be a JSON object.")
    return data


@dataclass(slots=True)
class Templates:
    """The account's named templates, and one compiled copy of each inline one that was sent."""

    clock: Clock
    _named: dict[str, tuple[Template, float]] = field(default_factory=dict)
    _inline: dict[Filled, Template] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, asked: Mapping[str, Any]) -> Template:
        """The template of ``Content.Template`` or ``DefaultContent.Template``."""
        content, name = asked.get("TemplateContent"), asked.get("TemplateName")
        if bool(content) == bool(name):
            raise bad_request("Give either TemplateContent or TemplateName, and not both.")
        if name:
            return self.named(str(name))
        return self._compiled(_source(content))

    def _compiled(self, source: Filled) -> Template:
        found = self._inline.get(source)
        if found is None:
            found = Template(source)
            with self._lock:
                if len(self._inline) >= _KEPT:
                    del self._inline[next(iter(self._inline))]
                self._inline[source] = found
        return found

    def named(self, name: str) -> Template:
        try:
            return self._named[name][0]
        except KeyError:
            raise not_found(f"Template {name} does not exist.") from None

    def create(self, name: str, content: Mapping[str, Any]) -> None:
        if name in self._named:
            raise SesError("AlreadyExistsException", f"Template {name} already exists.")
        self._named[name] = Template(_source(content), name), self.clock()

    def update(self, name: str, content: Mapping[str, Any]) -> None:
        self.named(name)
        self._named[name] = Template(_source(content), name), self._named[name][1]

    def delete(self, name: str) -> None:
        self._named.pop(name, None)

    def listed(self) -> list[tuple[str, float]]:
        return [(name, made) for name, (_, made) in sorted(self._named.items())]


def _source(content: Mapping[str, Any] | None) -> Filled:
    given = content or {}
    return Filled(given.get("Subject") or "", given.get("Text"), given.get("Html"))

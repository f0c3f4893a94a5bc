"""MJML to HTML, with the compiler's silences made errors."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from mjml import mjml2html

from service.rendering.environment import TemplateError
from service.rendering.filters import printable

_POSITION = re.compile(r"position (\d+)")
_VOID = frozenset({"area", "br", "col", "hr", "img", "input", "link", "meta", "wbr"})


def compile_mjml(source: str, template: str = "MJML") -> str:
    """*source* as HTML. TemplateError names *template* and shows the line at fault.

    ``fonts={}`` because the compiler links Google Fonts otherwise: a reader's mail would call home.
    """
    source = printable(source)
    try:
        html = mjml2html(source, disable_comments=True, fonts={})
    except ValueError as error:
        raise TemplateError(_explain(template, source, str(error))) from error
    # An element it does not know is not an error to the compiler: it comes out as it went in.
    if unknown := re.search(r"<(mj-[a-z-]+)", html):
        line = _line_of(source, source.find(unknown[0]))
        raise TemplateError(f"{template}, {line}: <{unknown[1]}> is unknown or out of place")
    return html


def _explain(template: str, source: str, problem: str) -> str:
    if fault := _first_fault(source):
        number, what = fault
        line = source.split("\n")[number - 1].strip()
        return f"{template}, line {number} {line!r}: {what}"
    if found := _POSITION.search(problem):
        before = source.encode()[: int(found[1])].decode(errors="ignore")
        return f"{template}, {_line_of(source, len(before))}: {problem}"
    return f"{template}: {problem}"


def _line_of(source: str, offset: int) -> str:
    start = source.rfind("\n", 0, offset) + 1
    text = source[start:].partition("\n")[0].strip()
    return f"line {source.count(chr(10), 0, max(offset, 0)) + 1} {text!r}"


def _first_fault(source: str) -> tuple[int, str] | None:
    """Line and kind of the first tag left open or closed twice, or bare ``<``.

    The compiler takes any closing tag for the one it waits for, and complains late or without
    a place.
    """
    finder = _FaultFinder()
    try:
        finder.feed(source)
        finder.close()
    except AssertionError:  # its way to refuse "<![…"
        return None
    # An element never closed is shown where it was opened.
    left_open = [(line, f"<{tag}> is never closed") for tag, line in finder.open]
    return min(finder.faults + left_open[-1:], default=None)


class _FaultFinder(HTMLParser):
    """Keeps what is open and what was wrong, each with its line."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.open: list[tuple[str, int]] = []
        self.faults: list[tuple[int, str]] = []

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _VOID:
            self.open.append((tag, self.getpos()[0]))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """``<x/>`` opens nothing."""

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1][0] == tag:
            self.open.pop()
        else:
            self.faults.append((self.getpos()[0], f"</{tag}> closes nothing that is open here"))

    def handle_data(self, data: str) -> None:
        if "<" in data:
            line = self.getpos()[0] + data.partition("<")[0].count("\n")
            self.faults.append((line, "a bare '<' must be written &lt;"))

"""Tables of an editor's Markdown, in GitHub's way: headers that a screen reader finds, and text.

https://github.github.com/gfm/#tables-extension-
"""

from __future__ import annotations

from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from service.rendering.filters import NO_FIGURE, TEXT_WIDTH, in_columns, wrap
from service.rendering.theme import Theme

ALIGNMENTS = ("left", "right", "center")
ATTRIBUTES = {"th": {"scope", "align"}, "td": {"align"}}


def enable_tables(parser: MarkdownIt) -> None:
    """Have *parser* read tables, each column and row with its header."""
    parser.enable("table")
    parser.core.ruler.push("table_headers", _with_headers)


def _with_headers(state: StateCore) -> None:
    first = False
    row_header = False
    for token in state.tokens:
        if token.type == "tr_open":
            first = True
        elif token.type in ("th_open", "td_open"):
            align = _alignment(token.attrs.get("style"))
            row_header = token.type == "td_open" and first and align != "right"
            _mark(token, "col" if token.type == "th_open" else "row" if row_header else "", align)
            first = False
        elif token.type == "td_close" and row_header:
            token.tag, row_header = "th", False


def _mark(cell: Token, scope: str, align: str) -> None:
    """A first column of figures counts the rows, it does not name them."""
    if scope:
        cell.tag = "th"
    cell.attrs = {**({"scope": scope} if scope else {}), "align": align}


def _alignment(style: object) -> str:
    """``right`` of markdown-it's ``text-align:right``; left is the default."""
    found = str(style or "").rpartition(":")[2]
    return found if found in ALIGNMENTS else "left"


def table_styles(theme: Theme) -> dict[str, str]:
    """The rules of a table's elements, by what its tag begins with."""
    rule = f"border-bottom:1px solid {theme.light.rule}"
    cell = f"padding:8px 0 8px 12px;{rule};vertical-align:top"
    return {
        "table": (
            f"width:100%;margin:0 0 20px;border-collapse:collapse;font-family:{theme.fonts.sans};"
            "font-size:14px;line-height:1.4;font-variant-numeric:tabular-nums"
        ),
        'th scope="col"': f"{cell};color:{theme.light.muted};font-size:12px;font-weight:600",
        'th scope="row"': f"{cell};font-weight:600",
        "td": cell,
    }


def table_text(rows: Sequence[Sequence[str]], to_right: Sequence[bool]) -> list[str]:
    """*rows*, the first of them the headers, as lines: in columns, or below one another."""
    lines = [line.rstrip() for line in in_columns(rows, to_right)]
    if max(map(len, lines)) <= TEXT_WIDTH or len(rows) == 1:
        return lines
    head, *body = rows
    return [line for cells in body for line in _below_one_another(head, cells)]


def _below_one_another(head: Sequence[str], cells: Sequence[str]) -> list[str]:
    name, *rest = cells
    said = [f"{label}: {cell}" for label, cell in zip(head[1:], rest, strict=True) if cell]
    lines = [wrap(name or NO_FIGURE, "  "), *(wrap(part, "  ") for part in said)]
    return ["- " + lines[0].removeprefix("  "), *lines[1:]]

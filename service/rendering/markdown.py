"""The editorial: Markdown to HTML that every mail client shows, and to plain text.

HTML in the source is shown as text, and what comes out is sanitised all the same: the editorial
may have been drafted by a machine.
"""

from __future__ import annotations

import re
from functools import lru_cache

import nh3
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from service.rendering.filters import one_space, printable, web_link, wrap
from service.rendering.markdown_tables import (
    ALIGNMENTS,
    ATTRIBUTES,
    enable_tables,
    table_styles,
    table_text,
)
from service.rendering.theme import Theme

_TAGS = {"p", "a", "em", "strong", "ul", "ol", "li", "blockquote", "code", "pre", "br", "hr"}
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_TABLES = {"table", "thead", "tbody", "tr", "th", "td"}
_ATTRIBUTES = {"a": {"href"}, "img": {"src", "alt"}, "ol": {"start"}, **ATTRIBUTES}
# A cell at the beginning of its row stands at the margin. nh3 keeps the order of attributes.
_OPENED = re.compile(r'(<tr>\n)?<([a-z0-9]+(?: scope="(?:col|row)")?)(?=[\s>])')


@lru_cache(maxsize=2)
def _parser(*, english: bool) -> MarkdownIt:
    # maxNesting keeps a thousand levels of "> > > >" from running out of stack.
    parser = MarkdownIt("commonmark", {"html": False, "typographer": english, "maxNesting": 12})
    enable_tables(parser)
    return parser.enable(["replacements", "smartquotes"]) if english else parser


def to_html(source: str, theme: Theme, language: str = "en") -> str:
    """*source* as sanitised HTML with inline styles; quotes are set as English has them."""
    html = nh3.clean(
        _parser(english=language.startswith("en")).render(printable(source)),
        tags=_TAGS | _HEADINGS | _TABLES | {"img"},
        attributes=_ATTRIBUTES,
        attribute_filter=_attribute,
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
    )
    # Below the mail's title there is one level of headings, an editor's own among them.
    html = re.sub(r"(</?)h[1-6](?=[\s>])", r"\1h2", html)
    styles = _styles(theme)
    at_margin = {name: style.replace("8px 0 8px 12px", "8px 0") for name, style in styles.items()}
    return _OPENED.sub(lambda tag: tag[0] + (at_margin if tag[1] else styles).get(tag[2], ""), html)


def _attribute(_tag: str, attribute: str, value: str) -> str | None:
    """*value* where it may stand; of addresses only those of the web."""
    if attribute == "align":
        return value if value in ALIGNMENTS else None
    if attribute not in ("href", "src") or value.startswith("mailto:"):
        return value
    return web_link(value) or None


def _styles(theme: Theme) -> dict[str, str]:
    """What follows a tag's name, by tag."""
    light, fonts = theme.light, theme.fonts
    rules = {
        "p": "margin:0 0 18px",
        "a": f"color:{light.accent};text-decoration:underline",
        "h2": f"margin:26px 0 10px;font-family:{fonts.display};font-size:20px;line-height:1.3",
        "ul": "margin:0 0 18px;padding:0 0 0 22px",
        "ol": "margin:0 0 18px;padding:0 0 0 22px",
        "li": "margin:0 0 6px",
        "blockquote": f"margin:0 0 18px;padding:2px 0 2px 16px;border-left:3px solid {light.rule}",
        "code": f"font-family:{fonts.mono};font-size:14px",
        "pre": "margin:0 0 18px;white-space:pre-wrap;word-break:break-word",
        "hr": f"margin:24px 0;border:0;border-top:1px solid {light.rule}",
        "img": "display:block;max-width:100%;height:auto;border:0",
        **table_styles(theme),
    }
    classes = {"a": "ac", "blockquote": "ru", "hr": "ru", "td": "ru"}
    classes |= {'th scope="col"': "mu ru", 'th scope="row"': "ru"}
    styled = {tag: f' style="{rule}"' for tag, rule in rules.items()}
    return {
        tag: (f' class="{classes[tag]}"' if tag in classes else "") + style
        for tag, style in styled.items()
    }


def to_text(source: str) -> str:
    """*source* as plain text: the marks gone, links written out, lines wrapped."""
    tree = SyntaxTreeNode(_parser(english=False).parse(printable(source)))
    return "\n\n".join(_block(node, "") for node in tree.children).strip()


def _block(node: SyntaxTreeNode, indent: str) -> str:
    if node.type in ("fence", "code_block"):
        return "\n".join(f"{indent}    {line}" for line in node.content.rstrip("\n").split("\n"))
    if node.type == "hr":
        return f"{indent}* * *"
    if node.type == "blockquote":
        return "\n\n".join(_block(child, f"{indent}> ") for child in node.children)
    if node.type == "table":
        return "\n".join(indent + line for line in _table(node))
    if node.type in ("bullet_list", "ordered_list"):
        return "\n".join(
            _item(item, indent, f"{number}. " if node.type == "ordered_list" else "- ")
            for number, item in enumerate(node.children, int(node.attrs.get("start", 1)))
        )
    return "\n".join(wrap(line, indent) for line in _words(node).split("\n"))


def _words(node: SyntaxTreeNode) -> str:
    return "".join(_inline(child) for child in node.children if child.type == "inline")


def _table(table: SyntaxTreeNode) -> list[str]:
    rows = [row for group in table.children for row in group.children]
    to_right = [cell.attrs.get("align") == "right" for cell in rows[0].children]
    return table_text(
        [[one_space(_words(cell)) for cell in row.children] for row in rows], to_right
    )


def _item(item: SyntaxTreeNode, indent: str, mark: str) -> str:
    deeper = indent + " " * len(mark)
    body = "\n".join(_block(child, deeper) for child in item.children)
    return indent + mark + body.removeprefix(deeper)


def _inline(node: SyntaxTreeNode) -> str:
    inside = "".join(_inline(child) for child in node.children)
    match node.type:
        case "text" | "code_inline":
            return node.content
        case "softbreak":
            return " "
        case "hardbreak":
            return "\n"
        case "image":
            return f"[{one_space(node.content)}]" if node.content else ""
        case "link":
            href = web_link(str(node.attrs.get("href", "")))
            return f"{inside} ({href})" if href and href != inside else inside
    return inside

"""Text out of feeds: HTML to plain, readable, bounded text that every database takes."""

from __future__ import annotations

import html
import re
import unicodedata

import nh3

SUMMARY_LIMIT = 4000
TITLE_LIMIT = 300
MARKUP_LIMIT = 30_000
"""How much HTML is looked at: reading deeply nested tags takes the square of their number."""

_BLOCK = re.compile(
    r"(?i)<(?=/?(?:p|br|div|li|ul|ol|tr|h[1-6]|blockquote|pre|section|article|figure)\b)"
)
# C0 and C1 but for tab and newline, DEL, the byte-order mark, lone surrogates, and the characters
# that turn the reading direction: a title goes into a subject and a list of links.
_UNWANTED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ufeff\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def plain_text(markup: str, limit: int = SUMMARY_LIMIT) -> str:
    """HTML as text of at most *limit* characters; paragraphs stand apart by an empty line."""
    stripped = nh3.clean(
        _BLOCK.sub("\n\n<", scrub(markup[:MARKUP_LIMIT])),
        tags=set(),
        clean_content_tags={"script", "style", "template", "noscript", "iframe", "svg"},
    )
    return paragraphs(html.unescape(stripped), limit)


def paragraphs(text: str, limit: int = SUMMARY_LIMIT) -> str:
    """Plain text with its white space put in order: nothing in it is read as markup."""
    blocks = re.split(r"\n[^\S\n]*\n\s*", scrub(text))
    joined = "\n\n".join(line for block in blocks if (line := " ".join(block.split())))
    return shortened(joined, limit)


def post_text(text: str, limit: int = SUMMARY_LIMIT) -> str:
    """Plain text whose line ends are its author's own, with at most one empty line in a row."""
    lines = (" ".join(line.split()) for line in scrub(text).split("\n"))
    return shortened(re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip(), limit)


def one_line(text: str, limit: int = TITLE_LIMIT) -> str:
    """Plain text on a single line."""
    return shortened(" ".join(scrub(text).split()), limit)


def title_text(text: str, *, markup: bool, limit: int = TITLE_LIMIT) -> str:
    """A title on a single line; *markup* says whether the feed calls it HTML.

    A title that is called plain keeps its angle brackets (``List<String>``). Its entities are read
    all the same: RSS never said which of the two a title is, and ``AT&amp;T`` is a mistake of the
    feed far more often than meant.
    """
    return one_line(plain_text(text, limit * 4) if markup else html.unescape(text), limit)


def scrub(text: str) -> str:
    """*text* without what no title or summary needs and PostgreSQL or a mail would refuse."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", _UNWANTED.sub("", text))


def shortened(text: str, limit: int) -> str:
    """*text*, cut at a word's end and marked with '…' when it is longer than *limit*."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    words = head if text[limit - 1].isspace() else head.rpartition(" ")[0]
    return (words if len(words) > limit // 2 else head).rstrip() + "…"

"""The HTML part as the checks see it: its links, its images, its words, what in it could act."""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser

ACTIVE = frozenset({"script", "iframe", "object", "embed", "form", "input", "base", "svg"})
"""Elements that mail programs drop, and filters take for an attack."""


@dataclass
class Link:
    """``href`` is None where the attribute is missing."""

    href: str | None
    words: str = ""


class Page(HTMLParser):
    """*html*, read once. Conditional comments for Outlook are comments here too."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[Link] = []
        self.images: list[dict[str, str | None]] = []
        self.active: list[str] = []
        self._words: list[str] = []
        self._in_link = False
        self._hidden = 0
        self.feed(html)
        self.close()

    @property
    def words(self) -> str:
        """What a reader sees, each run of white space one space."""
        return " ".join("".join(self._words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a":
            self.links.append(Link(given.get("href")))
            self._in_link = True
        elif tag == "img":
            self.images.append(given)
        elif tag in ("style", "title"):
            self._hidden += 1
        elif tag == "br":
            self._words.append(" ")
        if tag in ACTIVE or tag.startswith("mj-"):
            self.active.append(f"<{tag}>")
        self.active += [name for name, _ in attrs if name.startswith("on")]

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._in_link = False
        elif tag in ("style", "title"):
            self._hidden = max(0, self._hidden - 1)
        elif tag in ("p", "td", "th", "div", "li", "h1", "h2", "h3"):
            self._words.append(" ")

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        self._words.append(data)
        if self._in_link:
            self.links[-1].words += data

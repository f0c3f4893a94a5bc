"""What a test asks of a rendered part: its links, its words, whether anything in it can act."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = frozenset({"br", "hr", "img", "meta", "link", "input"})
ACTIVE = frozenset({"script", "iframe", "object", "embed", "form", "input", "link", "base", "svg"})


class Page(HTMLParser):
    """*html*, read: ``links`` in order, ``words`` that a reader sees, ``faults`` that can act."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.headings: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.faults: list[str] = []
        self._words: list[str] = []
        self._stack: list[str] = []
        self.feed(html)
        self.close()

    @property
    def words(self) -> str:
        return " ".join("".join(self._words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        if tag not in VOID:
            self._stack.append(tag)
        if tag in ("h2", "h3"):
            self.headings.append("")
        if tag == "a" and given.get("href"):
            self.links.append(str(given["href"]))
        if tag in ACTIVE:
            self.faults.append(f"<{tag}>")
        for name, value in attrs:
            if name.startswith("on"):
                self.faults.append(f"{name}={value}")
            if name in ("href", "src") and not str(value).startswith(
                ("http://", "https://", "mailto:", "SLOT_")
            ):
                self.faults.append(f"{name}={value}")

    def handle_endtag(self, tag: str) -> None:
        if self._stack and self._stack[-1] == tag:
            self._stack.pop()
        self._words.append(" " if tag in ("p", "td", "th", "h1", "h2", "h3", "div") else "")

    def handle_data(self, data: str) -> None:
        if "style" in self._stack or "title" in self._stack:
            return
        self._words.append(data)
        if self._stack and {"h2", "h3"} & set(self._stack):
            self.headings[-1] += data

"""A person with a browser, without the browser: opens pages, fills in forms, keeps cookies."""

from __future__ import annotations

from html.parser import HTMLParser
from types import TracebackType

import httpx2


class NoSuchForm(RuntimeError):
    """The page does not hold the form that was to be filled in."""


class Visitor:
    """Use as a context."""

    def __init__(self, base_url: str) -> None:
        self._client = httpx2.Client(
            base_url=base_url, follow_redirects=True, timeout=30, trust_env=False
        )

    def __enter__(self) -> Visitor:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def open(self, url: str) -> httpx2.Response:
        """Look at a page."""
        page = self._client.get(url)
        page.raise_for_status()
        return page

    def submit(
        self, page: httpx2.Response, action: str, fields: dict[str, str | list[str]]
    ) -> httpx2.Response:
        """Fill in the form of *page* whose action holds *action*, and send it.

        What the page filled in already (the CSRF token among it) goes along; *fields* go on top.
        """
        for form in _forms(page.text):
            target = form.action or str(page.url)
            if action in target:
                answer = self._client.post(
                    str(page.url.join(target)), data={**form.fields, **fields}
                )
                answer.raise_for_status()
                return answer
        raise NoSuchForm(f"{page.url} has no form for {action!r}")

    def post(self, url: str, fields: dict[str, str]) -> httpx2.Response:
        """Post without a page before it, as a mailbox's own unsubscribe button does."""
        answer = self._client.post(url, data=fields)
        answer.raise_for_status()
        return answer


class Form:
    def __init__(self, action: str) -> None:
        self.action = action
        self.fields: dict[str, str | list[str]] = {}

    def add(self, name: str, value: str) -> None:
        known = self.fields.get(name)
        if known is None:
            self.fields[name] = value
        else:
            self.fields[name] = [*([known] if isinstance(known, str) else known), value]


def _forms(html: str) -> list[Form]:
    reader = _FormReader()
    reader.feed(html)
    return reader.forms


class _FormReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", "")))
        elif not self.forms:
            return
        elif tag == "input" and given.get("name") and _counts(given):
            self.forms[-1].add(given["name"], given.get("value", ""))
        elif tag == "select":
            self._select = given.get("name", "")
        elif tag == "option" and self._select and "selected" in given:
            self.forms[-1].add(self._select, given.get("value", ""))


def _counts(field: dict[str, str]) -> bool:
    """Whether a browser would send this input as it stands."""
    kind = field.get("type", "text")
    if kind in {"checkbox", "radio"}:
        return "checked" in field
    return kind not in {"submit", "button", "image", "file"}

"""People with browsers, watched: what a page complains about, fails to load, or asks others for."""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    Response,
    WebError,
)

LEFT_BEHIND = "net::ERR_ABORTED"
"""The person went on to another page while this one was still asking: nothing has failed."""

PATIENCE_MS = 20_000


class Watch:
    """:meth:`person` opens a browser of their own. ``complaints`` fills up meanwhile."""

    def __init__(self, chromium: Browser, site_url: str) -> None:
        self._chromium = chromium
        self._site_url = site_url
        self._host = urlsplit(site_url).netloc
        self._open = ExitStack()
        self.complaints: list[str] = []

    def person(self, *, javascript: bool = True) -> Page:
        """An empty page in a browser with no cookies; paths are opened on the site."""
        context = self._chromium.new_context(
            base_url=self._site_url, java_script_enabled=javascript, locale="en-GB"
        )
        self._open.callback(context.close)
        context.set_default_timeout(PATIENCE_MS)
        self._listen(context)
        return context.new_page()

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    def _listen(self, context: BrowserContext) -> None:
        context.on("console", self._on_console)
        context.on("weberror", self._on_error)
        context.on("request", self._on_request)
        context.on("requestfailed", self._on_failure)
        context.on("response", self._on_response)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            where = message.page.url if message.page else "a page"
            self.complaints.append(f"{where} said in the console: {message.text}")

    def _on_error(self, error: WebError) -> None:
        self.complaints.append(f"a script failed: {error.error}")

    def _on_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != self._host:
            self.complaints.append(f"another host was asked: {request.url}")

    def _on_failure(self, request: Request) -> None:
        if request.failure != LEFT_BEHIND:
            self.complaints.append(f"not loaded: {request.url} ({request.failure})")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.status} for {response.url}")


def follow(target: Locator) -> None:
    """Press what leads to another page, and be there.

    A click alone is over when it is done: what looks at the page next may still look at the old one
    while the new one comes, and fall with it.
    """
    with target.page.expect_navigation():
        target.click()

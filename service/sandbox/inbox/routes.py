"""Routes of the inbox: pages for people, JSON and .eml for tests."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path

from ..control import row
from ..ses.mime import mime
from ..store import Message, Store
from ..web import HTML, TEXT, Answer, Handler, Request, Response, Router, as_json, not_found
from . import front, list_page, message_page
from .mail import framed, happenings, read

_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    "form-action 'none'; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)
_STYLE = Path(__file__).with_name("style.css")


class Inbox:
    """``/inbox`` and the sandbox's front page."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def mount(self, router: Router) -> None:
        routes: list[tuple[str, Handler]] = [
            ("/", lambda _: _page(front.page(self._store.latest()))),
            ("/inbox", self._list),
            ("/inbox/style.css", lambda _: _style()),
            ("/inbox/{id}.json", self._with(_as_json)),
            ("/inbox/{id}.eml", self._with(_as_eml)),
            ("/inbox/{id}/html", self._with(_as_frame)),
            ("/inbox/{id}", self._with(_as_page)),
        ]
        for path, handler in routes:
            router.add("GET", path, handler)

    def _list(self, request: Request) -> Answer:
        wanted, number = request.arg("q").strip(), request.number("page", 1, low=1)
        found = (m for m in self._store.newest() if _sent_to(m, wanted))
        start = (number - 1) * list_page.SIZE
        rows = list(islice(found, start, start + list_page.SIZE + 1))
        return _page(list_page.page(rows, wanted, number, self._store.latest()))

    def _with(self, show: Callable[[Message, Request], Answer]) -> Handler:
        """Find the message by its number or by its SES id."""

        def answer(request: Request) -> Answer:
            key = request.params["id"]
            found = self._store.by_seq(int(key)) if key.isdecimal() else self._store.by_id(key)
            if found is None or found.missing is not None:
                return not_found(request.path)
            return show(found, request)

        return answer


def _sent_to(message: Message, wanted: str) -> bool:
    return not wanted or any(wanted.lower() in a.lower() for a in message.destination.everyone)


def _page(text: str) -> Response:
    return Response(text.encode(), 200, HTML, {"Content-Security-Policy": _PAGE_POLICY})


def _style() -> Response:
    return Response(_STYLE.read_bytes(), 200, "text/css; charset=utf-8")


def _as_page(message: Message, request: Request) -> Response:
    asked = message_page.Asked(request.arg("view", "desktop"), request.arg("scheme", "light"))
    return _page(message_page.page(read(message), asked))


def _as_frame(message: Message, request: Request) -> Response:
    scheme = "dark" if request.arg("scheme") == "dark" else "light"
    html = framed(read(message).html or "<p>This message has no HTML part.</p>", scheme)
    return Response(html.encode(), 200, HTML, {"Content-Security-Policy": _MAIL_POLICY})


def _as_eml(message: Message, _request: Request) -> Response:
    name = f'inline; filename="{message.seq}.eml"'
    return Response(mime(message), 200, TEXT, {"Content-Disposition": name})


def _as_json(message: Message, _request: Request) -> Response:
    mail = read(message)
    return as_json(
        {
            **row(message),
            "subject": mail.subject,
            "headers": mail.headers,
            "unsubscribe": mail.unsubscribe,
            "text": mail.text,
            "html": mail.html,
            "events": [event._asdict() for event in happenings(message)],
        }
    )

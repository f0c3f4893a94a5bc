"""What a handler receives and answers, and the table that finds the handler."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any
from urllib.parse import parse_qs, unquote

JSON = "application/json"
HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"


class BadDocument(ValueError):
    """The body of a request is not the JSON object that was asked for."""


@dataclass(slots=True)
class Request:
    """One request, its body already read. Header names are case-insensitive."""

    method: str
    path: str
    query_string: str
    headers: Message[str, str]
    body: bytes
    params: dict[str, str] = field(default_factory=dict)

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(self.query_string, keep_blank_values=True)

    def arg(self, name: str, default: str = "") -> str:
        """The first value of a query argument."""
        return self.query.get(name, [default])[0]

    def number(self, name: str, default: int, *, low: int = 0, high: int = 1_000_000) -> int:
        """A whole number from the query, kept within its bounds; what is not one is the default."""
        try:
            value = int(self.arg(name, str(default)))
        except ValueError:
            return default
        return max(low, min(high, value))

    def document(self) -> dict[str, Any]:
        """The body as a JSON object; an empty body is an empty object."""
        try:
            found = json.loads(self.body or b"{}")
        except ValueError as error:
            raise BadDocument(f"The body is not JSON: {error}") from error
        if not isinstance(found, dict):
            raise BadDocument("The body must be a JSON object.")
        return found


@dataclass(slots=True)
class Response:
    """An answer of known length."""

    body: bytes = b""
    status: int = 200
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Wire:
    """Bytes put on the socket as they are, then the connection is closed.

    No bytes at all is an answer that never came. For servers that misbehave.
    """

    chunks: Iterable[bytes] = ()


Answer = Response | Wire
Handler = Callable[[Request], Answer]


def as_json(
    document: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A JSON answer."""
    return Response(json.dumps(document).encode(), status, JSON, headers or {})


def not_found(path: str) -> Response:
    """The answer where nothing is."""
    return as_json({"message": f"There is nothing at {path}. GET / lists what there is."}, 404)


class Router:
    """Exact paths by one look-up, then patterns such as ``/inbox/{id}/html`` in order."""

    def __init__(self) -> None:
        self._exact: dict[tuple[str, str], Handler] = {}
        self._patterns: list[tuple[str, re.Pattern[str], Handler]] = []

    def add(self, method: str, path: str, handler: Handler) -> None:
        """``{name}`` matches within one segment of the path, ``{name*}`` the whole rest."""
        if "{" not in path:
            self._exact[method, path] = handler
            return
        literal = re.split(r"(\{\w+\*?\})", path)
        pattern = "".join(
            (f"(?P<{piece.strip('{}*')}>{'.+' if '*' in piece else '[^/]+'})")
            if piece.startswith("{")
            else re.escape(piece)
            for piece in literal
        )
        self._patterns.append((method, re.compile(pattern), handler))

    def answer(self, request: Request) -> Answer:
        """Hand the request to whom it is for."""
        method = "GET" if request.method == "HEAD" else request.method
        handler = self._exact.get((method, request.path))
        if handler is not None:
            return handler(request)
        for wanted, pattern, handler in self._patterns:
            match = pattern.fullmatch(request.path) if wanted == method else None
            if match:
                request.params = {k: unquote(v) for k, v in match.groupdict().items()}
                return handler(request)
        return not_found(request.path)

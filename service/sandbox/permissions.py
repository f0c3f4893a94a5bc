"""What the caller's keys may do: everything, until a test takes some of it away."""

from __future__ import annotations

from .web import BadDocument, Request, Response, Router, as_json

CALLER = "arn:aws:iam::000000000000:user/sandbox"


class Denied(Exception):
    """The keys lack a permission; the text is AWS's."""


class Permissions:
    """Actions such as ``sns:CreateTopic`` that are denied."""

    def __init__(self) -> None:
        self._denied: frozenset[str] = frozenset()
        self._used: set[str] = set()

    def mount(self, router: Router) -> None:
        router.add("GET", "/control/permissions", self._show)
        router.add("POST", "/control/permissions", self._change)

    def require(self, action: str) -> None:
        """Raises :class:`Denied`."""
        self._used.add(action)
        if action in self._denied:
            raise Denied(f"User: {CALLER} is not authorized to perform: {action}")

    def _show(self, _request: Request) -> Response:
        return as_json({"denied": sorted(self._denied), "used": sorted(self._used)})

    def _change(self, request: Request) -> Response:
        """``{"denied": ["sns:CreateTopic"]}``: these and no others."""
        wanted = request.document().get("denied")
        if not isinstance(wanted, list):
            raise BadDocument('Give "denied", a list such as ["sns:CreateTopic"].')
        self._denied = frozenset(map(str, wanted))
        return self._show(request)

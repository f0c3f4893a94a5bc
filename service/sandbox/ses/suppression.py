"""The account's suppression list, and its calls.

https://docs.aws.amazon.com/ses/latest/dg/sending-email-suppression-list.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from ..clock import Clock
from ..web import Request, Response, as_json
from .errors import bad_request, not_found

REASONS = ("BOUNCE", "COMPLAINT")


class Suppressed(NamedTuple):
    """Why an address is on the list, and since when (seconds since 1970)."""

    reason: str
    since: float


class SuppressionList:
    """Addresses in lower case. A send to one of them is accepted, counted, and bounces."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._listed: dict[str, Suppressed] = {}

    def __contains__(self, address: object) -> bool:
        return address in self._listed

    def __iter__(self) -> Iterator[str]:
        return iter(self._listed)

    def __len__(self) -> int:
        return len(self._listed)

    def add(self, address: str, reason: str) -> None:
        self._listed[address.lower()] = Suppressed(reason, self._clock())

    def clear(self) -> None:
        self._listed.clear()

    def put(self, request: Request) -> Response:
        call = request.document()
        if call.get("Reason") not in REASONS or "@" not in str(call.get("EmailAddress", "")):
            raise bad_request("Give an EmailAddress, and a Reason of BOUNCE or COMPLAINT.")
        self.add(call["EmailAddress"], call["Reason"])
        return as_json({})

    def get(self, request: Request) -> Response:
        address = self._known(request)
        return as_json({"SuppressedDestination": self._shown(address)})

    def delete(self, request: Request) -> Response:
        del self._listed[self._known(request)]
        return as_json({})

    def list(self, request: Request) -> Response:
        """Paged: NextToken is where to go on."""
        reasons = request.query.get("Reason", list(REASONS))
        rows = [a for a, row in self._listed.items() if row.reason in reasons]
        start, size = request.number("NextToken", 0), request.number("PageSize", 100, low=1)
        page = rows[start : start + size]
        answer: dict[str, Any] = {"SuppressedDestinationSummaries": [self._shown(a) for a in page]}
        if start + size < len(rows):
            answer["NextToken"] = str(start + size)
        return as_json(answer)

    def _known(self, request: Request) -> str:
        address = request.params["address"].lower()
        if address not in self._listed:
            raise not_found(f"Email address {address} does not exist on your suppression list.")
        return address

    def _shown(self, address: str) -> dict[str, Any]:
        row = self._listed[address]
        return {"EmailAddress": address, "Reason": row.reason, "LastUpdateTime": row.since}

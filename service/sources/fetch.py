"""One safe, conditional request over its redirects: an address to bytes, or a reason in words.

Everything that a source's server can do wrong ends as :class:`FetchFailed`: it never answers, sends
for ever, inflates without end, leads in a circle, or leads into our own network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Literal

import httpcore2
import httpx2

from service.config import settings
from service.network import Deadline, GuardedTransport, RefusedAddress
from service.sources import http_dates

SECONDS = 20.0
MOST_BYTES = 15 * 1024 * 1024
MOST_REDIRECTS = 5

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})


@dataclass(frozen=True)
class Ask:
    """What is asked for. ``headers`` may hold keys: they go to ``url``'s own origin only."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: str | None = None
    last_modified: str | None = None
    allow_private: bool = False


@dataclass(frozen=True)
class Limits:
    seconds: float = SECONDS
    """For the whole of it: names, connections, redirects and the last byte."""
    most_bytes: int = MOST_BYTES
    """After decompression."""


@dataclass(frozen=True)
class Fetched:
    status: Literal["new", "unchanged"]
    body: bytes
    """Empty when unchanged."""
    final_url: str
    content_type: str = ""
    etag: str | None = None
    last_modified: str | None = None
    permanent_url: str | None = None
    """Where the address has moved for good; None when it has not."""
    retry_after: timedelta | None = None
    max_age: timedelta | None = None


FailureKind = Literal["address", "network", "timeout", "redirect", "size", "status"]


class FetchFailed(Exception):
    """Nothing usable came; ``reason`` says why in plain words.

    ``gone`` is a 410: the source said that it will not come back. ``status`` is what the server
    answered, None when nothing was.
    """

    def __init__(
        self,
        reason: str,
        kind: FailureKind,
        *,
        retry_after: timedelta | None = None,
        gone: bool = False,
        status: int | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind = kind
        self.retry_after = retry_after
        self.gone = gone
        self.status = status


Fetcher = Callable[[Ask], Fetched]


def fetch(ask: Ask, limits: Limits | None = None) -> Fetched:
    """Ask for ``ask.url`` and follow it to its answer; raises :class:`FetchFailed`."""
    limits = limits or Limits()
    transport = GuardedTransport(Deadline(limits.seconds), allow_private=ask.allow_private)
    try:
        with httpx2.Client(transport=transport, trust_env=False, timeout=None) as client:
            return _follow(client, ask, limits)
    except RefusedAddress as error:
        raise FetchFailed(
            f"The address is not on the public internet ({error}). If it is meant, set "
            "allow_private in the source's config.",
            "address",
        ) from error
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol, httpcore2.UnsupportedProtocol) as error:
        raise FetchFailed(f"The address cannot be read: {error}", "address") from error
    except (httpx2.TimeoutException, httpcore2.TimeoutException) as error:
        raise FetchFailed(
            f"No whole answer within {limits.seconds:g} seconds.", "timeout"
        ) from error
    except (httpx2.HTTPError, httpcore2.NetworkError, httpcore2.ProtocolError) as error:
        raise FetchFailed(
            f"The connection failed: {error or 'no reason given'}", "network"
        ) from error


def _follow(client: httpx2.Client, ask: Ask, limits: Limits) -> Fetched:
    url = _web_url(ask.url)
    origin = _origin(url)
    permanent = True
    for hop in range(MOST_REDIRECTS + 1):
        headers = _headers(ask, own=_origin(url) == origin)
        request = client.build_request("GET", url, headers=headers)
        response = client.send(request, stream=True, follow_redirects=False)
        try:
            if response.status_code not in _REDIRECTS:
                return _answer(response, limits, str(url) if hop and permanent else None)
            permanent = permanent and response.status_code in _PERMANENT
            url = _web_url(str(url.join(_location(response))))
        finally:
            response.close()
    raise FetchFailed(f"It redirects more than {MOST_REDIRECTS} times.", "redirect")


def _web_url(text: str) -> httpx2.URL:
    url = httpx2.URL(text)
    if url.scheme not in {"http", "https"} or not url.host:
        raise FetchFailed(f"Only http and https are read, not '{text[:200]}'.", "address")
    return url.copy_with(fragment=None)


def _origin(url: httpx2.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80)


def _location(response: httpx2.Response) -> str:
    location = response.headers.get("location")
    if not location:
        raise FetchFailed("It redirects without saying where to.", "redirect")
    return str(location)


def _headers(ask: Ask, *, own: bool) -> dict[str, str]:
    """What is sent on a hop; *own* says whether it goes to the origin that was asked for.

    Elsewhere only what any server may know: a key must not follow a redirect.
    """
    headers = {
        "User-Agent": f"Broadsheet/0.1 (+{settings().base_url})",
        "Accept-Encoding": "gzip, deflate",  # what can be inflated here, piece by piece
        "Accept": ask.headers.get("Accept", "*/*"),
    }
    if ask.etag:
        headers["If-None-Match"] = ask.etag
    if ask.last_modified:
        headers["If-Modified-Since"] = ask.last_modified
    return {**headers, **ask.headers} if own else headers


def _answer(response: httpx2.Response, limits: Limits, permanent_url: str | None) -> Fetched:
    headers = response.headers
    wait = http_dates.retry_after(headers.get("retry-after"), datetime.now(UTC))
    unchanged = response.status_code == HTTPStatus.NOT_MODIFIED
    if not (unchanged or response.is_success):
        raise FetchFailed(
            _status_reason(response.status_code),
            "status",
            retry_after=wait,
            gone=response.status_code == HTTPStatus.GONE,
            status=response.status_code,
        )
    return Fetched(
        status="unchanged" if unchanged else "new",
        body=b"" if unchanged else _read(response, limits),
        final_url=str(response.url),
        content_type=headers.get("content-type", ""),
        etag=headers.get("etag"),
        last_modified=headers.get("last-modified"),
        permanent_url=permanent_url,
        retry_after=wait,
        max_age=http_dates.max_age(headers.get("cache-control")),
    )


def _read(response: httpx2.Response, limits: Limits) -> bytes:
    """The body, inflated piece by piece so that a small bomb never grows past the limit."""
    body = bytearray()
    for piece in response.iter_bytes():
        body += piece
        if len(body) > limits.most_bytes:
            raise FetchFailed(
                f"The answer is longer than {limits.most_bytes / 2**20:g} MiB.", "size"
            )
    return bytes(body)


def _status_reason(status: int) -> str:
    known = {
        401: "The server wants a key or a password (401): set header_env in the source's config.",
        403: "The server refuses us (403): look whether it wants a key or blocks readers.",
        404: "Nothing is at this address (404): look for the source's new address.",
        410: "The source says that it is gone for good (410).",
        429: "The server asks us to come less often (429).",
    }
    if status in known:
        return known[status]
    try:
        phrase = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        phrase = str(status)
    if status >= 500:
        return f"The server has trouble of its own ({phrase})."
    return f"The server answers with {phrase}."

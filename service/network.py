"""The wire to a stranger's server: to public addresses only, and never for longer than it may.

A name is resolved once and the connection goes to what was resolved and checked. Checking first and
letting a client resolve again would leave a gap in which a name may change to 127.0.0.1 (DNS
rebinding; OWASP, Server-Side Request Forgery Prevention).
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

import httpcore2
import httpx2

_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the IPv4 address is in the last 32 bits


class RefusedAddress(Exception):
    """The name leads only to addresses that are not public; the text names one."""


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether *address* is one of the public internet.

    Not public: private, loopback, link-local, CGNAT (RFC 6598), multicast, reserved, unspecified,
    IPv4 written as IPv6, Teredo, and what NAT64 or 6to4 would carry to such an address.
    """
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped or address.is_site_local:
            return False
        if address in _NAT64:
            return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
        if address.sixtofour and not is_public(address.sixtofour):
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def resolve(host: str, port: int, *, allow_private: bool) -> list[str]:
    """The addresses behind *host* that may be connected to, the resolver's order kept.

    Raises :class:`RefusedAddress` when it has some but none that may, OSError when it has none.
    The resolver reads every spelling (``127.1``, ``0x7f000001``), so what is judged is its answer.
    """
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    found = list(dict.fromkeys(str(answer[4][0]) for answer in answers))
    allowed = [text for text in found if allow_private or is_public(ip_address(text))]
    if not allowed:
        raise RefusedAddress(f"{host} is at {found[0]}")
    return allowed


class Deadline:
    """A moment until which everything together may take."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    def left(self) -> float:
        """Seconds left; raises :class:`httpcore2.ReadTimeout` when there are none."""
        left = self._end - self._clock()
        if left <= 0:
            raise httpcore2.ReadTimeout("the time for this request is over")
        return left


class GuardedTransport(httpx2.BaseTransport):
    """A transport of httpx2 for one fetch, on :class:`GuardedNetwork`; close it afterwards."""

    def __init__(self, deadline: Deadline, *, allow_private: bool) -> None:
        self._pool = httpcore2.ConnectionPool(
            ssl_context=_tls(),
            max_keepalive_connections=0,
            network_backend=GuardedNetwork(deadline, allow_private=allow_private),
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url
        response = self._pool.handle_request(
            httpcore2.Request(
                method=request.method,
                url=httpcore2.URL(
                    scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                ),
                headers=request.headers.raw,
                content=request.read(),
            )
        )
        return httpx2.Response(
            status_code=response.status,
            headers=response.headers,
            stream=_Body(response),
            extensions=response.extensions,
        )

    def close(self) -> None:
        self._pool.close()


class GuardedNetwork(httpcore2.NetworkBackend):
    """Connects to what :func:`resolve` lets through; every wait is cut by the deadline."""

    def __init__(self, deadline: Deadline, *, allow_private: bool) -> None:
        self._deadline = deadline
        self._allow_private = allow_private
        self._sockets = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        try:
            addresses = resolve(host, port, allow_private=self._allow_private)
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError(f"the name {host} cannot be resolved ({error})") from error
        failure: Exception | None = None
        for number, address in enumerate(addresses):
            # A dead first address (IPv6 without a route) must leave time for the others.
            share = self._deadline.left() / (len(addresses) - number)
            try:
                stream = self._sockets.connect_tcp(
                    address, port, share, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
            else:
                return _TimedStream(stream, self._deadline)
        assert failure is not None
        raise failure


class _TimedStream(httpcore2.NetworkStream):
    """A stream whose every wait ends with the deadline: a byte a second is no way around it."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left())
        return _TimedStream(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Body(httpx2.SyncByteStream):
    def __init__(self, response: httpcore2.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        yield from self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """Made once: reading the certificates costs more than many a request."""
    return httpx2.create_ssl_context(trust_env=False)

"""Feeds that misbehave, each in its own way, for those who must survive them."""

from __future__ import annotations

import gzip
import threading
import zlib
from collections.abc import Callable, Iterator
from functools import cache

from ..web import HTML, Answer, Handler, Request, Response, Router, Wire

BOMB_MIB = 400
_FEED = "application/rss+xml; charset=utf-8"
_GOOD = "/news/wire/tensor-times/rss.xml"
_LATIN1 = """<?xml version="1.0" encoding="ISO-8859-1"?>
<rss version="2.0"><channel><title>Caf\u00e9 Num\u00e9rique</title><link>https://cafe.example/</link>
<description>Une lettre fran\u00e7aise</description>
<item><title>L'\u00e9t\u00e9 des mod\u00e8les d\u00e9j\u00e0 pass\u00e9 ?</title>
<link>https://cafe.example/ete</link><guid>https://cafe.example/ete</guid>
<description>Premi\u00e8re r\u00e9ponse : \u00ab peut-\u00eatre \u00bb.</description></item>
</channel></rss>
"""


def mount(router: Router, good: Callable[[], bytes], stopping: threading.Event) -> None:
    """Put them under ``/news/broken/``. *good* makes a feed that is in order."""
    fixed: dict[str, Response] = {
        "html": Response(b"<!doctype html><title>Maintenance</title><h1>Back soon</h1>", 200, HTML),
        "gone": Response(b"gone", 410, HTML),
        "busy": Response(b"slow down", 429, HTML, {"Retry-After": "120"}),
        "error": Response(b"oops", 500, HTML),
        "empty": Response(b"", 200, _FEED),
        "redirect": _moved("/news/broken/redirect-2", 301),
        "redirect-2": _moved("/news/broken/redirect-3", 301),
        "redirect-3": _moved(_GOOD, 301),
        "redirect-loop": _moved("/news/broken/redirect-loop", 302),
        "redirect-private": _moved("http://169.254.169.254/latest/meta-data/", 302),
        "latin1": Response(
            _LATIN1.encode("iso-8859-1"), 200, "application/rss+xml; charset=ISO-8859-1"
        ),
    }
    for name, response in fixed.items():
        router.add("GET", f"/news/broken/{name}", _always(response))

    def truncated(_request: Request) -> Answer:
        feed = good()
        return Response(feed[: len(feed) * 2 // 3], 200, _FEED)

    def slow(request: Request) -> Answer:
        return Wire(_slow(request.number("seconds", 60, high=3600), stopping))

    router.add("GET", "/news/broken/truncated", truncated)
    router.add("GET", "/news/broken/slow", slow)
    router.add("GET", "/news/broken/endless", lambda _: Wire(_endless(stopping)))
    router.add("GET", "/news/broken/gzip-bomb", lambda _: _bomb())


def _always(response: Response) -> Handler:
    return lambda _request: response


def _moved(to: str, status: int) -> Response:
    return Response(b"", status, HTML, {"Location": to})


def _slow(seconds: int, stopping: threading.Event) -> Iterator[bytes]:
    """One header a second, and never the last one."""
    yield b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n"
    for second in range(seconds):
        if stopping.wait(1):
            return
        yield f"X-Wait-{second}: 1\r\n".encode()


def _endless(stopping: threading.Event) -> Iterator[bytes]:
    """A well-formed start, then entries until the reader has had enough."""
    yield b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n"
    yield b"Transfer-Encoding: chunked\r\n\r\n"
    yield _chunk(b'<?xml version="1.0"?><rss version="2.0"><channel><title>For ever</title>')
    number = 0
    while not stopping.is_set():
        number += 1
        item = f"<item><title>Entry {number}</title><guid>{number}</guid></item>\n"
        yield _chunk(item.encode() * 50)


def _chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


@cache
def _bomb() -> Response:
    """Some 400 kB that inflate to hundreds of MiB, made when first asked for."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    pieces = [squeeze.compress(b'<?xml version="1.0"?><rss version="2.0"><channel><title>')]
    block = b"a" * (1024 * 1024)
    pieces += [squeeze.compress(block) for _ in range(BOMB_MIB)]
    pieces += [squeeze.compress(b"</title></channel></rss>"), squeeze.flush()]
    return Response(b"".join(pieces), 200, _FEED, {"Content-Encoding": "gzip"})


def squeezed(body: bytes) -> bytes:
    """A body as an honest server compresses it; equal in, equal out."""
    return gzip.compress(body, mtime=0)

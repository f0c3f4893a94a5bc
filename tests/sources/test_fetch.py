from __future__ import annotations

import contextlib
import gzip
import socket
import ssl
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest

from service import network
from service.sources.fetch import Ask, Fetched, FetchFailed, Limits, fetch
from tests.sources.certificates import self_signed
from tests.sources.origin import Answer, Origin, Request

pytestmark = pytest.mark.usefixtures("data_dir")


@pytest.fixture
def other() -> Iterator[Origin]:
    server = Origin()
    yield server
    server.close()


@pytest.fixture
def as_if_public(monkeypatch: pytest.MonkeyPatch) -> None:
    """127.0.0.1, where the test's server is, passes for an address of the internet."""
    judge = network.is_public

    def is_public(address: IPv4Address | IPv6Address) -> bool:
        return str(address) == "127.0.0.1" or judge(address)

    monkeypatch.setattr(network, "is_public", is_public)


def get(url: str, limits: Limits | None = None, **ask: object) -> Fetched:
    return fetch(replace(Ask(url, allow_private=True), **ask), limits)


def failure(url: str, limits: Limits | None = None, **ask: object) -> FetchFailed:
    with pytest.raises(FetchFailed) as caught:
        get(url, limits, **ask)
    return caught.value


def test_it_fetches_a_body_and_what_the_headers_say(origin: Origin) -> None:
    url = origin.feed(
        "/feed",
        b"<rss/>",
        ETag='"7"',
        Last_Modified="Fri, 20 Nov 2026 06:00:00 GMT",
        Content_Type="application/rss+xml",
        Cache_Control="max-age=600",
        Retry_After="30",
    )
    assert get(url) == Fetched(
        status="new",
        body=b"<rss/>",
        final_url=url,
        content_type="application/rss+xml",
        etag='"7"',
        last_modified="Fri, 20 Nov 2026 06:00:00 GMT",
        retry_after=timedelta(seconds=30),
        max_age=timedelta(minutes=10),
    )


def test_it_says_who_it_is_and_where_to_complain(origin: Origin) -> None:
    get(origin.feed("/feed", b"x"))
    agent = origin.requests[0].headers["user-agent"]
    assert agent == "Broadsheet/0.1 (+http://news.example.org)"


def test_it_asks_only_for_what_changed(origin: Origin) -> None:
    def page(request: Request) -> Answer:
        known = request.headers.get("if-none-match") == '"7"'
        return Answer(b"" if known else b"x", 304 if known else 200, {"ETag": '"7"'})

    origin.pages["/feed"] = page
    assert get(origin.url("/feed"), etag='"6"').status == "new"
    again = get(origin.url("/feed"), etag='"7"', last_modified="Fri, 20 Nov 2026 06:00:00 GMT")
    assert (again.status, again.body) == ("unchanged", b"")
    assert origin.requests[1].headers["if-modified-since"] == "Fri, 20 Nov 2026 06:00:00 GMT"


def test_it_inflates_a_compressed_body(origin: Origin) -> None:
    url = origin.feed("/feed", gzip.compress(b"<rss/>"), Content_Encoding="gzip")
    assert get(url).body == b"<rss/>"


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, "wants a key"),
        (403, "refuses us"),
        (404, "Nothing is at this address"),
        (410, "gone for good"),
        (418, "418 I'm a Teapot"),
        (429, "come less often"),
        (500, "500 Internal Server Error"),
        (503, "trouble of its own"),
        (599, "599"),
    ],
)
def test_it_says_in_plain_words_what_a_status_means(
    origin: Origin, status: int, reason: str
) -> None:
    origin.pages["/feed"] = Answer(status=status)
    failed = failure(origin.url("/feed"))
    assert reason in failed.reason
    assert (failed.kind, failed.gone) == ("status", status == 410)


def test_it_keeps_how_long_a_busy_server_asks_us_to_wait(origin: Origin) -> None:
    origin.pages["/feed"] = Answer(status=429, headers={"Retry-After": "120"})
    assert failure(origin.url("/feed")).retry_after == timedelta(seconds=120)


def test_it_follows_redirects_to_their_end(origin: Origin) -> None:
    url = origin.feed("/end", b"x")
    origin.redirect("/middle", "end")
    fetched = get(origin.redirect("/start", origin.url("/middle"), 307))
    assert (fetched.body, fetched.final_url, fetched.permanent_url) == (b"x", url, None)


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [(301, 308, True), (301, 302, False), (302, 301, False), (307, 303, False)],
)
def test_it_tells_a_move_for_good_from_a_detour(
    origin: Origin, first: int, second: int, kept: bool
) -> None:
    url = origin.feed("/end", b"x")
    origin.redirect("/middle", "/end", second)
    fetched = get(origin.redirect("/start", "/middle", first))
    assert fetched.permanent_url == (url if kept else None)


def test_it_gives_up_on_a_circle(origin: Origin) -> None:
    origin.redirect("/a", "/b")
    failed = failure(origin.redirect("/b", "/a"))
    assert (failed.kind, failed.reason) == ("redirect", "It redirects more than 5 times.")
    assert len(origin.requests) == 6


def test_it_refuses_a_redirect_to_nowhere(origin: Origin) -> None:
    origin.pages["/a"] = Answer(status=302)
    assert failure(origin.url("/a")).reason == "It redirects without saying where to."


def test_it_shows_a_key_to_its_own_server_only(origin: Origin, other: Origin) -> None:
    origin.redirect("/start", "/next")
    origin.redirect("/next", other.feed("/end", b"x"))
    get(origin.url("/start"), headers={"x-api-key": "secret", "Accept": "text/csv"})
    assert [r.headers.get("x-api-key") for r in origin.requests] == ["secret", "secret"]
    assert "x-api-key" not in other.requests[0].headers
    assert other.requests[0].headers["accept"] == "text/csv"


@pytest.mark.parametrize(
    "url",
    ["file:///etc/hostname", "ftp://a.example/x", "gopher://a.example", "feed", "http://", ""],
)
def test_it_reads_only_the_web(url: str) -> None:
    assert failure(url).kind == "address"


def test_it_refuses_a_redirect_that_leaves_the_web(origin: Origin) -> None:
    failed = failure(origin.redirect("/a", "file:///etc/hostname"))
    assert failed.kind == "address"
    assert "Only http and https are read" in failed.reason


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1"])
def test_it_asks_nothing_of_a_private_address(origin: Origin, host: str) -> None:
    origin.feed("/feed", b"x")
    failed = failure(origin.url("/feed", host), allow_private=False)
    assert failed.kind == "address"
    assert "not on the public internet" in failed.reason
    assert origin.requests == []


@pytest.mark.usefixtures("as_if_public")
@pytest.mark.parametrize(
    "host",
    ["127.0.0.2", "[::1]", "10.1.2.3", "169.254.169.254", "100.64.0.1", "[::ffff:127.0.0.1]"],
)
def test_it_follows_no_redirect_into_a_private_network(origin: Origin, host: str) -> None:
    url = origin.redirect("/a", origin.url("/secret", host))
    failed = failure(url, Limits(seconds=5), allow_private=False)
    assert failed.kind == "address"
    assert [request.path for request in origin.requests] == ["/a"]


def resolving(answers: list[str]) -> Callable[..., list[object]]:
    """A resolver that says something else each time it is asked for ``feeds.example``."""
    real = socket.getaddrinfo

    def getaddrinfo(host: str, port: int, *rest: int, **named: int) -> list[object]:
        return list(real(answers.pop(0) if host == "feeds.example" else host, port, *rest, **named))

    return getaddrinfo


@pytest.mark.usefixtures("as_if_public")
def test_it_connects_to_what_it_checked_though_the_name_changes(
    origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin.feed("/feed", b"x")
    answers = ["127.0.0.1", "127.0.0.2"]
    monkeypatch.setattr(socket, "getaddrinfo", resolving(answers))
    assert get(origin.url("/feed", "feeds.example"), allow_private=False).body == b"x"
    assert origin.requests[0].headers["host"] == f"feeds.example:{origin.port}"
    assert answers == ["127.0.0.2"], "the name was resolved more than once"


def test_it_says_when_a_name_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    failed = failure("http://feeds.example/feed")
    assert failed.kind == "network"
    assert "the name feeds.example cannot be resolved" in failed.reason


def test_it_says_when_nobody_listens(origin: Origin) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        failed = failure(f"http://127.0.0.1:{taken.getsockname()[1]}/feed")
    assert failed.kind == "network"
    assert "The connection failed" in failed.reason


def test_it_leaves_time_for_the_second_address_when_the_first_is_dead(
    origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin.feed("/feed", b"x")
    real = socket.getaddrinfo

    def both(host: str, port: int, *rest: int, **named: int) -> list[object]:
        hosts = ["127.0.0.2", "127.0.0.1"] if host == "feeds.example" else [host]
        return [answer for each in hosts for answer in real(each, port, *rest, **named)]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    with contextlib.ExitStack() as sockets:
        dead = sockets.enter_context(socket.socket())
        dead.bind(("127.0.0.2", origin.port))
        dead.listen(0)
        for _ in range(3):  # with its queue full, it answers nobody any more
            waiting = sockets.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.2", origin.port))
        fetched = get(origin.url("/feed", "feeds.example"), Limits(seconds=4))
    assert fetched.body == b"x"


def test_it_goes_through_no_proxy_of_the_environment(
    origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert get(origin.feed("/feed", b"x")).body == b"x"


def test_it_stops_reading_what_never_ends(origin: Origin) -> None:
    origin.pages["/feed"] = Answer(pieces=origin.drip(b"x" * 4096, 0))
    failed = failure(origin.url("/feed"), Limits(most_bytes=2**20))
    assert (failed.kind, failed.reason) == ("size", "The answer is longer than 1 MiB.")


def test_it_stops_inflating_a_bomb_before_it_fills_the_memory(origin: Origin) -> None:
    bomb = gzip.compress(bytes(100 * 2**20))
    url = origin.feed("/feed", bomb, Content_Encoding="gzip")
    tracemalloc.start()
    try:
        assert failure(url, Limits(most_bytes=2**20)).kind == "size"
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * 2**20


def test_it_stops_inflating_a_bomb_in_a_bomb(origin: Origin) -> None:
    bomb = gzip.compress(gzip.compress(bytes(50 * 2**20)))
    url = origin.feed("/feed", bomb, Content_Encoding="gzip, gzip")
    assert failure(url, Limits(most_bytes=2**20)).kind == "size"


def test_it_says_when_what_came_cannot_be_inflated(origin: Origin) -> None:
    url = origin.feed("/feed", b"no gzip at all", Content_Encoding="gzip")
    assert "The connection failed" in failure(url).reason


def test_it_waits_no_longer_than_it_may_for_a_body_that_drips(origin: Origin) -> None:
    origin.pages["/feed"] = Answer(pieces=origin.drip(b"x", 0.02))
    started = time.monotonic()
    failed = failure(origin.url("/feed"), Limits(seconds=0.4))
    assert (failed.kind, failed.reason) == ("timeout", "No whole answer within 0.4 seconds.")
    assert time.monotonic() - started < 5


def test_it_waits_no_longer_than_it_may_for_an_answer_that_never_comes() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:  # connects, and nobody accepts
        failed = failure(f"http://127.0.0.1:{server.getsockname()[1]}/", Limits(seconds=0.3))
    assert failed.kind == "timeout"


def test_it_waits_no_longer_than_it_may_for_headers_that_drip() -> None:
    def drip(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection, contextlib.suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
            while True:
                connection.sendall(b"X-More: to come\r\n")
                time.sleep(0.02)

    with socket.create_server(("127.0.0.1", 0)) as server:
        dripping = threading.Thread(target=drip, args=(server,))
        dripping.start()
        failed = failure(f"http://127.0.0.1:{server.getsockname()[1]}/", Limits(seconds=0.4))
        dripping.join()
    assert failed.kind == "timeout"


def test_it_counts_all_redirects_into_the_time(origin: Origin) -> None:
    def slow(request: Request) -> Answer:
        origin.stopping.wait(0.2)
        return Answer(status=302, headers={"Location": request.path + "x"})

    for number in range(6):
        origin.pages["/" + "x" * number] = slow
    assert failure(origin.url("/"), Limits(seconds=0.5)).kind == "timeout"


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[tuple[Origin, ssl.SSLContext]]:
    """A server on https, and what a client that trusts it goes by."""
    context, certificate = self_signed(tmp_path)
    server = Origin(context)
    yield server, ssl.create_default_context(cafile=str(certificate))
    server.close()


def test_it_speaks_tls_to_the_name_it_was_given(
    secured: tuple[Origin, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, trusting = secured
    monkeypatch.setattr(network, "_tls", lambda: trusting)
    server.feed("/feed", b"x")
    assert get(server.url("/feed", "localhost")).body == b"x"
    assert "CERTIFICATE_VERIFY_FAILED" in failure(server.url("/feed", "127.0.0.1")).reason


def test_it_trusts_no_certificate_that_nobody_signed(
    secured: tuple[Origin, ssl.SSLContext],
) -> None:
    server, _ = secured
    server.feed("/feed", b"x")
    failed = failure(server.url("/feed", "localhost"))
    assert failed.kind == "network"
    assert "CERTIFICATE_VERIFY_FAILED" in failed.reason
    assert server.requests == []

"""Feeds that misbehave do so as they were described."""

from __future__ import annotations

import socket
import xml.etree.ElementTree as ET
import zlib
from urllib.parse import urlsplit

import pytest

from service.sandbox import Sandbox

from .people import ask


@pytest.mark.parametrize(
    ("name", "status", "header", "value"),
    [
        ("html", 200, "Content-Type", "text/html; charset=utf-8"),
        ("gone", 410, "Content-Length", "4"),
        ("busy", 429, "Retry-After", "120"),
        ("error", 500, "Content-Length", "4"),
        ("empty", 200, "Content-Length", "0"),
        ("redirect-private", 302, "Location", "http://169.254.169.254/latest/meta-data/"),
        ("redirect-loop", 302, "Location", "/news/broken/redirect-loop"),
    ],
)
def test_it_answers_as_its_name_says(
    sandbox: Sandbox, name: str, status: int, header: str, value: str
) -> None:
    answer = ask(sandbox.url, f"/news/broken/{name}")
    assert (answer.status, answer.headers[header]) == (status, value)


def test_it_redirects_in_steps_to_a_good_feed(sandbox: Sandbox) -> None:
    path, hops = "/news/broken/redirect", 0
    while (answer := ask(sandbox.url, path)).status == 301:
        path, hops = answer.headers["Location"], hops + 1
    assert (answer.status, hops) == (200, 3)
    assert ET.fromstring(answer.body).tag == "rss"


def test_it_cuts_a_feed_off(sandbox: Sandbox) -> None:
    with pytest.raises(ET.ParseError):
        ET.fromstring(ask(sandbox.url, "/news/broken/truncated").body)


def test_it_writes_latin1(sandbox: Sandbox) -> None:
    body = ask(sandbox.url, "/news/broken/latin1").body
    with pytest.raises(UnicodeDecodeError):
        body.decode("utf-8")
    assert ET.fromstring(body).findtext("channel/title") == "Café Numérique"


def test_it_sends_a_small_body_that_inflates_to_hundreds_of_megabytes(sandbox: Sandbox) -> None:
    answer = ask(sandbox.url, "/news/broken/gzip-bomb")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(answer.body) < 1024 * 1024
    inflate = zlib.decompressobj(zlib.MAX_WBITS | 16)
    taken, rest = 0, answer.body
    while rest:
        taken += len(inflate.decompress(rest, 1024 * 1024))
        rest = inflate.unconsumed_tail
    assert taken > 300 * 1024 * 1024


def test_it_streams_for_as_long_as_somebody_reads(sandbox: Sandbox) -> None:
    with call(sandbox, "/news/broken/endless") as connection:
        taken = 0
        while taken < 4 * 1024 * 1024:
            piece = connection.recv(65536)
            assert piece, "the endless feed ended"
            taken += len(piece)


def test_it_never_ends_its_headers(sandbox: Sandbox) -> None:
    with call(sandbox, "/news/broken/slow?seconds=2") as connection:
        received = b""
        while piece := connection.recv(65536):
            received += piece
    assert received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"X-Wait-1" in received
    assert b"\r\n\r\n" not in received


def call(sandbox: Sandbox, path: str) -> socket.socket:
    target = urlsplit(sandbox.url)
    connection = socket.create_connection((target.hostname, target.port or 0), timeout=10)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: sandbox\r\n\r\n".encode())
    return connection

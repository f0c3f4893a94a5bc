"""The sandbox as a process, and as a server."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from service.sandbox import Sandbox

from .conftest import FRIDAY
from .people import ask, until


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_tells_where_it_listens_and_leaves_when_told(
    tmp_path: Path, number: signal.Signals
) -> None:
    ready = tmp_path / "ready"
    command = [sys.executable, "-m", "service.sandbox", "--date", "2026-11-20"]
    with subprocess.Popen(
        [*command, "--ready-file", str(ready)], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            until(ready.exists, "the ready file", 30)
            url = ready.read_text().strip()
            assert ask(url, "/control/newsroom").json()["anchor"] == "2026-11-20"
            process.send_signal(number)
            said, _ = process.communicate(timeout=10)
        finally:
            process.kill()
    assert said == f"sandbox ready on {url}\n"
    assert process.returncode == 0


def test_it_says_why_it_cannot_listen(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "service.sandbox", "--port", port]
        process = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert process.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in process.stderr


def test_it_keeps_a_connection_open_between_requests() -> None:
    with Sandbox(date=FRIDAY) as sandbox:
        target = urlsplit(sandbox.url)
        connection = HTTPConnection(target.hostname or "", target.port, timeout=5)
        for _ in range(3):
            connection.request("GET", "/control/faults")
            connection.getresponse().read()
        assert len(sandbox.server.connections()) == 1
        connection.close()


def test_it_hangs_up_on_everyone_when_it_stops() -> None:
    with Sandbox(date=FRIDAY) as sandbox:
        target = urlsplit(sandbox.url)
        connection = socket.create_connection((target.hostname, target.port or 0), timeout=5)
        connection.sendall(b"GET /news/broken/slow?seconds=60 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(1024)
    while connection.recv(1024):
        pass
    connection.close()
    with pytest.raises(ConnectionRefusedError):
        ask(sandbox.url, "/")


@pytest.mark.parametrize("body", ["[1]", "{", '"x"'])
def test_it_says_when_a_document_is_not_one(body: str) -> None:
    with Sandbox(date=FRIDAY) as sandbox:
        target = urlsplit(sandbox.url)
        connection = HTTPConnection(target.hostname or "", target.port, timeout=5)
        connection.request("POST", "/control/faults", body)
        answer = connection.getresponse()
        assert answer.status == 400
        assert b"JSON" in answer.read()
        connection.close()


def test_it_says_that_there_is_nothing_where_nothing_is() -> None:
    with Sandbox(date=FRIDAY) as sandbox:
        answer = ask(sandbox.url, "/nowhere")
        assert (answer.status, answer.headers["Content-Type"]) == (404, "application/json")

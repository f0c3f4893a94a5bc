"""Sign-up and the preference page at a steady rate, on one gunicorn over PostgreSQL.

Beside an empty Flask route on a gunicorn of the same make, asked in the same way, in turns. Latency
counts from the moment at which a request was due, so that a slow answer is not hidden by the wait
of those behind it. Two figures are shown: of all requests, and of those that the machine's own
pauses were not near. ``RATE=…`` and ``SECONDS=…`` set how much.
"""

from __future__ import annotations

import gc
import http.client
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import urlencode

from benchmarks.pauses import watched
from benchmarks.stage import add_newsletter, add_readers, stage
from benchmarks.table import Row, show
from service.audience import tokens
from service.config import apply_environment, child_environment, settings
from tests.servers.ports import free_port

RATE = int(os.environ.get("RATE", "100"))
SECONDS = float(os.environ.get("SECONDS", "10"))
ROUNDS = 3
READERS = 10_000
CLIENTS = 48
TARGET = 5

Ask = Callable[[http.client.HTTPConnection, int], http.client.HTTPResponse]


def run() -> None:
    with stage():
        # Each reader comes from an address of their own, as behind a load balancer.
        apply_environment(BROADSHEET_TRUSTED_PROXIES="1", BROADSHEET_SIGN_UPS_OVERALL="0")
        newsletter = add_newsletter()
        add_readers(newsletter, 1, READERS)
        with (
            gunicorn("service.web.app:serve()") as ours,
            gunicorn("benchmarks.empty:create_app()") as empty,
        ):
            ways = {"empty": (empty, _empty), "sign-up": (ours, _sign_up(ours)),
                    "preference page": (ours, _preferences)}  # fmt: skip
            for port, ask in ways.values():
                at_rate(port, ask, range(RATE))
            found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
            gc.collect()
            gc.freeze()  # a pause of the one who asks would count as one of who answers
            with watched() as pauses:
                for turn in range(1, ROUNDS + 1):
                    numbers = range(turn * 1_000_000, turn * 1_000_000 + int(RATE * SECONDS))
                    for name, (port, ask) in ways.items():
                        found[name] += at_rate(port, ask, numbers)
    every = {name: [seconds for _, seconds in times] for name, times in found.items()}
    quiet = {name: pauses.undisturbed(times) for name, times in found.items()}
    left_out = 1 - sum(map(len, quiet.values())) / sum(map(len, every.values()))
    _show(0.5, every, "")
    _show(0.99, every, f" (target: {TARGET} times)")
    if not pauses.known:
        print("  Whether the machine itself paused is unknown: run it as root to know.")
        return
    _show(0.99, quiet, f", without the {left_out:.0%} that a pause of the machine was near")


def _show(share: float, found: dict[str, list[float]], more: str) -> None:
    least = at(found["empty"], share)
    show(
        f"{RATE} requests a second on one gunicorn, PostgreSQL: {share:.0%} are answered within"
        + more,
        [
            Row(name, at(times, share) * 1e6, least * 1e6, "empty Flask route")
            for name, times in found.items()
            if name != "empty"
        ],
    )


def at(times: Sequence[float], share: float) -> float:
    return sorted(times)[int(len(times) * share)]


def at_rate(port: int, ask: Ask, numbers: Sequence[int]) -> list[tuple[float, float]]:
    """Ask once for each of *numbers*, RATE a second; when each was due, and seconds from then."""
    start, mine = time.perf_counter() + 0.1, threading.local()

    def one(place: int) -> tuple[float, float]:
        if not hasattr(mine, "connection"):
            mine.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        due = start + place / RATE
        time.sleep(max(due - time.perf_counter(), 0))
        answer = ask(mine.connection, numbers[place])
        body = answer.read()
        if answer.status >= 400:
            raise RuntimeError(f"{answer.status}: {body[:300]!r}")
        return due, time.perf_counter() - due

    with ThreadPoolExecutor(CLIENTS) as clients:
        return list(clients.map(one, range(len(numbers))))


def _empty(connection: http.client.HTTPConnection, number: int) -> http.client.HTTPResponse:
    connection.request("GET", "/")
    return connection.getresponse()


def _preferences(connection: http.client.HTTPConnection, number: int) -> http.client.HTTPResponse:
    token = tokens.sign(settings().secret, "preferences", number * 7919 % READERS + 1)
    connection.request("GET", f"/preferences/{token}", headers=_from(number))
    return connection.getresponse()


def _sign_up(port: int) -> Ask:
    """The form as a browser has it, filled in by many."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/n/report/")
    answer = connection.getresponse()
    cookie = (answer.getheader("Set-Cookie") or "").partition(";")[0]
    page = answer.read().decode()
    connection.close()
    form = page[page.index("<form") : page.index("</form>")]
    hidden = {
        name: value
        for name, value in re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', form)
        if name not in {"email", "website"}
    }
    time.sleep(2)  # no program: it took its time

    def ask(connection: http.client.HTTPConnection, number: int) -> http.client.HTTPResponse:
        email = f"new{number}@example{number % 5000}.org"
        headers = {
            **_from(number),
            "Cookie": cookie,
            "Content-Type": "application/x-www-form-urlencoded",
        }
        body = urlencode({**hidden, "email": email})
        connection.request("POST", "/n/report/subscribe", body, headers)
        return connection.getresponse()

    return ask


def _from(number: int) -> dict[str, str]:
    return {"X-Forwarded-For": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"}


@contextmanager
def gunicorn(app: str) -> Iterator[int]:
    port = free_port()
    process = subprocess.Popen(
        [
            sys.executable, "-m", "gunicorn", app, "--bind", f"127.0.0.1:{port}",
            "--worker-class", "gthread", "--workers", str(settings().web_processes),
            "--threads", str(settings().web_threads), "--preload",
            "--keep-alive", "30", "--log-level", "error", "--no-control-socket",
        ],
        env=child_environment(),
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 30
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{app} did not start")
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/")
        connection.getresponse().read()
    except OSError:
        return False
    finally:
        connection.close()
    return True

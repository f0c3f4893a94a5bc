"""The supervisor with small children of the tests' own: what it does when they misbehave."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from service.cli.supervisor.children import Child
from service.cli.supervisor.lock import AlreadyRunning, take_lock
from service.cli.supervisor.undertaker import end_groups
from service.cli.supervisor.watch import MAX_DEATHS, GivenUp, Supervisor
from tests.cli.process import until


class Watched:
    """A supervisor, and what it said."""

    def __init__(self, folder: Path) -> None:
        self.lock = take_lock(folder)
        self.said: list[str] = []
        self.supervisor = Supervisor(self.lock, log_folder=folder / "log", say=self.said.append)


@pytest.fixture
def watched(data_dir: Path) -> Iterator[Watched]:
    made = Watched(data_dir)
    with made.supervisor:
        yield made
    os.close(made.lock)


def child(name: str, code: str, ready: Callable[[], bool] = lambda: True) -> Child:
    return Child(name, [sys.executable, "-c", code], ready=ready)


SLEEPS = "import time; time.sleep(600)"


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def await_end_of(pid: int) -> None:
    until(lambda: not alive(pid), f"process {pid} ended")


def test_it_gives_up_on_a_child_that_keeps_dying(watched: Watched) -> None:
    watched.supervisor.start(child("web", "import sys; sys.exit('the port is taken')"))
    with pytest.raises(GivenUp) as told:
        watch_on(watched.supervisor)
    first, *last_words = str(told.value).splitlines()
    assert first.startswith(f"web died {MAX_DEATHS} times in 60 s, so everything was stopped.")
    assert last_words == ["the port is taken"] * MAX_DEATHS
    waits = [line.rpartition("in ")[2] for line in watched.said]
    assert waits == ["0.5 s.", "1 s.", "2 s.", "4 s."]


def watch_on(supervisor: Supervisor) -> None:
    """Rounds of :meth:`check` whose pauses pass quickly, until it gives up."""
    now = time.monotonic()
    deadline = now + 30
    while time.monotonic() < deadline:
        now += 0.5
        supervisor.check(now)
        time.sleep(0.02)


def test_it_goes_on_with_a_child_that_dies_now_and_then(watched: Watched) -> None:
    watched.supervisor.start(child("worker", SLEEPS))
    now = time.monotonic()
    for _ in range(MAX_DEATHS * 2):
        pid = watched.supervisor.pid_of("worker")
        os.kill(pid, signal.SIGKILL)
        await_end_of(pid)
        watched.supervisor.check(now)
        now += 30
        watched.supervisor.check(now)
        assert watched.supervisor.pid_of("worker") != pid
    assert alive(watched.supervisor.pid_of("worker"))


def test_it_gives_up_on_a_child_that_ends_before_it_is_ready(watched: Watched) -> None:
    with pytest.raises(GivenUp, match=r"redis ended with 3, so everything was stopped\."):
        watched.supervisor.start(child("redis", "raise SystemExit(3)", ready=lambda: False))


def test_it_gives_up_on_a_child_that_is_never_ready(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.cli.supervisor.watch.READY_SECONDS", 0.2)
    with pytest.raises(GivenUp, match="redis was not ready in 0 s"):
        watched.supervisor.start(child("redis", SLEEPS, ready=lambda: False))


def test_it_ends_the_children_of_a_child_that_died(watched: Watched, tmp_path: Path) -> None:
    told = tmp_path / "pid"
    watched.supervisor.start(
        child(
            "worker",
            "import subprocess, sys, pathlib\n"
            f"p = subprocess.Popen([sys.executable, '-c', {SLEEPS!r}])\n"
            f"pathlib.Path({str(told)!r}).write_text(str(p.pid))\n"
            f"{SLEEPS}",
        )
    )
    until(lambda: told.exists() and told.read_text(), "the grandchild's id")
    grandchild = int(told.read_text())
    os.kill(watched.supervisor.pid_of("worker"), signal.SIGKILL)
    await_end_of(watched.supervisor.pid_of("worker"))
    watched.supervisor.check()
    assert watched.said == ["worker ended with -9; starting it again in 0.5 s."]
    assert not alive(grandchild)


def test_it_stops_redis_last_and_lets_the_others_finish(data_dir: Path, tmp_path: Path) -> None:
    told = tmp_path / "told"
    told.mkdir()

    def slow(name: str, seconds: float) -> Child:
        return child(
            name,
            "import signal, sys, time, pathlib\n"
            f"folder = pathlib.Path({str(told)!r})\n"
            "def stop(*_):\n"
            f"    time.sleep({seconds})\n"
            f"    (folder / '{name}').write_text(str(time.monotonic()))\n"
            "    sys.exit()\n"
            "signal.signal(signal.SIGTERM, stop)\n"
            f"(folder / '{name}-ready').touch()\n"
            f"{SLEEPS}",
            ready=(told / f"{name}-ready").exists,
        )

    lock = take_lock(data_dir)
    with Supervisor(lock, say=lambda _: None) as supervisor:
        for one in (slow("redis", 0), slow("web", 0.3), slow("worker", 0.6)):
            supervisor.start(one)
    ended = {name: float((told / name).read_text()) for name in ("redis", "web", "worker")}
    assert ended["redis"] > max(ended["web"], ended["worker"])
    os.close(lock)


def test_it_ends_who_does_not_stop_in_time(data_dir: Path) -> None:
    said: list[str] = []
    lock = take_lock(data_dir)
    deaf = (
        "import signal, time, sys\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "open(sys.argv[1], 'w').close()\ntime.sleep(600)"
    )
    ready = data_dir / "deaf"
    with Supervisor(lock, say=said.append) as supervisor:
        command = [sys.executable, "-c", deaf, str(ready)]
        supervisor.start(Child("worker", command, ready=ready.exists, stop_seconds=0.3))
        pid = supervisor.pid_of("worker")
    assert not alive(pid)
    assert said == ["worker did not stop in time and was ended."]
    os.close(lock)


def test_it_ends_nobody_twice() -> None:
    end_groups([], drain=0)
    end_groups([2**22 + 1], drain=0)  # above the largest process id of Linux


def test_it_lets_one_supervise_a_folder(data_dir: Path) -> None:
    held = take_lock(data_dir)
    with pytest.raises(AlreadyRunning, match=rf"already runs on .*\(process {os.getpid()}\)"):
        take_lock(data_dir)
    os.close(held)
    os.close(take_lock(data_dir))

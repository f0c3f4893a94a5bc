"""``broadsheet up``: the whole service as processes, and that it leaves none behind."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from service.cli import main
from service.config import settings
from tests.cli.process import Installation, until

Said = Callable[[str], list[str]]


@pytest.fixture
def said(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Said:
    """The lines that a command in this process ends with, refused for its settings."""

    def lines(command: str) -> list[str]:
        settings.cache_clear()
        monkeypatch.setattr(sys, "argv", ["broadsheet", command])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        return printed.err.splitlines()

    return lines


def healthy(installation: Installation) -> bool:
    try:
        return httpx2.get(f"{installation.url}/healthz", timeout=5).status_code == 200
    except httpx2.HTTPError:
        return False


def test_it_runs_the_service_until_ctrl_c(installation: Installation) -> None:
    up = installation.up()
    up.wait_for(f"Broadsheet is running at {installation.url}")
    up.wait_for("Nobody can log in yet: `broadsheet user add YOUR-ADDRESS` makes an owner.")
    until(lambda: healthy(installation), "/healthz answers 200")
    until(lambda: len(installation.named("celery")) >= 3, "a worker, its child and beat")
    for part in ("redis-server", "gunicorn", "supervisor.undertaker"):
        assert installation.named(part), f"{part} is not seen: nobody would miss it at the end"

    second = installation.run("up")
    assert second.returncode == 1
    assert second.stderr.startswith(
        f"Error: Broadsheet already runs on {installation.data_dir} (process {up.process.pid})."
    )
    assert healthy(installation), "the second `up` disturbed the first"

    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(60) == 0, up.said
    assert installation.processes() == {}
    assert up.said.endswith("Stopped.\n")
    assert "Traceback" not in up.said
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(f"{installation.url}/healthz")


def test_it_leaves_no_orphan_when_it_is_killed(installation: Installation) -> None:
    up = installation.up()
    up.wait_for("Broadsheet is running")
    until(lambda: healthy(installation), "/healthz answers 200")
    up.process.kill()
    up.process.wait()
    killed = time.monotonic()
    until(lambda: not installation.processes(), "the last process ended", 30)
    assert time.monotonic() - killed < 15, "it took the undertaker too long"

    again = installation.up()  # the folder is free, whatever the kill left in it
    again.wait_for("Broadsheet is running")
    until(lambda: healthy(installation), "/healthz answers 200")
    again.process.terminate()
    assert again.process.wait(60) == 0
    assert installation.processes() == {}


def test_it_starts_a_killed_worker_again(installation: Installation) -> None:
    up = installation.up()
    up.wait_for("Broadsheet is running")
    until(lambda: len(installation.named("-Q collect,")) >= 2, "a worker and its child")
    old = installation.named("-Q collect,")
    os.kill(min(old), signal.SIGKILL)
    up.wait_for("worker ended with -9; starting it again in 0.5 s.")
    until(
        lambda: len(set(installation.named("-Q collect,")) - set(old)) >= 2,
        "another worker and its child",
    )
    assert not set(old) & set(installation.processes()), "the dead worker's children live on"
    assert healthy(installation)
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(60) == 0
    assert installation.processes() == {}


def test_it_stops_though_the_undertaker_was_killed(installation: Installation) -> None:
    up = installation.up()
    up.wait_for("Broadsheet is running")
    [undertaker] = installation.named("supervisor.undertaker")
    os.kill(undertaker, signal.SIGKILL)
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(60) == 0, up.said
    assert installation.processes() == {}


def test_it_says_which_port_is_busy(installation: Installation) -> None:
    with socket.create_server(("127.0.0.1", installation.port)):
        done = installation.run("up")
    assert done.returncode == 1
    assert done.stderr == (
        f"Error: 127.0.0.1:{installation.port} cannot be listened on (Address already in use). "
        "Set BROADSHEET_BIND and BROADSHEET_BASE_URL to a free port.\n"
    )
    assert installation.processes() == {}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("BROADSHEET_BIND", "127.0.0.1:70000", "127.0.0.1:70000 cannot be listened on"),
        ("BROADSHEET_REDIS_URL", "redis://u:secret@127.0.0.1:1/0", "Redis at redis://127.0.0.1:1"),
        (
            "BROADSHEET_DATABASE_URL",
            "postgresql+psycopg://u:secret@127.0.0.1:1/x",
            "The database at postgresql+psycopg://127.0.0.1:1/x cannot be used",
        ),
    ],
)
def test_it_says_what_it_cannot_reach(
    installation: Installation, name: str, value: str, said: str
) -> None:
    done = installation.run("up", **{name: value})
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: {said}")
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr
    assert installation.processes() == {}


def test_it_says_which_folder_it_cannot_write_to(installation: Installation) -> None:
    blocked = installation.folder / "a file"
    blocked.touch()
    done = installation.run("up", BROADSHEET_DATA_DIR=str(blocked / "data"))
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: {blocked / 'data'} cannot be written to (")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BATCH_SIZE", "0"),
        ("BATCH_SIZE", "many"),
        ("BASE_URL", "news.example.org"),
        ("TRANSPORT", "pigeon"),
        ("RATE_SHARE", "1.5"),
        ("DATABASE_URL", "mysql://127.0.0.1/x"),
        ("SMTP_URL", "mail.example.org:25"),
    ],
)
@pytest.mark.parametrize("command", ["up", "status"])
def test_it_says_in_a_line_which_setting_is_wrong(
    said: Said, monkeypatch: pytest.MonkeyPatch, data_dir: Path, name: str, value: str, command: str
) -> None:
    monkeypatch.setenv("BROADSHEET_DATA_DIR", str(data_dir / "new"))
    monkeypatch.setenv("BROADSHEET_TRANSPORT", "smtp" if name == "SMTP_URL" else "ses")
    monkeypatch.setenv(f"BROADSHEET_{name}", value)
    [line] = said(command)
    assert line.startswith(f"BROADSHEET_{name}: ")
    assert not list(data_dir.iterdir()), "nothing is to be made before the settings are right"


def test_it_names_every_wrong_setting(said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROADSHEET_BATCH_SIZE", "0")
    monkeypatch.setenv("BROADSHEET_TICK_SECONDS", "-1")
    assert [line.partition(":")[0] for line in said("status")] == [
        "BROADSHEET_BATCH_SIZE",
        "BROADSHEET_TICK_SECONDS",
    ]


def test_it_says_what_commands_there_are(tmp_path: Path) -> None:
    done = Installation(tmp_path).run("--help")
    assert done.returncode == 0
    assert "demo" in done.stdout
    for command in ("up", "load", "send", "status", "import", "user", "db"):
        assert f"\n  {command} " in done.stdout

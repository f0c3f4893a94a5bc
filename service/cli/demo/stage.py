"""The sandbox and the service, together in a folder of the demo's own."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import sys
from pathlib import Path

from service.cli.supervisor.children import Child
from service.cli.supervisor.lock import take_lock
from service.cli.supervisor.watch import Supervisor
from service.cli.up import start_service
from service.config import apply_environment, settings

MARK = ".broadsheet-demo"
WEB_PORT, SANDBOX_PORT = 8000, 8025


class BadFolder(RuntimeError):
    """The folder holds something that the demo did not make."""


class Stage:
    """Use as a context. The sandbox runs from the beginning; :meth:`open` starts the service."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._prepare_folder()
        sandbox_port, web_port = free_port(SANDBOX_PORT), free_port(WEB_PORT)
        self.sandbox_url = f"http://127.0.0.1:{sandbox_port}"
        self.site_url = f"http://127.0.0.1:{web_port}"
        self._set_environment(web_port)
        self.supervisor = Supervisor(take_lock(self.folder), log_folder=self.folder / "logs")
        self._sandbox = self._sandbox_child(sandbox_port)

    def __enter__(self) -> Stage:
        try:
            self.supervisor.start(self._sandbox)
        except BaseException:
            self.supervisor.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        from service.db import close_engine

        close_engine()
        self.supervisor.stop()

    def open(self) -> None:
        """Start Redis, the web app, a worker, beat and the reader of events."""
        start_service(self.supervisor, settings())

    def _prepare_folder(self) -> None:
        if self.folder.exists() and any(self.folder.iterdir()):
            if not (self.folder / MARK).exists():
                raise BadFolder(
                    f"{self.folder} is not empty and the demo did not make it. Name another folder "
                    "with --dir."
                )
            os.close(take_lock(self.folder))  # not while a demo runs on it
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / MARK).touch()

    def _set_environment(self, web_port: int) -> None:
        """The embedded default and the sandbox, whatever the operator's own settings are."""
        apply_environment(
            BROADSHEET_DATA_DIR=str(self.folder),
            BROADSHEET_DATABASE_URL="",
            BROADSHEET_REDIS_URL="",
            BROADSHEET_SECRET_KEY=secrets.token_urlsafe(32),
            BROADSHEET_BIND=f"127.0.0.1:{web_port}",
            BROADSHEET_BASE_URL=self.site_url,
            BROADSHEET_TRUSTED_PROXIES="0",
            BROADSHEET_TRANSPORT="ses",
            BROADSHEET_SES_MODE="bulk",
            BROADSHEET_SES_CONFIGURATION_SET="broadsheet",
            BROADSHEET_SQS_QUEUE_URL=f"{self.sandbox_url}/000000000000/broadsheet-events",
            BROADSHEET_SNS_TOPIC_ARNS="",
            BROADSHEET_TICK_SECONDS="2",
            BROADSHEET_UNDO_SECONDS="2",
            BROADSHEET_ALLOW_PRIVATE_SOURCES="true",
            NEWSROOM_API_KEY="demo",
            AWS_ENDPOINT_URL_SESV2=self.sandbox_url,
            AWS_ENDPOINT_URL_SQS=self.sandbox_url,
            AWS_ENDPOINT_URL_SNS=self.sandbox_url,
            AWS_ACCESS_KEY_ID="demo",
            AWS_SECRET_ACCESS_KEY="demo",  # noqa: S106 (the sandbox takes any)
            AWS_SESSION_TOKEN=None,
            AWS_PROFILE=None,
            AWS_REGION="us-east-1",
        )

    def _sandbox_child(self, port: int) -> Child:
        ready = self.folder / "sandbox.url"
        return Child(
            "sandbox",
            [
                sys.executable, "-m", "service.sandbox",
                "--host", "127.0.0.1", "--port", str(port), "--ready-file", str(ready),
            ],
            ready=ready.exists,
            stop_seconds=10,
        )  # fmt: skip


def free_port(wanted: int) -> int:
    """*wanted* when nobody listens on it, else some free port."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found: int = probe.getsockname()[1]
            return found
    raise BadFolder("No free port was found on 127.0.0.1.")

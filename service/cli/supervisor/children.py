"""Which processes make up the service, and how each is started. The Procfile says the same."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from service.cli.supervisor.redis_server import find_redis, redis_command
from service.config import Settings
from service.doorbell import QUEUES, Bell


@dataclass(frozen=True)
class Child:
    """A process to keep running. ``ready`` says when the next one may start."""

    name: str
    command: list[str]
    ready: Callable[[], bool] = lambda: True
    stop_seconds: float = 30.0
    """How long it may take to drain after SIGTERM."""
    environment: Mapping[str, str] = field(default_factory=dict)


def private_redis(settings: Settings) -> Child:
    """The embedded default's Redis. It is the first to start and the last to stop."""
    path = settings.redis_socket
    path.unlink(missing_ok=True)  # left by a kill; whoever holds the lock owns it
    return Child(
        "redis",
        redis_command(find_redis(), path, settings.data_dir.resolve() / "redis"),
        ready=lambda: redis_answers(settings.redis),
        stop_seconds=10,
    )


def redis_answers(url: str) -> bool:
    """Whether the Redis at *url* answers a PING now."""
    client = Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1)
    try:
        return bool(client.ping())
    except (RedisError, OSError):
        return False
    finally:
        client.close()


def listens(bind: str) -> bool:
    """Whether somebody answers at *bind* (``host:port``; a socket's path counts as answering)."""
    host, _, port = bind.rpartition(":")
    if not host or not port.isdigit():
        return True
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=1).close()
    except OSError:
        return False
    return True


def service_children(settings: Settings) -> list[Child]:
    """Web, worker, beat, and the reader of SES's events where a queue is set."""
    python = [sys.executable, "-m"]
    celery = [*python, "celery", "--quiet", "-A", "workers.app"]
    children = [
        Child(
            "web",
            [
                *python, "gunicorn", "service.web.app:serve()",
                "--bind", settings.bind,
                "--worker-class", "gthread",
                "--workers", str(settings.web_processes),
                "--threads", str(settings.web_threads),
                "--preload",
                "--graceful-timeout", "15",
                "--log-level", "warning",
                "--no-control-socket",
            ],
            ready=lambda: listens(settings.bind),
        ),
        # Service mail has a process of its own: the others may all be busy with an issue.
        _worker("worker", celery, set(QUEUES.values()) - {QUEUES[Bell.NOTICE]}),
        _worker("notices", celery, {QUEUES[Bell.NOTICE]}, "--concurrency", "1"),
        Child(
            "beat",
            [
                *celery, "beat",
                "--pidfile", "",
                "--loglevel", "WARNING",
            ],
            stop_seconds=10,
        ),
    ]  # fmt: skip
    if settings.sqs_queue_url:
        children.append(Child("events", [*python, "service.cli", "events"]))
    return children


def _worker(name: str, celery: list[str], queues: set[str], *more: str) -> Child:
    return Child(
        name,
        [
            *celery, "worker", "-Q", ",".join(sorted(queues)), *more,
            "--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO",
        ],
    )  # fmt: skip


def log_path(folder: Path, child: Child) -> Path:
    return folder / f"{child.name}.log"

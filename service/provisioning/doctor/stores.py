"""The database and Redis. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from service.provisioning.doctor.finding import (
    Finding,
    Status,
    Unread,
    failed,
    ok,
    unknown,
    warning,
)

DATABASE, REDIS = "database", "Redis"
POSTGRESQL, SQLITE = "PostgreSQL", "SQLite"


@dataclass(frozen=True)
class Database:
    kind: str
    current: bool
    """Whether its schema is this version's."""


@dataclass(frozen=True)
class Redis:
    """*policy* and *lasting* are None when Redis does not tell."""

    version: str
    policy: str | None
    max_memory: int
    """Bytes; 0 is not limited."""
    lasting: bool | None
    """Whether it writes to disk."""


def judge_database(found: Database | Unread) -> Finding:
    if isinstance(found, Unread):
        return Finding(DATABASE, Status.FAILED if found.certain else Status.UNKNOWN, found.reason)
    if not found.current:
        said = f"{found.kind} answers; its schema is not this version's."
        return failed(DATABASE, said, "Run `broadsheet db upgrade`.")
    return ok(DATABASE, f"{found.kind} answers, its schema is current.")


def judge_redis(found: Redis | Unread) -> Finding:
    if isinstance(found, Unread):
        return Finding(REDIS, Status.FAILED if found.certain else Status.UNKNOWN, found.reason)
    if found.policy is None:
        return unknown(REDIS, Unread("It answers, and does not tell its maxmemory-policy."))
    if found.policy != "noeviction":
        said = f"It drops keys when memory is short (maxmemory-policy {found.policy})."
        todo = "Set maxmemory-policy noeviction: a dropped key is a pace forgotten."
        # Without a limit there is nothing to evict for, until someone sets one.
        return (failed if found.max_memory else warning)(REDIS, said, todo)
    if found.lasting is None:
        return unknown(REDIS, Unread("It answers, and does not tell whether it writes to disk."))
    if not found.lasting:
        said = "It keeps nothing on disk: after a restart work waits for the next tick."
        return warning(REDIS, said, "Set appendonly yes.")
    return ok(REDIS, f"Redis {found.version} answers, evicts nothing, and writes to disk.")

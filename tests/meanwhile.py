"""What somebody else does in the middle of a transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError


class Told(Exception):
    """As a driver raises it."""

    def __init__(self, sqlstate: str | None) -> None:
        self.sqlstate = sqlstate


def lose_a_deadlock() -> None:
    raise OperationalError("INSERT", {}, Told("40P01"))


def just_before(database: Engine, statement: str, act: Callable[[], None]) -> None:
    """Have *act* done by somebody else, once, before the first statement that begins like this."""
    to_do = [act]

    def meanwhile(_c: Any, _cursor: Any, sql: str, *_: Any) -> None:
        if to_do and sql.startswith(statement):
            to_do.pop()()

    event.listen(database, "before_cursor_execute", meanwhile)

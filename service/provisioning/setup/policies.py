"""Put our statement into a resource's policy, and leave alone what others put there. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

VERSION = "2012-10-17"


@dataclass(frozen=True)
class Merged:
    """*text* is the policy to set, None when it is right already; *dropped* names statements."""

    text: str | None
    dropped: tuple[str, ...] = ()


def new(statement: Mapping[str, Any]) -> str:
    """A policy of one statement."""
    return json.dumps({"Version": VERSION, "Statement": [statement]})


def with_statement(
    policy: str, ours: Mapping[str, Any], *, nobody_else_may: str | None = None
) -> Merged:
    """*policy* with *ours* in it, in place of an older one of the same Sid.

    Statements that let anyone do *nobody_else_may* (``sqs:SendMessage``) are dropped.
    """
    document, statements = _read(policy)
    kept, dropped = [], []
    for statement in statements:
        if _same(statement, ours):
            continue
        if statement.get("Sid") == ours["Sid"]:
            continue
        if nobody_else_may and _grants(statement, nobody_else_may):
            dropped.append(str(statement.get("Sid") or "one without a Sid"))
        else:
            kept.append(statement)
    if not dropped and len(kept) == len(statements) - 1 and any(_same(s, ours) for s in statements):
        return Merged(None)
    text = json.dumps({"Version": VERSION, **document, "Statement": [*kept, ours]})
    return Merged(text, tuple(dropped))


def _read(policy: str) -> tuple[dict[str, Any], Sequence[dict[str, Any]]]:
    document = json.loads(policy) if policy else {}
    statements = document.pop("Statement", [])
    return document, [statements] if isinstance(statements, dict) else statements


def _grants(statement: Mapping[str, Any], action: str) -> bool:
    if statement.get("Effect") != "Allow":
        return False
    if "NotAction" in statement:
        return True
    return any(fnmatchcase(action.lower(), str(a).lower()) for a in _listed(statement["Action"]))


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return bool(_plain(one) == _plain(other))


def _plain(value: Any) -> Any:
    """A list of one and its only member mean the same, and AWS gives back either."""
    if isinstance(value, Mapping):
        return {str(key).lower(): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return _plain(value[0]) if len(value) == 1 else sorted(map(str, value))
    return value


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]

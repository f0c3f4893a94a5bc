"""Whether a resource's policy lets an AWS service do something: the part of IAM that is met here.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

_LIKE = {"StringLike", "ArnLike", "ArnEquals"}  # ArnEquals and ArnLike behave alike
_EQUAL = {"StringEquals"}


@lru_cache(maxsize=1024)
def allows(
    policy: str, *, service: str, action: str, resource: str, context: tuple[tuple[str, str], ...]
) -> bool:
    """Whether *service* (``sns.amazonaws.com``) may do *action*. A deny goes before every allow.

    *context* holds condition keys and their values. No policy allows nothing.
    """
    said = {name.lower(): value for name, value in context}
    effects = [
        statement.get("Effect")
        for statement in _statements(policy)
        if _speaks_of(statement, service, action, resource, said)
    ]
    return "Allow" in effects and "Deny" not in effects


def _statements(policy: str) -> list[dict[str, Any]]:
    if not policy:
        return []
    found = json.loads(policy).get("Statement", [])
    return [found] if isinstance(found, dict) else list(found)


def _speaks_of(
    statement: Mapping[str, Any], service: str, action: str, resource: str, said: Mapping[str, str]
) -> bool:
    principal = statement.get("Principal", {})
    who = ["*"] if principal == "*" else _listed(principal.get("Service"))
    anyone = principal == "*" or "*" in _listed(principal.get("AWS"))
    return (
        (anyone or service in who)
        and any(fnmatchcase(action.lower(), a.lower()) for a in _listed(statement.get("Action")))
        and any(fnmatchcase(resource, r) for r in _listed(statement.get("Resource", "*")))
        and all(_holds(test, asked, said) for test, asked in statement.get("Condition", {}).items())
    )


def _holds(test: str, asked: Mapping[str, Any], said: Mapping[str, str]) -> bool:
    """A condition that is not known never holds."""
    for key, wanted in asked.items():
        value = said.get(key.lower())
        if value is None or test not in _LIKE | _EQUAL:
            return False
        match = fnmatchcase if test in _LIKE else str.__eq__
        if not any(match(value, str(each)) for each in _listed(wanted)):
            return False
    return True


def _listed(value: object) -> list[str]:
    if value is None:
        return []
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]

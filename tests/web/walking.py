"""Every address of the application, with something real behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Any

from flask import Flask
from sqlalchemy import select
from werkzeug.routing import Rule

from service.audience import tokens
from service.config import settings
from service.db import Base, session_scope

OWN: dict[str, tokens.Purpose] = {
    "address": "address",
    "confirm": "confirm",
    "data": "data",
    "preferences": "preferences",
    "unsubscribe": "unsubscribe",
    "admin": "password",
}
"""The purpose that an address's token must have, by its first word."""


@dataclass(frozen=True)
class Around:
    """What the addresses are about."""

    subscription_id: int
    issue_id: int
    at: datetime

    def token(self, purpose: tokens.Purpose) -> str:
        return tokens.sign(settings().secret, purpose, *self.numbers(purpose))

    def numbers(self, purpose: tokens.Purpose) -> tuple[int, ...]:
        stamp = (tokens.stamp(self.at),) if purpose in ("confirm", "undo", "password") else ()
        return (self.subscription_id, *stamp)


def purpose_of(rule: Rule) -> tokens.Purpose | None:
    """Of the token in the address; None where it has none."""
    return OWN[rule.rule.split("/")[1]] if "token" in rule.arguments else None


def rules(app: Flask, method: str, *, admin: bool) -> list[Rule]:
    """Of readers' pages and programs' doors, or of the admin; the API has tests of its own,
    and files are files."""
    return [
        rule
        for rule in app.url_map.iter_rules()
        if method in (rule.methods or ())
        and not rule.rule.startswith(("/api/", "/static/"))
        and rule.endpoint.startswith("admin.") == admin
    ]


def addresses(app: Flask, rule: Rule, around: Around) -> Iterator[str]:
    """Each form of the address: ``any(…)`` has several."""
    offered = [_offered(rule, name, around) for name in sorted(rule.arguments)]
    with app.test_request_context():
        adapter = app.url_map.bind("")
        for chosen in product(*offered):
            yield adapter.build(
                rule.endpoint, dict(zip(sorted(rule.arguments), chosen, strict=True))
            )


def _offered(rule: Rule, name: str, around: Around) -> list[Any]:
    converter = rule._converters[name]
    if items := getattr(converter, "items", None):
        return list(items)
    purpose = purpose_of(rule)
    known: dict[str, Any] = {
        "newsletter": "report",
        "section": "labs",
        "source": "lab",
        "number": 7,
        "issue_id": around.issue_id,
        "token": around.token(purpose) if purpose else "",
    }
    return [known.get(name, 1)]


def everything() -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables."""
    with session_scope() as session:
        return {
            table.name: [
                tuple(row) for row in session.execute(select(table).order_by(*table.primary_key))
            ]
            for table in Base.metadata.sorted_tables
        }

"""Whom an issue would reach, counted for as many readers as there are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from service.models import Issue, IssueKind, IssueState, Newsletter
from service.web.admin.issue.reach import reach_of


def nodes(plan: dict[str, Any], asked_of_each: bool = False) -> Iterator[tuple[str, bool]]:
    """The tables that a plan looks into, and whether it does so within a subquery of a row's."""
    asked_of_each = asked_of_each or plan.get("Parent Relationship") == "SubPlan"
    if "Relation Name" in plan:
        yield plan["Relation Name"], asked_of_each
    for part in plan.get("Plans", ()):
        yield from nodes(part, asked_of_each)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_it_looks_through_the_tagged_once_and_not_for_each_reader(
    database: Engine, newsletter: Newsletter, now: datetime
) -> None:
    """Half a million tagged among a million kept the page before a send busy without end."""
    told: list[tuple[str, Any]] = []

    def hear(_c: Any, _u: Any, statement: str, values: Any, *_: Any) -> None:
        told.append((statement, values))

    with Session(database) as session:
        issue = Issue(
            newsletter_id=newsletter.id, kind=IssueKind.MANUAL, state=IssueState.DRAFT, number=1,
            subject="s", created_at=now, segment={"tags": ["beta"], "without_tags": ["vip"]},
        )  # fmt: skip
        session.add(issue)
        session.flush()
        event.listen(database, "before_cursor_execute", hear)
        reach_of(session, issue, now)
        event.remove(database, "before_cursor_execute", hear)
        seen = set()
        for statement, values in told:
            explained = session.connection().exec_driver_sql(
                f"EXPLAIN (FORMAT JSON) {statement}", values
            )
            (answer,) = explained.scalars()
            plan = json.loads(answer) if isinstance(answer, str) else answer
            seen |= set(nodes(plan[0]["Plan"]))
    assert ("subscriber_tag", False) in seen
    assert ("subscriber_tag", True) not in seen

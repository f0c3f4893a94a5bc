"""The collector against the sandbox's newsroom: what the demo reads, and what misbehaves there."""

from __future__ import annotations

import tomllib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

import service.newsletters
from service.db import session_scope
from service.models import Item, Snapshot, Source
from service.sandbox import Sandbox
from service.sources.collect import collect_source
from service.sources.due import due_sources
from service.sources.fetch import Limits, fetch
from tests.sources.conftest import AddSource

DEMO = Path(service.newsletters.__file__).parent / "examples" / "demo.toml"


def demo_sources(newsroom: str) -> list[dict[str, Any]]:
    text = DEMO.read_text(encoding="utf-8").replace("{newsroom}", newsroom)
    sources: list[dict[str, Any]] = tomllib.loads(text)["sources"]
    return sources


def collect_due(now: datetime) -> dict[str, str]:
    """Collect everything that is due; how it came out, by slug."""
    with session_scope() as session:
        ids = due_sources(session, now)
    reports = [collect_source(source_id, now) for source_id in ids]
    return {report.source: report.reason or report.outcome for report in reports}


@pytest.mark.usefixtures("database")
def test_it_collects_everything_that_the_demo_reads(
    sandbox: Sandbox, add_source: AddSource, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEWSROOM_API_KEY", "anything")
    slugs = [add_described(add_source, fields) for fields in demo_sources(sandbox.url)]
    assert collect_due(now) == dict.fromkeys(slugs, "new")
    again = collect_due(now + timedelta(days=1))
    assert again == dict.fromkeys(slugs, "unchanged")
    with session_scope() as session:
        counts = (
            select(Source.kind, func.count(Item.id.distinct()), func.count(Snapshot.id.distinct()))
            .outerjoin(Item, Item.source_id == Source.id)
            .outerjoin(Snapshot, Snapshot.source_id == Source.id)
            .group_by(Source.slug, Source.kind)
        )
        for kind, items, snapshots in session.execute(counts):
            assert (items > 0, snapshots) == (
                (False, 2) if kind in {"table", "github"} else (True, 0)
            )


def add_described(add_source: AddSource, fields: dict[str, Any]) -> str:
    described = {"config": {}, **fields}
    described.pop("name")
    described.pop("section")
    add_source(**described)
    return str(fields["slug"])


@pytest.mark.parametrize(
    ("name", "outcome", "reason"),
    [
        ("html", "failed", "web page where a feed should be"),
        ("truncated", "new", "The feed was cut off"),
        ("endless", "failed", "longer than 1 MiB"),
        ("gzip-bomb", "failed", "longer than 1 MiB"),
        ("gone", "failed", "gone for good"),
        ("busy", "failed", "come less often"),
        ("error", "failed", "trouble of its own"),
        ("slow", "failed", "No whole answer within 2 seconds"),
        ("empty", "failed", "The answer is empty"),
        ("redirect", "new", ""),
        ("redirect-loop", "failed", "redirects more than 5 times"),
        ("latin1", "new", ""),
    ],
)
def test_it_survives_a_feed_that_misbehaves(
    sandbox: Sandbox,
    add_source: AddSource,
    now: datetime,
    name: str,
    outcome: str,
    reason: str,
) -> None:
    source_id = add_source(f"{sandbox.url}/news/broken/{name}")
    limits = Limits(seconds=2 if name == "slow" else 60, most_bytes=2**20)
    report = collect_source(source_id, now, fetcher=lambda ask: fetch(ask, limits))
    assert (report.outcome, reason in report.reason) == (outcome, True), report

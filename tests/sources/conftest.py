"""Fixtures of the sources: a web server whose answers a test sets, and sources that read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from service.db import session_scope
from service.models import Newsletter, Source
from tests.sources.origin import Origin

DATA = Path(__file__).parent / "data"

AddSource = Callable[..., int]


@pytest.fixture
def origin() -> Iterator[Origin]:
    server = Origin()
    yield server
    server.close()


@pytest.fixture
def add_source(database: Engine, now: datetime) -> AddSource:
    """Adds a source to a newsletter; its id. It may be on this machine unless ``config`` says."""
    with session_scope() as session:
        newsletter = Newsletter(
            slug="daily",
            name="The Daily Parser",
            from_name="The Daily Parser",
            from_address="news@example.org",
            postal_address="1 Harbour Road, Bristol",
            created_at=now,
        )
        session.add(newsletter)
        session.flush()
        newsletter_id = newsletter.id

    def add(url: str, kind: str = "feed", slug: str = "acme", **fields: Any) -> int:
        fields["config"] = {"allow_private": True, **fields.get("config", {})}
        with session_scope() as session:
            source = Source(
                newsletter_id=newsletter_id,
                slug=slug,
                kind=kind,
                name="Acme Research",
                url=url,
                section="labs",
                **fields,
            )
            session.add(source)
            session.flush()
            return source.id

    return add

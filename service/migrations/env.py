"""How Alembic reaches the database: the engine that its caller put into the configuration."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Engine, text

import service.models  # noqa: F401  (registers every table)
from service.db import Base

ADVISORY_LOCK = 7_233_981


def run(engine: Engine) -> None:
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=connection.dialect.name == "sqlite",
            compare_type=True,
        )
        with context.begin_transaction():
            if connection.dialect.name == "postgresql":
                # Two processes that start together must not both create the tables; SQLite's
                # BEGIN IMMEDIATE already sees to that.
                connection.execute(text(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})"))
            context.run_migrations()


run(context.config.attributes["engine"])

"""The schema's history. ``upgrade()`` is what ``broadsheet db upgrade`` and ``up`` call."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine


def config(engine: Engine) -> Config:
    """Alembic's configuration, made here: an ``alembic.ini`` would be a second place to look."""
    found = Config()
    found.set_main_option("script_location", str(Path(__file__).parent))
    found.attributes["engine"] = engine
    return found


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the schema up to *revision*. Safe to call from several processes at once."""
    command.upgrade(config(engine), revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Take the schema back to *revision* (``base`` for nothing at all)."""
    command.downgrade(config(engine), revision)


def is_current(engine: Engine) -> bool:
    """Whether the database stands at the newest revision."""
    newest = ScriptDirectory.from_config(config(engine)).get_current_head()
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == newest

"""The schema's history runs both ways, and ends at what the rows say."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect

from service import migrations
from service.db import Base


def test_it_holds_exactly_what_the_models_say(database: Engine) -> None:
    with database.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    assert migrations.is_current(database)


def test_it_goes_down_to_nothing_and_up_again(database: Engine) -> None:
    migrations.downgrade(database, "base")
    assert set(inspect(database).get_table_names()) == {"alembic_version"}
    assert not migrations.is_current(database)
    migrations.upgrade(database)
    assert set(inspect(database).get_table_names()) == {*Base.metadata.tables, "alembic_version"}

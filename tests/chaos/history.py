"""What every delivery went through, written down by PostgreSQL itself beside the service's back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, text

from service.models import DeliveryState

MAKE = """
CREATE TABLE chaos_history (
    issue_id bigint, delivery_id bigint, attempt int, resends int, state text,
    begun timestamptz, at timestamptz
);
CREATE INDEX ON chaos_history (issue_id);
CREATE FUNCTION chaos_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO chaos_history
    SELECT issue_id, id, attempt, resends, state, now(), clock_timestamp() FROM changed;
    RETURN NULL;
END $$;
CREATE TRIGGER chaos_note AFTER UPDATE ON delivery
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION chaos_note();
"""

READ = """
SELECT delivery_id, attempt, resends, state, begun, at FROM chaos_history
WHERE issue_id = :issue ORDER BY at
"""


@dataclass(frozen=True)
class Change:
    """One row's change: what it became. ``begun`` is when its transaction began."""

    delivery_id: int
    attempt: int
    resends: int
    state: DeliveryState
    begun: datetime
    at: datetime


def keep_history(engine: Engine) -> None:
    """Note every change of a delivery from now on."""
    with engine.begin() as connection:
        connection.exec_driver_sql(MAKE)


def history(engine: Engine, issue_id: int) -> list[Change]:
    """The changes of an issue's deliveries, oldest first."""
    with engine.connect() as connection:
        rows = connection.execute(text(READ), {"issue": issue_id}).all()
    return [
        Change(row[0], row[1], row[2], DeliveryState(row[3]), row.begun, row.at) for row in rows
    ]

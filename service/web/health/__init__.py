"""Whether the process lives, whether it can serve, and a few numbers for an operator's graphs."""

from __future__ import annotations

from collections.abc import Iterator

import structlog
from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from service.config import settings
from service.db import read_scope
from service.models import (
    Delivery,
    DeliveryState,
    Event,
    EventOutcome,
    Issue,
    Notice,
    Source,
    SourceState,
)
from service.provisioning.doctor.base_url import SITE_HEADER

log = structlog.get_logger(__name__)
health = Blueprint("health", __name__)

UNSETTLED = (DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.UNKNOWN)


@health.get("/healthz")
def alive() -> Response:
    """The process answers, and says of which installation it is; it asks nobody else."""
    ours = {SITE_HEADER: settings().site}
    return Response("alive\n", headers=ours, content_type="text/plain; charset=utf-8")


@health.get("/readyz")
def ready() -> Response:
    """The database answers too, so requests may come."""
    try:
        with read_scope() as session:
            session.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        log.warning("web.not_ready", error=str(error))
        said = "The database does not answer.\n"
        return Response(said, status=503, content_type="text/plain; charset=utf-8")
    return Response("ready\n", content_type="text/plain; charset=utf-8")


@health.get("/metrics")
def metrics() -> Response:
    """Prometheus' text format. Holds no number that tells how many readers there are."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Backlog())
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class Backlog(Collector):
    """What waits, what is uncertain and what fails, asked of the database at each scrape."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        with read_scope() as session:
            yield _by_state(session, "broadsheet_issues", "Issues by state", Issue)
            yield _by_state(session, "broadsheet_notices", "Service mail by state", Notice)
            deliveries = GaugeMetricFamily(
                "broadsheet_deliveries_unsettled",
                "Deliveries that wait, are being sent or have an unknown outcome",
                labels=["state"],
            )
            for state in UNSETTLED:
                query = select(func.count()).where(Delivery.state == state)
                deliveries.add_metric([state.value], session.execute(query).scalar_one())
            yield deliveries
            waiting = select(func.count()).where(Event.outcome == EventOutcome.WAITING)
            yield GaugeMetricFamily(
                "broadsheet_events_waiting",
                "Events of SES that are stored and not yet applied",
                value=session.execute(waiting).scalar_one(),
            )
            failing = select(func.count()).where(
                Source.state == SourceState.ACTIVE, Source.failures > 0
            )
            yield GaugeMetricFamily(
                "broadsheet_sources_failing",
                "Sources whose last check failed",
                value=session.execute(failing).scalar_one(),
            )


def _by_state(
    session: Session, name: str, help_text: str, row: type[Issue | Notice]
) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, help_text, labels=["state"])
    for state, number in session.execute(select(row.state, func.count()).group_by(row.state)):
        gauge.add_metric([state.value], number)
    return gauge

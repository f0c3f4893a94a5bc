"""Whether the process lives, whether it can serve, and a few numbers for an operator's graphs."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv6Address, ip_address

import structlog
from flask import Blueprint, Response, request
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
    DeliveryBatch,
    DeliveryState,
    Event,
    EventOutcome,
    Issue,
    IssueState,
    Notice,
    Source,
    SourceState,
)
from service.network import is_public
from service.provisioning.doctor.base_url import SITE_HEADER

log = structlog.get_logger(__name__)
health = Blueprint("health", __name__)

SETTLED = (IssueState.DRAFT, IssueState.SKIPPED, IssueState.SENT)
"""Issues in these states have no delivery that waits or is uncertain: service.delivery.finish."""

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
    """Prometheus' text format, for who asks from the house: while an issue goes, what is unsettled
    tells how many readers there are, and to count it is work that nobody else may order."""
    if is_abroad(request.remote_addr):
        said = "Ask from the machine itself, or from a private address.\n"
        return Response(said, status=403, content_type="text/plain; charset=utf-8")
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Backlog())
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def is_abroad(address: str | None) -> bool:
    """Whether *address* is one of the public internet. Pure."""
    try:
        asker = ip_address(address or "")
    except ValueError:
        return False  # a socket of this machine
    mapped = asker.ipv4_mapped if isinstance(asker, IPv6Address) else None
    return is_public(mapped or asker)


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
            # By the batches of issues that are open: through all that was ever sent it would read
            # for minutes.
            open_batches = select(DeliveryBatch.id).join(Issue, Issue.id == DeliveryBatch.issue_id)
            open_batches = open_batches.where(Issue.state.not_in(SETTLED))
            for state in UNSETTLED:
                query = select(func.count()).where(
                    Delivery.batch_id.in_(open_batches), Delivery.state == state
                )
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

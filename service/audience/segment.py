"""Those readers of an earlier issue whose mail held a certain thing: to whom a correction goes."""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists

from service.models import Delivery, DeliveryBatch, DeliveryState, Subscription
from service.models.document import Value

NOT_GONE = frozenset({DeliveryState.QUEUED, DeliveryState.SKIPPED, DeliveryState.REJECTED})
"""In all other states the reader has the message, or may have it."""


class Segment(Value):
    """Kept as JSON in ``Issue.segment``."""

    issue: int
    """The earlier issue's id."""
    variants: tuple[int, ...]
    """Ids of those of its renderings that held it."""
    about: str = ""
    """What it was, such as the title of an entry; '' for the whole issue."""


def got(segment: Segment) -> ColumnElement[bool]:
    """Whether the reader of a ``Subscription`` got, or may have got, one of those renderings."""
    return exists().where(
        Delivery.issue_id == segment.issue,
        Delivery.subscriber_id == Subscription.subscriber_id,
        Delivery.state.not_in(NOT_GONE),
        DeliveryBatch.id == Delivery.batch_id,
        DeliveryBatch.variant_id.in_(segment.variants),
    )

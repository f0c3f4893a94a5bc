"""Keep the opens and clicks of newsletters that have tracking on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from service.config import settings
from service.events.batch import Told
from service.events.machines import Click, by_itself, in_a_burst
from service.models import Interaction, InteractionKind

OF_ONE_READER = frozenset({"unsubscribe", "preferences", "confirm"})
"""First parts of the paths of our pages whose second part says who the reader is."""


def keep(session: Session, told: Sequence[Told], now: datetime) -> None:
    """Write an ``Interaction`` for each, and say of those of machines that they are."""
    if not told:
        return
    base_url = settings().base_url
    rows = []
    for one in told:
        touch = one.event.touch
        assert touch is not None
        click = touch.kind is InteractionKind.CLICK
        rows.append(
            {
                "delivery_id": one.row.id,
                "issue_id": one.row.issue_id,
                "kind": touch.kind,
                "at": touch.at or now,
                "url": without_token(touch.url, base_url) if click else None,
                "machine": by_itself(touch),
            }
        )
    session.execute(insert(Interaction), rows)
    _mark_bursts(session, {one.row.id for one in told if one.event.kind == "Click"})


def without_token(url: str, base_url: str) -> str:
    """*url*, unless it is a reader's own link: then without what follows the page's name. Pure.

    Whoever holds the rest of such a link may unsubscribe the reader, so it is not kept around.
    """
    if not url.startswith(f"{base_url}/"):
        return url
    page = urlsplit(url[len(base_url) :]).path.split("/")[1]
    return f"{base_url}/{page}/" if page in OF_ONE_READER else url


def _mark_bursts(session: Session, delivery_ids: Iterable[int]) -> None:
    """Clicks come in one by one, so those of a burst that were kept before are marked as well."""
    clicks: dict[int, list[Click]] = defaultdict(list)
    for delivery_id, click_id, at, url in session.execute(
        select(Interaction.delivery_id, Interaction.id, Interaction.at, Interaction.url).where(
            Interaction.delivery_id.in_(list(delivery_ids)),
            Interaction.kind == InteractionKind.CLICK,
        )
    ):
        clicks[delivery_id].append(Click(click_id, at, url or ""))
    found = [click_id for of_one in clicks.values() for click_id in in_a_burst(of_one)]
    if found:
        session.execute(update(Interaction).where(Interaction.id.in_(found)).values(machine=True))

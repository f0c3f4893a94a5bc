"""A reader's data are deleted in the middle of a request for them, at every moment of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, event, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from service.audience.addresses import parse_address
from service.audience.data_link import ask_for_data
from service.audience.erasure import erase
from service.audience.joining import Reader, add_confirmed
from service.audience.moving import ask_to_move
from service.db import session_scope
from service.models import Newsletter, Notice, NoticeKind, Subscriber, Subscription
from service.web.asking import now
from tests.web.browsing import csrf_of, link

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
MOST = 80
"""Statements of a request: more than any has."""


class Moments:
    """Counts the statements of a request, and does *act* right before one of them."""

    def __init__(self, database: Engine) -> None:
        self.seen, self.wanted = 0, -1
        self.act: Callable[[], None] = lambda: None
        self._busy = False
        event.listen(database, "before_cursor_execute", self._hear)

    def _hear(self, *_: Any) -> None:
        if self._busy:
            return
        self.seen += 1
        if self.seen == self.wanted:
            self._busy = True
            self.act()
            self._busy = False

    def each(self, request: Callable[[int], int]) -> Iterator[tuple[int, int]]:
        """The status for each moment, until the request is over before it."""
        for moment in range(1, MOST):
            self.wanted = -1
            status = request(moment)
            yield moment, status
            if self.seen < moment:
                return
        raise AssertionError("a request of more statements than expected")


def newcomer(newsletter: Newsletter, number: int) -> tuple[int, dict[str, str]]:
    """Somebody with a link to each page of theirs."""
    with session_scope() as session:
        who = Reader(parse_address(f"reader{number}@example.org"))
        add_confirmed(session, session.merge(newsletter, load=False), who, now())
        row = session.scalars(select(Subscription).order_by(Subscription.id.desc())).first()
        assert row is not None
        ask_for_data(session, row, now())
        ask_to_move(session, row, f"new{number}@example.org", now())
        session.flush()
        mails = session.scalars(select(Notice).where(Notice.subscription_id == row.id)).all()
        paths = {it.kind: it.payload["path"] for it in mails if "path" in it.payload}
        return row.subscriber_id, {
            "data": paths[NoticeKind.MY_DATA],
            "address": paths[NoticeKind.CHANGE_ADDRESS],
            "preferences": link("preferences", row.id),
            "unsubscribe": link("unsubscribe", row.id),
        }


def delete(database: Engine, subscriber_id: int) -> bool:
    """By themselves, in another tab; False when the request has got hold of their row first."""
    with Session(database) as session:
        session.execute(text("SET LOCAL lock_timeout = '30ms'"))
        try:
            if reader := session.get(Subscriber, subscriber_id):
                erase(session, reader, now())
            session.commit()
        except OperationalError as error:
            if "lock timeout" not in str(error):
                raise
            return False
    return True


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("method", "page", "more"),
    [
        ("GET", "data", ""),
        ("GET", "data", "/my-data.json"),
        ("POST", "data", "/delete"),
        ("GET", "address", ""),
        ("POST", "address", ""),
        ("GET", "preferences", ""),
        ("POST", "preferences", "/data"),
        ("GET", "unsubscribe", ""),
        ("POST", "unsubscribe", ""),
    ],
)
def test_it_breaks_at_no_moment(
    method: str, page: str, more: str, client: FlaskClient, database: Engine, newsletter: Newsletter
) -> None:
    moments, deleted = Moments(database), []

    def ask(moment: int) -> int:
        reader, links = newcomer(newsletter, moment)
        form = {}
        if method == "POST":
            form = {"csrf_token": csrf_of(client.get(links[page]).text)}
        moments.act = lambda: deleted.append(delete(database, reader))
        moments.seen, moments.wanted = 0, moment
        return client.open(links[page] + more, method=method, data=form).status_code

    told = dict(moments.each(ask))
    assert set(told.values()) <= {200, 303, 404}, told
    assert deleted[0], "nobody was deleted: nothing is shown by it"

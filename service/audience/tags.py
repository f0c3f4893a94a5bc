"""Words that editors put on readers, to find them or to write to them by."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import cast

from sqlalchemy import CursorResult, Select, Table, delete, literal, select
from sqlalchemy.orm import Session

from service.audience.in_use import values_in_use
from service.db import dialect_of, insert_ignoring, insert_into
from service.models import SubscriberTag

LONGEST = 64
_TAG = re.compile(r"[^\W_][\w.:/+&-]*(?: [\w.:/+&-]+)*")

MOST_OF_ONE = 50


class BadTag(ValueError):
    """Not a tag; the text says what is one."""


def clean_tag(text: str) -> str:
    """A tag as it is kept: lower case, single spaces. Raises :class:`BadTag`.

    A comma parts tags in files and forms, so none holds one.
    """
    tag = " ".join(text.split()).lower()
    if not tag:
        raise BadTag("a tag needs at least one letter or digit, such as beta")
    if len(tag) > LONGEST:
        raise BadTag(f"a tag has at most {LONGEST} characters")
    if not _TAG.fullmatch(tag):
        raise BadTag(
            f"“{tag}” cannot be a tag: begin with a letter or a digit and use letters, digits, "
            "spaces and . : / + & - _"
        )
    return tag


def clean_tags(text: str) -> tuple[str, ...]:
    """The tags in ``beta, early reader``, each once. Raises :class:`BadTag`."""
    return tuple(sorted({clean_tag(part) for part in text.split(",") if part.strip()}))


def tags_of(session: Session, subscriber_ids: Iterable[int]) -> dict[int, list[str]]:
    """The tags of each of some hundreds of subscribers, in their order."""
    found: dict[int, list[str]] = {}
    for subscriber_id, tag in session.execute(
        select(SubscriberTag.subscriber_id, SubscriberTag.tag)
        .where(SubscriberTag.subscriber_id.in_(list(subscriber_ids)))
        .order_by(SubscriberTag.tag)
    ):
        found.setdefault(subscriber_id, []).append(tag)
    return found


def known_tags(session: Session, most: int = 200) -> list[str]:
    """The tags in use, in their order, at most so many."""
    return values_in_use(session, SubscriberTag.tag, most)


def tag(session: Session, subscriber_id: int, tags: Iterable[str]) -> int:
    """Put clean *tags* on one subscriber; how many are new."""
    rows = [{"subscriber_id": subscriber_id, "tag": one} for one in tags]
    here = len(tags_of(session, [subscriber_id]).get(subscriber_id, []))
    if here + len(rows) > MOST_OF_ONE:
        raise BadTag(f"One reader has at most {MOST_OF_ONE} tags.")
    return insert_ignoring(session, cast("Table", SubscriberTag.__table__), rows)


def untag(session: Session, subscriber_id: int, tag: str) -> bool:
    """Take a tag off one subscriber; False when it was not there."""
    gone = session.execute(
        delete(SubscriberTag).where(
            SubscriberTag.subscriber_id == subscriber_id, SubscriberTag.tag == tag
        )
    )
    return cast("CursorResult[tuple[()]]", gone).rowcount > 0


def tag_all(session: Session, subscribers: Select[int], tag: str) -> int:
    """Put a clean *tag* on all of *subscribers* (a query for their ids), in one statement.

    How many are new: who has it already keeps it.
    """
    chosen = subscribers.distinct().subquery()
    rows = select(chosen.c[0], literal(tag))
    table = cast("Table", SubscriberTag.__table__)
    # SQLite takes "ON" after a SELECT for a join's, unless a WHERE comes first.
    statement = insert_into(dialect_of(session), table).from_select(
        ["subscriber_id", "tag"], rows.where(chosen.c[0] > 0)
    )
    done = session.execute(
        statement.on_conflict_do_nothing().execution_options(preserve_rowcount=True)
    )
    return cast("CursorResult[tuple[()]]", done).rowcount


def untag_all(session: Session, subscribers: Select[int], tag: str) -> int:
    """Take *tag* off all of *subscribers*, in one statement; how many had it."""
    chosen = subscribers.subquery()
    gone = session.execute(
        delete(SubscriberTag)
        .where(SubscriberTag.tag == tag, SubscriberTag.subscriber_id.in_(select(chosen.c[0])))
        .execution_options(synchronize_session=False)
    )
    return cast("CursorResult[tuple[()]]", gone).rowcount

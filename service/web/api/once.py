"""``Idempotency-Key``: a request that is sent again is answered again, and done once.

A key is claimed in a transaction of its own, so that a second request finds the first one under
way; its answer is written in the very transaction of what it did. A claim without an answer after
two minutes is a process that died before it committed anything: the next request takes it over.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from flask import Request, Response
from sqlalchemy import ColumnElement, CursorResult, Table, and_, delete, select, update
from sqlalchemy.orm import Session

from service.db import insert_ignoring, session_scope
from service.models import IdempotencyKey
from service.staff.tokens import KEYS_KEPT_FOR
from service.web.problems import KEY_USED, UNDER_WAY, UNREADABLE, Problem

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
LONGEST_REQUEST = timedelta(minutes=2)
KEPT_HEADERS = ("Location", "ETag")

_KEY = re.compile(r"[!-~]{1,255}")


@dataclass
class Claim:
    """A key that this request holds; ``answer`` is set when an earlier one was answered."""

    id: int
    since: datetime
    answer: Response | None = None


def key_of(request: Request) -> str | None:
    """The key that a request carries, None without one; raises a :class:`Problem`."""
    key = request.headers.get(HEADER)
    if key is not None and not _KEY.fullmatch(key):
        raise Problem(
            UNREADABLE, f"{HEADER}: give 1 to 255 printable ASCII characters without spaces."
        )
    return key


def fingerprint(request: Request) -> str:
    """What makes two requests the same: method, address and body."""
    said = f"{request.method} {request.full_path}\n".encode() + request.get_data()
    return hashlib.sha256(said).hexdigest()


@contextmanager
def claimed(token_id: int, key: str, request_hash: str, now: datetime) -> Iterator[Claim]:
    """Hold *key* while the request is done; given back when it came to nothing."""
    claim = _claim(token_id, key, request_hash, now)
    try:
        yield claim
    except BaseException:
        with session_scope() as session:
            session.execute(
                delete(IdempotencyKey).where(_is_held_by(claim)),
            )
        raise


def keep(session: Session, claim: Claim, response: Response) -> None:
    """Write the answer down, in the transaction of what it answers.

    A request so slow that another took its key over ends here, and nothing that it did is kept.
    """
    kept = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    written = session.execute(
        update(IdempotencyKey)
        .where(_is_held_by(claim))
        .values(
            status=response.status_code,
            body=json.dumps({"headers": kept, "body": response.get_data(as_text=True)}),
        )
    )
    assert isinstance(written, CursorResult)
    if not written.rowcount:
        raise Problem(UNDER_WAY, headers={"Retry-After": "1"})


def _is_held_by(claim: Claim) -> ColumnElement[bool]:
    return and_(
        IdempotencyKey.id == claim.id,
        IdempotencyKey.status.is_(None),
        IdempotencyKey.created_at == claim.since,
    )


def _claim(token_id: int, key: str, request_hash: str, now: datetime) -> Claim:
    with session_scope() as session:
        row = {
            "token_id": token_id,
            "key": key,
            "request_hash": request_hash,
            "body": "",
            "created_at": now,
        }
        new = insert_ignoring(session, cast("Table", IdempotencyKey.__table__), [row])
        found = session.scalars(
            select(IdempotencyKey)
            .where(IdempotencyKey.token_id == token_id, IdempotencyKey.key == key)
            .with_for_update()
        ).one_or_none()
        if found is None:  # given back between the two
            raise Problem(UNDER_WAY, headers={"Retry-After": "1"})
        if new:
            return Claim(found.id, now)
        if found.created_at < now - KEYS_KEPT_FOR:
            found.request_hash, found.created_at = request_hash, now
            found.status, found.body = None, ""
            return Claim(found.id, now)
        if found.request_hash != request_hash:
            raise Problem(KEY_USED)
        if found.status is not None:
            return Claim(found.id, now, _again(found))
        if found.created_at > now - LONGEST_REQUEST:
            raise Problem(UNDER_WAY, headers={"Retry-After": "1"})
        found.created_at = now
        return Claim(found.id, now)


def _again(kept: IdempotencyKey) -> Response:
    said = json.loads(kept.body)
    response = Response(said["body"], status=kept.status, content_type="application/json")
    response.headers.update(said["headers"])
    response.headers[REPLAYED] = "true"
    return response

"""Answers that are the same for everybody: kept by caches, and asked for again at little cost.

RFC 9110 § 13 (conditional requests) and RFC 9111 (caching).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from flask import Flask, Request, Response, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from itsdangerous import BadSignature
from sqlalchemy import inspect
from werkzeug.http import is_resource_modified

import service
from service.models import Newsletter


class Sessions(SecureCookieSessionInterface):
    """Sets no cookie, and no ``Vary: Cookie``, on what is said to be the same for everybody.

    Reads one of any age, also below zero: where several machines answer, one's clock may be some
    milliseconds before another's, and who logs in there is sent on to here at once. How long a
    login holds is said by its row.
    """

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        signed = request.cookies.get(self.get_cookie_name(app), "")
        serializer = self.get_signing_serializer(app)
        try:
            return self.session_class(serializer.loads(signed) if serializer and signed else None)
        except BadSignature:
            return self.session_class()

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if not response.cache_control.public:
            super().save_session(app, session, response)


def answer(
    newsletter: Newsletter,
    issues: Sequence[tuple[int, datetime]],
    body: Callable[[], str],
    *,
    seconds: int,
    content_type: str = "text/html; charset=utf-8",
) -> Response:
    """What *body* makes of *newsletter* and *issues* (id, moment it began to go), or a 304.

    *body* is called only when the asker does not hold the answer already. Caches may keep it for
    *seconds* without asking.
    """
    etag = _etag(newsletter, issues)
    modified = max((began for _, began in issues), default=newsletter.created_at)
    if is_resource_modified(request.environ, etag=etag, last_modified=modified):
        response = Response(body(), content_type=content_type)
    else:
        response = Response(status=304)
        del response.headers["Content-Type"]
    response.set_etag(etag)
    response.last_modified = modified
    response.cache_control.public = True
    response.cache_control.max_age = seconds
    return response


def _etag(newsletter: Newsletter, issues: Sequence[tuple[int, datetime]]) -> str:
    """Changes with the newsletter's row, the issues shown, the address asked, and our own code.

    An issue that has begun to go never changes, so that its id and moment stand for all of it.
    """
    columns = inspect(Newsletter).columns
    row = [(column.key, getattr(newsletter, column.key)) for column in columns]
    told = repr((request.full_path, row, list(issues), _code_changed()))
    return hashlib.sha256(told.encode()).hexdigest()[:32]


@lru_cache(maxsize=1)
def _code_changed() -> int:
    """When our newest file was written: pages of another release are other pages."""
    root = Path(service.__file__).parent
    files = (path for path in root.rglob("*") if "__pycache__" not in path.parts)
    return max(path.stat().st_mtime_ns for path in files)

"""The address that was typed a moment ago, kept in the browser that typed it.

In a signed cookie of its own: a form on another site posts here without our session cookie, and
setting that one anew would log an editor out.
"""

from __future__ import annotations

from datetime import timedelta

from flask import request
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.wrappers import Response

from service.config import settings
from service.web.asking import now

COOKIE = "broadsheet-asked"
SECONDS = 3600


def remember(response: Response, newsletter: str, typed: str, *, asked: bool = False) -> Response:
    """Keep what was *typed* for this newsletter's pages, for an hour.

    *asked* says that a message was asked for by it: only then may it be asked for once more without
    the form, which has traps and a proof of work.
    """
    response.set_cookie(
        COOKIE,
        _signer(newsletter).dumps([typed, asked]),
        max_age=SECONDS,
        path=f"/n/{newsletter}/",
        secure=settings().base_url.startswith("https://"),
        httponly=True,
        samesite="Lax",
    )
    return response


def typed(newsletter: str) -> str:
    """What was typed here within the hour; '' when nothing was, or the cookie is not ours."""
    return _kept(newsletter)[0]


def asked_for(newsletter: str) -> str:
    """As :func:`typed`; '' also when no message was asked for by it."""
    address, asked = _kept(newsletter)
    return address if asked else ""


def _kept(newsletter: str) -> tuple[str, bool]:
    try:
        (address, asked), at = _signer(newsletter).loads(
            request.cookies.get(COOKIE, ""), return_timestamp=True
        )
    except (BadData, ValueError):
        return "", False
    # No age is too young: another machine's clock may be before ours, and the reader comes at once.
    if now() - at > timedelta(seconds=SECONDS):
        return "", False
    return str(address), bool(asked)


def _signer(newsletter: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(settings().secret, salt=f"asked for {newsletter}")

"""Browsers that were logged in to an account before: a cookie for each account, with a number.

Whose login it is no news of, and whom no stranger's wrong passwords shut out. It opens nothing.
"""

from __future__ import annotations

import secrets

from flask import Response, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from service.audience import tokens
from service.config import settings
from service.staff.lockout import Origin
from service.web.limits import network

KNOWN_FOR = 365 * 86400
"""Seconds."""


def origin_of(user_id: int) -> Origin:
    """Where a try to log in to that account comes from."""
    number = known_as(user_id)
    if number is None:
        return Origin.of_network(network(request.remote_addr), request.remote_addr)
    return Origin.of_browser(number, request.remote_addr)


def known_as(user_id: int) -> int | None:
    """The number by which this browser is known to the account; None for a stranger."""
    cookie = request.cookies.get(_name(user_id), "")
    try:
        known, number = tokens.read(settings().secret, "browser", cookie, count=2)
    except tokens.BadToken:
        return None
    return number if known == user_id else None


def remember(response: Response | AnyResponse, user_id: int) -> None:
    """Let this browser be known from now on, by the number that it has or a new one."""
    number = known_as(user_id)
    response.set_cookie(
        _name(user_id),
        tokens.sign(
            settings().secret,
            "browser",
            user_id,
            secrets.randbits(62) if number is None else number,
        ),
        max_age=KNOWN_FOR,
        path=url_for("admin.home"),
        secure=settings().base_url.startswith("https://"),
        httponly=True,
        samesite="Lax",
    )


def _name(user_id: int) -> str:
    return f"broadsheet_known_{user_id}"

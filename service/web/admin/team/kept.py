"""A form that came after its login had ended: held in the pages of the login, and sent on after it.

It travels signed, in a field of those pages, so that nothing is stored and nobody but this site can
put a form there. Its sender sees what it holds, and presses a button: it may be somebody else who
logs in. What holds a password or a file is not kept, nor what a script sent: of that the page says
that it was not taken.
"""

from __future__ import annotations

from typing import NamedTuple

from flask import render_template, request
from itsdangerous import BadData, URLSafeTimedSerializer

from service.config import settings

FIELD = "kept"
GOOD_FOR = 24 * 3600
"""Seconds."""
LONGEST = 48 * 1024
"""Of the text that is signed: the login's own form, which carries it on, may have 64 KB."""

SECRETS = {"password", "current", "new", "code", "secret"}
NOT_KEPT = {"csrf_token", FIELD, "proof_password", "proof_code", "proof_name"}
OF_OWN_ACCOUNT = "/admin/account"


class Kept(NamedTuple):
    to: str
    """The path that the form was sent to."""
    fields: list[tuple[str, str]]

    @property
    def shown(self) -> list[tuple[str, str]]:
        """What its sender knows it by."""
        return [(name.replace("_", " "), value) for name, value in self.fields if value.strip()]


def keep() -> str:
    """The form of this request as :func:`kept` reads it; '' when it is none to be kept."""
    # A browser too old to say so sends forms all the same.
    by_hand = request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
    secret = SECRETS & set(request.form) or request.path.startswith(OF_OWN_ACCOUNT)
    if not by_hand or secret or request.files or "HX-Request" in request.headers:
        return ""
    fields = [both for both in request.form.items(multi=True) if both[0] not in NOT_KEPT]
    signed = _signer().dumps([request.full_path.removesuffix("?"), fields])
    return signed if len(signed) <= LONGEST else ""


def kept() -> Kept | None:
    """What the login's own form carries."""
    try:
        to, fields = _signer().loads(carried(), max_age=GOOD_FOR)
    except BadData:
        return None
    return Kept(to, [(name, value) for name, value in fields])


def carried() -> str:
    """For the next page of the login to carry on."""
    return request.form.get(FIELD, "")


def page_of(form: Kept, instead: str) -> str:
    """What it holds, and the button that sends it, or to leave it and go to the path *instead*."""
    return render_template("admin/team/kept.html", kept=form, instead=instead)


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(settings().secret, salt="kept form")

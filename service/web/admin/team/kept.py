"""A form that came after its login had ended: held in the pages of the login, and sent on after it.

It travels signed, in a field of those pages, so that nothing is stored and nobody but this site can
put a form there. Its sender sees what it holds, and presses a button: it may be somebody else who
logs in. What holds a password or a file is not kept, nor what a script sent: of that the page says
that it was not taken.
"""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from flask import render_template, request
from itsdangerous import BadData, URLSafeTimedSerializer

from service.config import settings
from service.web.asking import now

FIELD = "kept"
GOOD_FOR = timedelta(days=1)
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
    """The form of this request as :func:`kept` reads it; '' when it is none to be kept.

    That holds of a mere button too: nothing was typed that would be lost, and who comes back a day
    later must not stop an issue by a page that says no more than that something is to be sent.
    """
    # A browser too old to say so sends forms all the same.
    by_hand = request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
    secret = SECRETS & set(request.form) or request.path.startswith(OF_OWN_ACCOUNT)
    if not by_hand or secret or request.files or "HX-Request" in request.headers:
        return ""
    fields = [both for both in request.form.items(multi=True) if both[0] not in NOT_KEPT]
    if not any(value.strip() for _, value in fields):
        return ""
    signed = _signer().dumps([request.full_path.removesuffix("?"), fields])
    return signed if len(signed) <= LONGEST else ""


def kept() -> Kept | None:
    """What the login's own form carries."""
    try:
        (to, fields), at = _signer().loads(carried(), return_timestamp=True)
    except BadData:
        return None
    if now() - at > GOOD_FOR:  # never too young: another machine's clock may be before ours
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

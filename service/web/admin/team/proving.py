"""The password once more before what is grave: a browser left open must not send an issue.

``recently_proved`` stands below ``route`` and the role's decorator. Where the password was given a
short time ago, nothing is asked. Else the answer is a page that asks for it and holds all that was
sent; its button sends the same form again, to the same place, so that nothing is lost. It is for
plain forms: not for one with files, which no page can hold, nor for one that a script sends.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from flask import render_template, request
from flask.typing import ResponseReturnValue

from service.db import session_scope
from service.staff import sessions
from service.staff.lockout import Origin
from service.staff.login import Proof, prove
from service.web.admin.team.accounts import account
from service.web.asking import now
from service.web.limits import Limit, insist, network

P = ParamSpec("P")

PASSWORD, CODE, NAME = "proof_password", "proof_code", "proof_name"
"""Fields of that page; none of the view's own."""

NOT_KEPT = {PASSWORD, CODE, NAME, "csrf_token"}
TRIES, WINDOW_SECONDS = 30, 600

SAID = {
    Proof.WRONG: "That is not right. Try again: nothing was done yet, and nothing is lost.",
    Proof.SHUT: "Too many wrong tries: this browser has to wait a while. Leave this page open and "
    "try again later; nothing is lost.",
}


def recently_proved(
    view: Callable[P, ResponseReturnValue],
) -> Callable[P, ResponseReturnValue]:
    """Ask for the password, and the code, before *view* unless they were given just now."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if sessions.is_proved(account().proved_at, now()):
            return view(*args, **kwargs)
        if PASSWORD not in request.form:
            return _ask()
        insist(Limit("prove", network(request.remote_addr), TRIES, WINDOW_SECONDS))
        outcome = _prove()
        return view(*args, **kwargs) if outcome is Proof.RIGHT else _ask(SAID[outcome])

    return guarded


def _prove() -> Proof:
    who, at = account(), now()
    given, code = request.form[PASSWORD], request.form.get(CODE, "")
    origin = Origin.of_session(who.session_id, request.remote_addr)
    outcome = prove(who.id, given, code, origin, at)
    if outcome is Proof.RIGHT:
        with session_scope() as session:
            sessions.note_proved(session, who.session_id, at)
    return outcome


def _ask(problem: str = "") -> ResponseReturnValue:
    kept = [(name, value) for name, value in request.form.items(multi=True) if name not in NOT_KEPT]
    page = render_template(
        "admin/team/prove.html",
        kept=kept,
        to=request.full_path.removesuffix("?"),
        problem=problem,
        has_codes=account().has_codes,
        password_field=PASSWORD,
        code_field=CODE,
        name_field=NAME,
    )
    return page, 403 if problem else 200

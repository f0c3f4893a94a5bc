"""Codes of an authenticator app for one's own account: set up, turned off, and the paper ones."""

from __future__ import annotations

import segno
from flask import redirect, render_template, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from service.db import session_scope
from service.models import User
from service.staff import totp
from service.staff.mails import News, tell
from service.staff.users import audit, forget_codes, renew_recovery_codes, set_up_codes
from service.web.admin.blueprint import admin
from service.web.admin.team.accounts import account
from service.web.admin.team.own_account import back
from service.web.admin.team.proving import recently_proved
from service.web.asking import field, now

ISSUER = "Broadsheet"

Answer = str | Response | tuple[str, int]


@admin.post("/account/codes")
@recently_proved
def own_codes() -> Answer:
    """Show a new secret, as a picture and in letters. It counts once a code of it was given."""
    if account().has_codes:
        return back("Codes are on already. Turn them off to set up another app.", "problem")
    return _set_up(totp.new_secret())


@admin.post("/account/codes/on")
@recently_proved
def own_codes_on() -> Answer:
    secret, at = field("secret"), now()
    if not totp.is_secret(secret) or account().has_codes:
        return back("Begin again: that is not the key that was shown.", "problem")
    step = totp.step_taken(secret, field("code"), at, used=None)
    if step is None:
        problem = (
            "That is not the code of this key now. Wait for the next one, and see whether the "
            "clock of your device is right."
        )
        return _set_up(secret, problem), 400
    with session_scope() as session:
        user = session.get_one(User, account().id, with_for_update=True)
        codes = set_up_codes(user, secret, step)
        audit(session, user.id, "codes.on", user.email, at)
        tell(session, user, News.CODES_ON, at)
    return render_template("admin/team/recovery_codes.html", codes=codes, first=True)


@admin.post("/account/codes/off")
@recently_proved
def own_codes_off() -> Answer:
    with session_scope() as session:
        user = session.get_one(User, account().id, with_for_update=True)
        forget_codes(user)
        audit(session, user.id, "codes.off", user.email, now())
        tell(session, user, News.CODES_OFF, now())
    return back("Codes are off: your password alone opens your account.")


@admin.post("/account/codes/recovery")
@recently_proved
def own_recovery_codes() -> Answer:
    if not account().has_codes:
        return redirect(url_for("admin.own_account"), 303)
    with session_scope() as session:
        user = session.get_one(User, account().id, with_for_update=True)
        codes = renew_recovery_codes(user)
        audit(session, user.id, "codes.recovery", user.email, now())
    return render_template("admin/team/recovery_codes.html", codes=codes, first=False)


def _set_up(secret: str, problem: str = "") -> str:
    address = totp.address_for_apps(secret, account().email, ISSUER)
    picture = segno.make(address, error="m", micro=False).svg_inline(
        scale=5, border=4, light="#fff", omitsize=True
    )
    return render_template(
        "admin/team/set_up_codes.html",
        secret=secret,
        spaced=" ".join(secret[place : place + 4] for place in range(0, len(secret), 4)),
        address=address,
        picture=Markup(picture),  # noqa: S704 - drawn by segno: paths alone, no text of anybody's
        problem=problem,
    )

"""The front door: what a newsletter is, and the form to get it."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, current_app, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from service.audience.addresses import BadAddress
from service.audience.choices import section_specs
from service.audience.consent import consent_text
from service.audience.subscribe import sign_up
from service.db import read_scope, session_scope
from service.models import Newsletter
from service.rendering.theme import load_theme
from service.web.asking import field, newsletter_or_404, now, visitor
from service.web.limits import allowed
from service.web.public import editions, public
from service.web.public.trap import HONEYPOT, is_caught, stamp

SIGN_UPS_AN_HOUR = 20
"""By one network: a classroom gets in, a script does not."""


@public.get("/")
def index() -> str | AnyResponse:
    with read_scope() as session:
        newsletters = session.scalars(select(Newsletter).order_by(Newsletter.name)).all()
        if len(newsletters) == 1:
            return redirect(url_for("public.landing", newsletter=newsletters[0].slug))
        return render_template("public/index.html", newsletters=newsletters)


@public.get("/n/<slug:newsletter>/")
def landing(newsletter: str) -> str:
    with read_scope() as session:
        return _landing(session, newsletter_or_404(session, newsletter))


@public.post("/n/<slug:newsletter>/subscribe")
def subscribe(newsletter: str) -> str | AnyResponse | tuple[str, int]:
    """Ends at "check your inbox" for every address, known or not, and for caught programs."""
    if not allowed("sign-up", request.remote_addr, SIGN_UPS_AN_HOUR, 3600):
        abort(429)
    least = current_app.config["SIGN_UP_SECONDS"]
    with session_scope() as session:
        found = newsletter_or_404(session, newsletter)
        if not is_caught(field(HONEYPOT), field("made"), now(), least):
            try:
                sign_up(session, found, field("email"), now=now(), visitor=visitor())
            except BadAddress as error:
                page = _landing(session, found, typed=field("email", 254), problem=str(error))
                return page, 400
    # A page of its own, so that reloading it asks for nothing again.
    return redirect(url_for("public.check_inbox", newsletter=newsletter), 303)


@public.get("/n/<slug:newsletter>/check-inbox")
def check_inbox(newsletter: str) -> str:
    with read_scope() as session:
        return render_template(
            "public/check_inbox.html", newsletter=newsletter_or_404(session, newsletter)
        )


@public.get("/n/<slug:newsletter>/theme.css")
def theme(newsletter: str) -> Response:
    """The newsletter's own colours; a page's policy allows no style that is not a file."""
    with read_scope() as session:
        look = load_theme(newsletter_or_404(session, newsletter).theme)
    css = render_template("public/theme.css", light=look.light, dark=look.dark, fonts=look.fonts)
    response = Response(css, content_type="text/css; charset=utf-8")
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


def _landing(session: Session, newsletter: Newsletter, **form: Any) -> str:
    return render_template(
        "public/landing.html",
        newsletter=newsletter,
        sections=section_specs(newsletter),
        issues=editions.listed(session, newsletter, 3),
        consent=consent_text(newsletter.name),
        made=stamp(now()),
        honeypot=HONEYPOT,
        **form,
    )

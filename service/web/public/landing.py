"""The front door: what a newsletter is, and the form to get it."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Response, abort, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from service.audience.addresses import BadAddress, parse_address
from service.audience.choices import section_specs
from service.audience.consent import consent_text, text_version
from service.audience.typos import suggestion
from service.config import settings
from service.db import read_scope
from service.models import Newsletter
from service.rendering.theme import load_theme
from service.web.asking import newsletter_or_404, now
from service.web.filters import absolute
from service.web.public import asked, editions, proof
from service.web.public.blueprint import public
from service.web.public.trap import HONEYPOT, stamp


@public.get("/")
def index() -> str | AnyResponse:
    with read_scope() as session:
        offered = select(Newsletter).where(Newsletter.archived_at.is_(None))
        newsletters = session.scalars(offered.order_by(Newsletter.name)).all()
        if len(newsletters) == 1:
            return redirect(url_for("public.landing", newsletter=newsletters[0].slug))
        return render_template("public/index.html", newsletters=newsletters)


@public.get("/n/<slug:newsletter>/")
def landing(newsletter: str) -> str:
    with read_scope() as session:
        found = newsletter_or_404(session, newsletter)
        typed = asked.typed(newsletter) if "again" in request.args else ""
        judged = _judged(typed) if typed else {}
        return landing_page(session, found, once_more="once" in request.args, **judged)


@public.get("/n/<slug:newsletter>/embed")
def embed(newsletter: str) -> str:
    """The form for somebody's own site, to copy."""
    with read_scope() as session:
        found = newsletter_or_404(session, newsletter)
        if found.archived_at is not None:
            abort(404)
        return render_template(
            "public/embed.html",
            newsletter=found,
            consent=consent_text(found.name),
            text_version=text_version(),
            honeypot=HONEYPOT,
        )


@public.get("/n/<slug:newsletter>/privacy")
def privacy(newsletter: str) -> str:
    with read_scope() as session:
        return render_template(
            "public/privacy.html",
            newsletter=newsletter_or_404(session, newsletter),
            by_ses=settings().transport == "ses",
        )


@public.context_processor
def _links() -> dict[str, Any]:
    def privacy_url(newsletter: Newsletter, *, absolute_url: bool = False) -> str:
        to_ours = absolute if absolute_url else url_for
        return settings().privacy_url or to_ours("public.privacy", newsletter=newsletter.slug)

    return {"privacy_url": privacy_url}


@public.get("/n/<slug:newsletter>/theme.css")
def theme(newsletter: str) -> Response:
    """The newsletter's own colours; a page's policy allows no style that is not a file."""
    with read_scope() as session:
        look = load_theme(newsletter_or_404(session, newsletter).theme)
    css = render_template("public/theme.css", light=look.light, dark=look.dark, fonts=look.fonts)
    response = Response(css, content_type="text/css; charset=utf-8")
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


def landing_page(session: Session, newsletter: Newsletter, **form: Any) -> str:
    """With *form*: what was ``typed``, its ``problem``, what was perhaps ``meant``, and whether the
    reader is to press ``once_more``.
    """
    return render_template(
        "public/landing.html",
        newsletter=newsletter,
        sections=section_specs(newsletter),
        issues=editions.listed(session, newsletter, 3),
        consent=consent_text(newsletter.name),
        text_version=text_version(),
        made=stamp(now()),
        honeypot=HONEYPOT,
        proof=_proof() if settings().altcha else None,
        **form,
    )


def _proof() -> dict[str, str | int]:
    number = secrets.randbelow(proof.MOST)
    return proof.challenge(settings().secret, now(), secrets.token_hex(12), number)


def _judged(typed: str) -> dict[str, str | None]:
    """What the form has to say to what was typed on another site."""
    try:
        parse_address(typed)
    except BadAddress as error:
        return {"typed": typed, "problem": str(error)}
    return {"typed": typed, "meant": suggestion(typed)}

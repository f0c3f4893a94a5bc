"""A reader's data: all of it as a file, and its deletion, by a link that is mailed to them."""

from __future__ import annotations

import json

from flask import Response, abort, redirect, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from service.audience.data_link import DataLink, ask_for_data, find_link
from service.audience.erasure import erase
from service.audience.my_data import everything_about
from service.audience.suppression import is_suppressed
from service.db import read_scope, session_scope
from service.web.asking import now, subscription_or_404, token_or_404, visitor
from service.web.public.blueprint import public
from service.web.public.preferences import subscription_of


@public.post("/preferences/<token>/data")
def ask_for_link(token: str) -> AnyResponse:
    with session_scope() as session:
        ask_for_data(session, subscription_of(session, token), now())
    return redirect(url_for("public.preferences", token=token, said="data"), 303)


@public.get("/data/<token>")
def data_page(token: str) -> str:
    """Says what is there to take, what goes and what stays, and shows the buttons."""
    with read_scope() as session:
        return _page(session, _followed(session, token), token)


@public.get("/data/<token>/my-data.json")
def my_data(token: str) -> str | Response:
    with read_scope() as session:
        link = _followed(session, token)
        if not link.good:
            return _page(session, link, token)
        kept = everything_about(session, link.subscription.subscriber, now())
    response = Response(
        json.dumps(kept, indent=2, ensure_ascii=False), content_type="application/json"
    )
    response.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return response


@public.post("/data/<token>/delete")
def delete(token: str) -> str:
    with session_scope() as session:
        link = _followed(session, token)
        if not link.good:
            return _page(session, link, token)
        newsletter, reader = link.subscription.newsletter, link.subscription.subscriber
        address = reader.email
        erase(session, reader, now(), visitor())
        return render_template("public/deleted.html", newsletter=newsletter, address=address)


def _followed(session: Session, token: str) -> DataLink:
    found = find_link(session, token_or_404("data", token, 1)[0], now())
    if found is None:
        abort(404)
    subscription_or_404(session, found.subscription.id)  # the page speaks its reader's language
    return found


def _page(session: Session, link: DataLink, token: str) -> str:
    return render_template(
        "public/data.html",
        subscription=link.subscription,
        good=link.good,
        suppressed=is_suppressed(session, link.subscription.subscriber.email_hash),
        token=token,
    )

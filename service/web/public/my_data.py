"""A reader's data: all of it as a file, and its deletion."""

from __future__ import annotations

import json

from flask import Response, render_template

from service.audience.erasure import erase
from service.audience.my_data import everything_about
from service.audience.suppression import is_suppressed
from service.db import read_scope, session_scope
from service.web.asking import now, visitor
from service.web.public import public
from service.web.public.preferences import subscription_of


@public.get("/preferences/<token>/my-data.json")
def my_data(token: str) -> Response:
    with read_scope() as session:
        reader = subscription_of(session, token).subscriber
        kept = everything_about(session, reader, now())
    response = Response(
        json.dumps(kept, indent=2, ensure_ascii=False), content_type="application/json"
    )
    response.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return response


@public.get("/preferences/<token>/delete")
def delete_page(token: str) -> str:
    """Says what goes and what stays, and shows the button."""
    with read_scope() as session:
        subscription = subscription_of(session, token)
        return render_template(
            "public/delete.html",
            subscription=subscription,
            suppressed=is_suppressed(session, subscription.subscriber.email_hash),
            token=token,
        )


@public.post("/preferences/<token>/delete")
def delete(token: str) -> str:
    with session_scope() as session:
        subscription = subscription_of(session, token)
        newsletter, address = subscription.newsletter, subscription.subscriber.email
        erase(session, subscription.subscriber, now(), visitor())
        return render_template("public/deleted.html", newsletter=newsletter, address=address)

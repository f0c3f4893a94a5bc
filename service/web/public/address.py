"""A reader's change of address: asked on the preference page, confirmed at the new address."""

from __future__ import annotations

from flask import abort, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.audience import tokens
from service.audience.addresses import MAX_LENGTH, BadAddress, parse_address
from service.audience.moving import Move, Moved, ask_to_move, can_move, find_move, move
from service.audience.typos import suggestion
from service.config import settings
from service.db import read_scope, session_scope
from service.web.asking import field, now, subscription_or_404, token_or_404, visitor
from service.web.limits import Limit, insist, network
from service.web.public.blueprint import public
from service.web.public.panels import panels
from service.web.public.preferences import preferences_page, subscription_of
from service.web.public.sign_up import spare_strangers

REQUESTS_AN_HOUR = 20
"""By one network; each reader has a limit of their own."""


@public.post("/preferences/<token>/address")
def ask_address(token: str) -> str | Response | tuple[str, int]:
    """Says the same for every address, known or not."""
    insist(Limit("address", network(request.remote_addr), REQUESTS_AN_HOUR))
    address = field("instead", MAX_LENGTH) or field("email")
    with session_scope() as session:
        subscription = subscription_of(session, token)
        meant = suggestion(address) if field("sure") != address else None
        if meant:
            return preferences_page(session, subscription, token, typed=address, meant=meant)
        try:
            spare_strangers(parse_address(address))
            ask_to_move(session, subscription, address, now())
        except BadAddress as error:
            typed = address[:MAX_LENGTH]
            page = preferences_page(
                session, subscription, token, typed=typed, address_problem=str(error)
            )
            return page, 400
    return redirect(url_for("public.preferences", token=token, said="address"), 303)


@public.get("/address/<token>")
def address_page(token: str) -> str:
    """Shows the button. Opening the link changes nothing."""
    with read_scope() as session:
        asked = _asked(session, token)
        return _page(session, asked, token, can_move(session, asked, now()), done=False)


@public.post("/address/<token>")
def change_address(token: str) -> str:
    with session_scope() as session:
        asked = _asked(session, token)
        result = move(session, asked, now(), visitor())
        return _page(session, asked, token, result, done=True)


def _asked(session: Session, token: str) -> Move:
    found = find_move(session, token_or_404("address", token, 1)[0])
    if found is None:
        abort(404)
    subscription_or_404(session, found.subscription.id)  # the page speaks its reader's language
    return found


def _page(session: Session, asked: Move, token: str, result: Moved, *, done: bool) -> str:
    subscription = asked.subscription
    # Only whoever has just shown that the reader's mailbox is theirs is given the reader's link.
    theirs = done and result in {Moved.MOVED, Moved.ALREADY}
    secret = settings().secret
    return render_template(
        "public/address.html",
        subscription=subscription,
        newsletters=[panel.newsletter.name for panel in panels(session, subscription, now())],
        address=asked.notice.address,
        result=result.value,
        done=done,
        token=token,
        preferences_token=tokens.sign(secret, "preferences", subscription.id) if theirs else "",
    )

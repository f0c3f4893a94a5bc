"""Asking for a newsletter: by our own form, by one on another site, and once more.

Every way ends at "check your inbox", for every address, known or not. What looks like a program's
gets the form again: see ``trap``.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from flask import abort, current_app, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.audience.addresses import MAX_LENGTH, Address, BadAddress, masked, parse_address
from service.audience.sign_up import sign_up
from service.audience.suppression import mailbox_hash
from service.audience.typos import suggestion
from service.config import settings
from service.db import read_scope, session_scope
from service.models import Subscription
from service.web.asking import brief_or_404, field, newsletter_or_404, now, visitor
from service.web.limits import Limit, first_time, insist, network
from service.web.public import proof
from service.web.public.asked import asked_for, remember
from service.web.public.blueprint import public
from service.web.public.landing import landing_page
from service.web.public.trap import HONEYPOT, is_caught
from service.web.security import csrf

HINTS_AN_HOUR = 120
UNPROVED_AN_HOUR = 3
"""By one network, where a proof of work is asked for: a browser without JavaScript gets in too."""


@public.post("/n/<slug:newsletter>/subscribe")
def subscribe(newsletter: str) -> str | Response | tuple[str, int]:
    """Our own form. A mistyped domain is asked about once; what is sent again then holds."""
    address = field("instead", MAX_LENGTH) or field("email")
    caught = is_caught(field(HONEYPOT), field("made"), now(), current_app.config["SIGN_UP_SECONDS"])
    meant = suggestion(address) if field("sure") != address and not caught else None
    refuse_too_many(None if caught or meant else address, proof_asked=settings().altcha)
    with session_scope() as session:
        if caught or meant:
            found = newsletter_or_404(session, newsletter)
            return landing_page(
                session, found, typed=address[:MAX_LENGTH], meant=meant, once_more=caught
            )
        try:
            _ask(session, newsletter, address)
        except BadAddress as error:
            found = newsletter_or_404(session, newsletter)
            page = landing_page(session, found, typed=address[:MAX_LENGTH], problem=str(error))
            return page, 400
    return _to_inbox(newsletter, address)


@public.post("/n/<slug:newsletter>/join")
def join(newsletter: str) -> Response:
    """A form on somebody's own site: see the page "embed" for its snippet.

    It can carry no CSRF token and no time of ours, and needs none: all that a forged post could do
    is to have one message sent that asks for a confirmation, which whoever forges it could send
    for by the form itself. The limits hold here as they do there; where the hidden field is filled,
    or a proof of work is asked for, the reader goes on by our own form.
    """
    address = field("email")
    # What is wrong with it is said on our own page, to which no other site's form is shown.
    once = 1 if field(HONEYPOT) or settings().altcha else None
    to_landing = redirect(url_for("public.landing", newsletter=newsletter, again=1, once=once), 303)
    doubtful = bool(once or suggestion(address))
    refuse_too_many(None if doubtful else address)
    with session_scope() as session:
        if doubtful:
            brief_or_404(session, newsletter)
            return remember(to_landing, newsletter, address[:MAX_LENGTH])
        try:
            _ask(session, newsletter, address, form=request.headers.get("Origin", "")[:200])
        except BadAddress:
            return remember(to_landing, newsletter, address[:MAX_LENGTH])
    return _to_inbox(newsletter, address)


csrf.exempt(join)


@public.post("/n/<slug:newsletter>/hint")
def hint(newsletter: str) -> str:
    """What the address may have been meant to be, for the form to show; '' mostly."""
    insist(Limit("hint", network(request.remote_addr), HINTS_AN_HOUR))
    with read_scope() as session:
        brief_or_404(session, newsletter)
    address = field("email")
    return render_template("public/_hint.html", typed=address, meant=suggestion(address))


@public.get("/n/<slug:newsletter>/check-inbox")
def check_inbox(newsletter: str) -> str:
    with read_scope() as session:
        found = newsletter_or_404(session, newsletter)
        address = asked_for(newsletter)
        return render_template(
            "public/check_inbox.html",
            newsletter=found,
            masked_address=masked(address) if "@" in address else "",
            again="again" in request.args,
        )


@public.post("/n/<slug:newsletter>/check-inbox")
def ask_again(newsletter: str) -> Response:
    """Send the confirmation once more; the sign-up's own spacing says whether it goes."""
    address = asked_for(newsletter)
    refuse_too_many(address)
    with session_scope() as session:
        try:
            _ask(session, newsletter, address)
        except BadAddress:
            return redirect(url_for("public.landing", newsletter=newsletter), 303)
    return redirect(url_for("public.check_inbox", newsletter=newsletter, again=1), 303)


def ask_reader(session: Session, subscription: Subscription) -> str | Response:
    """Ask the owner of a link to confirm, at their own mailbox; with the form's limits."""
    refuse_too_many()
    newsletter, address = subscription.newsletter, subscription.subscriber.email
    if newsletter.archived_at is not None:
        return redirect(url_for("public.landing", newsletter=newsletter.slug), 303)
    sign_up(session, newsletter, address, now=now(), visitor=visitor())
    return render_template("public/check_inbox.html", newsletter=newsletter)


def refuse_too_many(address: str | None = None, *, proof_asked: bool = False) -> None:
    """429 for a network that has asked for very many within the hour, or where *address* is to be
    written to, when too much was asked for this one. Counted in one step, the network first."""
    limits = [Limit("sign-up", network(request.remote_addr), settings().sign_ups_per_network)]
    # What is none, nobody is written to at; what is wrong with it is said later.
    with suppress(BadAddress):
        to_be_asked = parse_address(address or "")
        if proof_asked and not _proved():
            limits.append(Limit("unproved", network(request.remote_addr), UNPROVED_AN_HOUR))
        limits += _limits_of(to_be_asked)
    insist(*limits)


def spare_strangers(address: Address) -> None:
    """429 when what anybody may have sent to an address, a domain or in all is used up."""
    insist(*_limits_of(address))


def _limits_of(address: Address) -> tuple[Limit, ...]:
    return (
        Limit("sign-up-to", mailbox_hash(address), settings().sign_ups_per_address),
        Limit("sign-up-at", address.domain, settings().sign_ups_per_domain),
        Limit("sign-up", "all", settings().sign_ups_overall),
    )


def _ask(session: Session, newsletter: str, address: str, form: str | None = None) -> None:
    """Raises ``BadAddress``, and 404 for a newsletter that has ended."""
    found = brief_or_404(session, newsletter)
    if found.archived_at is not None:
        abort(404)
    who = replace(visitor(), text_version=field("text", 64), form=form)
    sign_up(session, found, address, now=now(), visitor=who)


def _proved() -> bool:
    signature = proof.proved(settings().secret, field("altcha", 2000), now())
    if signature is None:
        return False
    return first_time(f"altcha:{signature}", int(proof.GOOD_FOR.total_seconds()))


def _to_inbox(newsletter: str, address: str) -> Response:
    # A page of its own, so that reloading it asks for nothing again.
    to_inbox = redirect(url_for("public.check_inbox", newsletter=newsletter), 303)
    return remember(to_inbox, newsletter, address[:MAX_LENGTH], asked=True)

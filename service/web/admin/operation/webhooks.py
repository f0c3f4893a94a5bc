"""Other programs that are told of what happens here: made, tried, looked after. For owners."""

from __future__ import annotations

import json
from datetime import timedelta

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.db import read_scope, session_scope
from service.models import Webhook, WebhookCall, WebhookCallState
from service.staff.users import audit
from service.web.admin.blueprint import admin
from service.web.admin.team.accounts import account, owners_only
from service.web.admin.team.proving import recently_proved
from service.web.asking import field, now
from service.webhooks import endpoints
from service.webhooks.announce import EXPLAINED
from service.webhooks.endpoints import LONGEST_URL, BadWebhook

Answer = str | Response | tuple[str, int]

PAGE = 50
AWAITED = timedelta(minutes=1)
"""How long the page looks for the answer to a call."""

ONE = "/webhooks/<int(max=9223372036854775807):webhook_id>"


@admin.get("/webhooks")
@owners_only
def webhooks() -> str:
    return _list()


@admin.post("/webhooks")
@owners_only
@recently_proved
def add_webhook() -> Answer:
    try:
        with session_scope() as session:
            webhook = endpoints.add_webhook(session, _url(), _events(), now())
            _note(session, webhook, "webhook.add")
    except BadWebhook as error:
        return _list(str(error)), 400
    return _back(webhook, "Added. Give its secret to your server, then send a test.")


@admin.get(ONE)
@owners_only
def webhook(webhook_id: int) -> str:
    with read_scope() as session:
        return _page(session, _webhook_or_404(session, webhook_id))


@admin.get(f"{ONE}/calls")
@owners_only
def webhook_calls(webhook_id: int) -> str:
    """The calls alone, fetched again while the answer to one is awaited."""
    with read_scope() as session:
        found = _webhook_or_404(session, webhook_id)
        return render_template("admin/operation/_webhook_calls.html", **_listed(session, found))


@admin.post(f"{ONE}/secret/<any(show, renew):step>")
@owners_only
@recently_proved
def webhook_secret(webhook_id: int, step: str) -> str:
    """It signs calls in our name: a browser that was left open does not give it away."""
    with session_scope() as session:
        found = _webhook_or_404(session, webhook_id)
        if step == "renew":
            endpoints.renew_secret(found)
        _note(session, found, f"webhook.secret_{step}")
        return _page(session, found, secret=found.secret)


@admin.post(ONE)
@owners_only
@recently_proved
def change_webhook(webhook_id: int) -> Answer:
    with session_scope() as session:
        found = _webhook_or_404(session, webhook_id)
        try:
            endpoints.change_webhook(found, _url(), _events())
        except BadWebhook as error:
            return _page(session, found, str(error)), 400
        _note(session, found, "webhook.change")
        return _back(found, "Saved.")


@admin.post(f"{ONE}/<any(on, off, test, remove):step>")
@owners_only
@recently_proved
def move_webhook(webhook_id: int, step: str) -> Response:
    with session_scope() as session:
        found = _webhook_or_404(session, webhook_id)
        _note(session, found, f"webhook.{step}")
        if step == "remove":
            session.delete(found)
            flash("Removed, with all its calls.", "done")
            return redirect(url_for("admin.webhooks"), 303)
        return _back(found, _take_step(session, found, step))


@admin.post(f"{ONE}/calls/<int(max=9223372036854775807):call_id>/replay")
@owners_only
def replay_call(webhook_id: int, call_id: int) -> Response:
    with session_scope() as session:
        found = _webhook_or_404(session, webhook_id)
        if not endpoints.replay(session, found, call_id, now()):
            abort(404)
        _note(session, found, "webhook.replay", call=call_id)
        return _back(found, "On its way once more, with the same id.")


def _take_step(session: Session, found: Webhook, step: str) -> str:
    """Take it, and say what is so now."""
    if step == "on":
        endpoints.switch_on(session, found, now())
        return "Switched on. What waited is told now; what happened meanwhile is not."
    if step == "off":
        endpoints.switch_off(found, f"Switched off by {account().email}.")
        return "Switched off: it is told nothing until it is switched on again."
    if not found.active:
        return "It is switched off: switch it on, then send a test."
    endpoints.send_test(session, found, now())
    return "A test is on its way. The answer to it stands below in a moment."


def _list(problem: str = "") -> str:
    with read_scope() as session:
        return render_template(
            "admin/operation/webhooks.html",
            webhooks=session.scalars(select(Webhook).order_by(Webhook.id)).all(),
            events=EXPLAINED,
            problem=problem,
            url=_url(),
            chosen=_events(),
        )


def _page(session: Session, found: Webhook, problem: str = "", secret: str = "") -> str:
    return render_template(
        "admin/operation/webhook.html",
        **_listed(session, found),
        secret=secret,
        events=EXPLAINED,
        problem=problem,
        url=_url() if problem else found.url,
        chosen=_events() if problem else found.events,
    )


def _listed(session: Session, found: Webhook) -> dict[str, object]:
    before = request.args.get("before", type=int)
    if before is not None and not 0 < before < 2**62:
        abort(404)
    calls = endpoints.calls_of(session, found, limit=PAGE + 1, before=before)
    return {
        "webhook": found,
        "calls": [
            (call, json.dumps(call.payload, indent=2, ensure_ascii=False)) for call in calls[:PAGE]
        ],
        "more": len(calls) > PAGE,
        "awaited": found.active and any(_is_awaited(call) for call in calls),
    }


def _is_awaited(call: WebhookCall) -> bool:
    """Whether it is being made, or is about to be for the first time."""
    if call.state is not WebhookCallState.WAITING or now() - call.changed_at > AWAITED:
        return False
    return not call.attempt or call.lease_until is not None


def _url() -> str:
    return field("url", LONGEST_URL + 1)


def _events() -> list[str]:
    return request.form.getlist("event")


def _webhook_or_404(session: Session, webhook_id: int) -> Webhook:
    return session.get(Webhook, webhook_id) or abort(404)


def _back(found: Webhook, said: str) -> Response:
    flash(said, "done")
    return redirect(url_for("admin.webhook", webhook_id=found.id), 303)


def _note(session: Session, found: Webhook, action: str, **detail: object) -> None:
    audit(session, account().id, action, found.url[:200], now(), **detail)

"""Other programs that are told of what happens here: made, tried, looked after. For owners."""

from __future__ import annotations

import json

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.db import read_scope, session_scope
from service.models import Webhook
from service.staff.users import audit
from service.web.admin import admin
from service.web.admin.accounts import account, owners_only
from service.web.admin.proving import recently_proved
from service.web.asking import field, now
from service.webhooks import endpoints
from service.webhooks.announce import EXPLAINED
from service.webhooks.endpoints import LONGEST_URL, BadWebhook

Answer = str | Response | tuple[str, int]

PAGE = 50
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
    return _back(webhook, "Added. Send a test, and check the signature with the secret below.")


@admin.get(ONE)
@owners_only
def webhook(webhook_id: int) -> str:
    with read_scope() as session:
        return _page(session, _webhook_or_404(session, webhook_id))


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
    return "A test is on its way. Load this page again in a moment to see the answer."


def _list(problem: str = "") -> str:
    with read_scope() as session:
        return render_template(
            "admin/webhooks.html",
            webhooks=session.scalars(select(Webhook).order_by(Webhook.id)).all(),
            events=EXPLAINED,
            problem=problem,
            url=_url(),
            chosen=_events(),
        )


def _page(session: Session, found: Webhook, problem: str = "") -> str:
    before = request.args.get("before", type=int)
    if before is not None and not 0 < before < 2**62:
        abort(404)
    calls = endpoints.calls_of(session, found, limit=PAGE + 1, before=before)
    return render_template(
        "admin/webhook.html",
        webhook=found,
        calls=[(call, json.dumps(call.payload, indent=2, ensure_ascii=False)) for call in calls][
            :PAGE
        ],
        more=len(calls) > PAGE,
        events=EXPLAINED,
        problem=problem,
        url=_url() if problem else found.url,
        chosen=_events() if problem else found.events,
        now=now(),
    )


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

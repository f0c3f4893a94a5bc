"""Addresses that nothing is sent to, readers or not: found, added, let go."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.audience.addresses import Address, BadAddress, parse_address
from service.audience.story import suppression_of
from service.audience.suppression import hash_of, latest, lift, suppress
from service.db import read_scope, session_scope
from service.models import SuppressionReason
from service.staff.users import audit
from service.web.admin.blueprint import admin
from service.web.admin.readers.reader_changes import ALLOWED
from service.web.admin.team.accounts import account, editors_only
from service.web.asking import field, now
from service.web.filters import count

PAGE = 50
MOST = 500
"""Addresses at once; a file may bring more."""
LONGEST = MOST * 256

REASONS = {
    SuppressionReason.BOUNCE: "bounced",
    SuppressionReason.COMPLAINT: "reported our mail as spam",
    SuppressionReason.MANUAL: "suppressed by an editor",
}

PLACE = "/subscribers/suppressed"
Answer = str | Response | tuple[str, int]


class NotSuppressed(ValueError):
    """Nothing was done; the text says what to change."""


@admin.get(PLACE)
def suppressed() -> str:
    with read_scope() as session:
        return _page(session)


@admin.post(PLACE)
@editors_only
def suppress_addresses() -> Answer:
    """All of them, or, where one line is not right, none."""
    at = now()
    with session_scope() as session:
        try:
            addresses, why = _typed()
        except NotSuppressed as error:
            return _page(session, str(error), "suppress"), 400
        new = 0
        for address in addresses:
            email_hash = hash_of(address)
            if suppress(session, email_hash, SuppressionReason.MANUAL, why, at):
                audit(session, account().id, "suppression.add", email_hash, at, why=why)
                new += 1
    flash(_told(new, len(addresses) - new), "done")
    return redirect(url_for("admin.suppressed"), 303)


@admin.post(f"{PLACE}/allow")
@editors_only
def allow_address() -> Answer:
    with session_scope() as session:
        try:
            address = parse_address(field("address"))
            lifted = lift(session, hash_of(address), field("why"), now(), account().id)
        except ValueError as error:  # a bad address is one as well
            return _page(session, f"{str(error)[:1].upper()}{str(error)[1:]}.", "allow"), 400
    flash(ALLOWED if lifted else "It was not suppressed: nothing was changed.", "done")
    return redirect(url_for("admin.suppressed", q=address.email), 303)


def _told(new: int, before: int) -> str:
    if not new:
        return "Nothing was sent there before either: nothing was changed."
    said = f"Nothing is sent to {count(new, 'address', 'addresses')} from now on."
    return f"{said} Suppressed before: {count(before, 'other')}." if before else said


def _typed() -> tuple[list[Address], str]:
    """The addresses of the form, each once, and why."""
    lines = field("addresses", LONGEST).replace(",", "\n").split("\n")
    texts = list(dict.fromkeys(filter(None, map(str.strip, lines))))
    if not texts:
        raise NotSuppressed("Write the addresses, one a line.")
    if len(texts) > MOST:
        raise NotSuppressed(
            f"These are {len(texts):,} addresses; {MOST} at once is the most. Import a file whose "
            "rows are “blocked”."
        )
    found = {}
    for text in texts:
        try:
            address = parse_address(text)
        except BadAddress as error:
            raise NotSuppressed(f"{text}: {error} Nothing was done yet.") from error
        found[address.key] = address
    why = field("why").strip()
    if not why:
        raise NotSuppressed("Say why nothing may be sent there: whoever finds it so will ask.")
    return list(found.values()), why


def _page(session: Session, problem: str = "", about: str = "") -> str:
    asked = request.values.get("q", field("address") if about == "allow" else "")[:254].strip()
    reason = request.args.get("reason", "")
    before = request.args.get("before", 0, type=int)
    rows = latest(
        session,
        PAGE + 1,
        before=before if 0 < before < 2**62 else None,
        reason=SuppressionReason(reason) if reason in set(SuppressionReason) else None,
    )
    return render_template(
        "admin/readers/suppressed.html",
        rows=rows[:PAGE],
        more=rows[PAGE - 1].id if len(rows) > PAGE else None,
        reasons=REASONS,
        reason=reason,
        asked=asked,
        most=MOST,
        problem=problem,
        about=about,
        typed=request.form if problem else {},
        **_sought(session, asked),
    )


def _sought(session: Session, asked: str) -> dict[str, object]:
    """What is known of the one address that was asked for."""
    if not asked:
        return {}
    try:
        address = parse_address(asked)
    except BadAddress as error:
        return {"bad": str(error)}
    return {"address": address.email, "held": suppression_of(session, hash_of(address))}

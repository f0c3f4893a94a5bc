"""Test copies of an issue, marked ``[TEST]``: to whoever asks, or to addresses that they give."""

from __future__ import annotations

import re
from datetime import datetime

from flask import render_template
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.audience.addresses import BadAddress, parse_address
from service.db import read_scope, session_scope
from service.doorbell import Bell, ring
from service.models import DeliveryState, Issue, Notice, NoticeKind
from service.web.admin.blueprint import admin
from service.web.admin.issue.issues import issue_or_404
from service.web.admin.issue.sending import back, note
from service.web.admin.team.accounts import account, editors_only
from service.web.asking import field, now
from service.web.limits import Limit, wait

MOST = 10
"""Addresses at once."""
MOST_IN_AN_HOUR = 100
"""Of one editor: whoever has their password gets no engine to write to strangers with."""

LONGEST = 3_000


class BadAddresses(ValueError):
    """What is wrong with them, and what to do."""


@admin.get("/issues/<int(max=2147483647):issue_id>/test")
@editors_only
def test_form(issue_id: int) -> str:
    with read_scope() as session:
        return _form(issue_or_404(session, issue_id), account().email)


@admin.post("/issues/<int(max=2147483647):issue_id>/test")
@editors_only
def send_test(issue_id: int) -> Response | tuple[str, int]:
    """Without addresses to whoever asks."""
    typed = field("to", LONGEST)
    with session_scope() as session:
        issue = issue_or_404(session, issue_id)
        try:
            addresses = addresses_in(typed) if typed.strip() else [account().email]
        except BadAddresses as error:
            return _form(issue, typed, str(error)), 400
        hourly = Limit("test", str(account().id), MOST_IN_AN_HOUR)
        if wait([hourly] * len(addresses)):
            why = f"More than {MOST_IN_AN_HOUR} test copies in an hour: wait a little."
            return _form(issue, typed, why), 429
        for address in addresses:
            queue_copy(session, issue, address, now())
        note(session, issue, "issue.test", to=", ".join(addresses))
        copies = "A test copy is" if len(addresses) == 1 else f"{len(addresses)} test copies are"
        return back(issue, f"{copies} on the way to {', '.join(addresses)}.", "done")


def addresses_in(text: str) -> list[str]:
    """Pure: the addresses, each once; commas, semicolons, spaces and line breaks part them."""
    found: dict[str, str] = {}
    for word in re.split(r"[\s,;]+", text.strip()):
        try:
            address = parse_address(word)
        except BadAddress as error:
            raise BadAddresses(f"“{word}”: {error}") from error
        found.setdefault(address.key, address.email)
    if len(found) > MOST:
        raise BadAddresses(f"These are {len(found)} addresses; {MOST} at once is the most.")
    return list(found.values())


def queue_copy(session: Session, issue: Issue, address: str, at: datetime) -> None:
    """Have one copy of *issue* as it stands sent to *address*."""
    notice = Notice(
        kind=NoticeKind.TEST,
        newsletter_id=issue.newsletter_id,
        issue_id=issue.id,
        address=address,
        state=DeliveryState.QUEUED,
        due_at=at,
        created_at=at,
        changed_at=at,
    )
    session.add(notice)
    session.flush()
    ring(session, Bell.NOTICE, notice.id)


def _form(issue: Issue, typed: str, problem: str = "") -> str:
    return render_template(
        "admin/desk/test.html", issue=issue, typed=typed, problem=problem, most=MOST
    )

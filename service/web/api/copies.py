"""Test copies of an issue, marked ``[TEST]``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from sqlalchemy.orm import Session

from service.staff.tokens import Scope
from service.web.admin.desk.copies import MOST, MOST_IN_AN_HOUR, queue_copy
from service.web.api.blueprint import ISSUES, api
from service.web.api.callers import caller
from service.web.api.given import parsed
from service.web.api.issues import ONE, IssuePath, issue_found, note
from service.web.api.replies import Reply
from service.web.api.shapes import Address, Shape
from service.web.asking import now
from service.web.limits import Limit, wait
from service.web.problems import TOO_MANY, Problem


class Copies(Shape):
    """Where copies go."""

    to: Annotated[list[Address], Field(min_length=1, max_length=MOST)]


@api.at(
    f"POST {ONE}/test",
    tag=ISSUES,
    needs=Scope.ISSUES_WRITE,
    answers={202: Copies},
)
def send_test_copy(session: Session, path: IssuePath, body: Copies) -> Reply:
    """Send a test copy

    Of the issue as it stands, marked `[TEST]`, to each address once.
    """
    issue = issue_found(session, path.issue_id)
    addresses: dict[str, str] = {}
    for place, text in enumerate(body.to):
        read = parsed(text, f"to.{place}")
        addresses.setdefault(read.key, read.email)
    hourly = Limit("test", str(caller().user_id), MOST_IN_AN_HOUR)
    if seconds := wait([hourly] * len(addresses)):
        why = f"More than {MOST_IN_AN_HOUR} test copies in an hour: wait a little."
        raise Problem(TOO_MANY, why, headers={"Retry-After": str(seconds)})
    for address in addresses.values():
        queue_copy(session, issue, address, now())
    note(session, issue, "issue.test", to=", ".join(addresses.values()))
    return Reply(Copies(to=list(addresses.values())), 202)

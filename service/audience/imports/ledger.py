"""The consent ledger's lines for readers from a file, hashed a million at a time.

Lines that are a reader's first differ in two values only, so that the rest of what is hashed is
written once; see :func:`service.audience.consent.chain_form`, which a test holds this to.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Container, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service.audience.consent import FIRST, Line, chain_form, record
from service.audience.imports.bulk import moment_text, write_rows
from service.audience.imports.people import Person
from service.audience.imports.plan import Plan, Standing
from service.db import dialect_of
from service.models import ConsentEvent, ConsentKind, Import

_COLUMNS = (
    "newsletter_id", "email_hash", "sequence", "kind", "at", "detail", "previous_hash", "hash",
)  # fmt: skip
_HASH, _DETAIL = "the hash", {"the": "detail"}


class Proofs:
    """What the ledger says of the readers of one file."""

    def __init__(self, job: Import, plan: Plan, now: datetime) -> None:
        self._newsletter, self._now = job.newsletter_id, now
        self._common = {
            "import": job.id,
            "file": job.file_name,
            "statement": plan.statement,
            "by": plan.by,
            "asked": plan.ask,
        }
        row: dict[str, Any] = {
            "newsletter_id": job.newsletter_id,
            "email_hash": _HASH,
            "sequence": 1,
            "kind": ConsentKind.IMPORTED,
            "at": now,
            "text_version": None,
            "ip": None,
            "user_agent": None,
            "detail": _DETAIL,
        }
        before, rest = chain_form(FIRST, row).split(_compact(_DETAIL))
        between, after = rest.split(_compact(_HASH))
        self._form = (before, between, after)
        self._plainly = _compact(self._common)

    def write(
        self, session: Session, people: Sequence[tuple[str, Person]], there: Container[str]
    ) -> None:
        """Add a line for each of *people* (with the hash of the address), who are distinct.

        *there* has a ledger already; raises ``Collision`` when another one has.
        """
        newsletter, now = self._newsletter, moment_text(dialect_of(session), self._now)
        write_rows(
            session,
            ConsentEvent,
            _COLUMNS,
            (
                (newsletter, one, 1, "imported", now, detail, FIRST, self._hash(one, detail))
                for one, person in people
                if one not in there
                for detail in (self._detail_text(person),)
            ),
        )
        again = [(one, person) for one, person in people if one in there]
        record(
            session,
            *(
                Line(newsletter, one, ConsentKind.IMPORTED, self._now, detail=self.detail(person))
                for one, person in again
            ),
        )

    def detail(self, person: Person) -> dict[str, Any]:
        """What is known of this reader's consent."""
        said = {
            "joined": person.joined and person.joined.isoformat(),
            "confirmed": person.confirmed and person.confirmed.isoformat(),
            "left": person.left and person.left.isoformat(),
            "ip": person.ip,
            "status": "" if person.standing is Standing.SUBSCRIBED else person.standing.value,
        }
        return self._common | {name: value for name, value in said.items() if value}

    def _detail_text(self, person: Person) -> str:
        if (
            person.joined is None
            and person.confirmed is None
            and person.left is None
            and not person.ip
            and person.standing is Standing.SUBSCRIBED
        ):
            return self._plainly
        return _compact(self.detail(person))

    def _hash(self, email_hash: str, detail: str) -> str:
        before, between, after = self._form
        form = f'{before}{detail}{between}"{email_hash}"{after}'
        return hashlib.sha256(form.encode()).hexdigest()


def _compact(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))

"""The consent ledger: who agreed to what, when and by which words; lines are only ever added.

GDPR (art. 7) and CASL want consent proven, so each line holds the version of the text that was
shown. A line's hash covers the line before it: what is changed or taken out later shows, except a
line missing at the very end, which only a copy kept elsewhere can show.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import Select, Table, bindparam, func, select
from sqlalchemy.orm import Session, aliased

from service.db import insert_if, insert_ignoring
from service.languages import code_of, current
from service.models import ConsentEvent, ConsentKind

TEXTS: dict[str, str] = {
    "signup-1": (
        "By signing up you agree to receive {newsletter} by e-mail. We send you one message to "
        "confirm it first. Every issue has a link to leave, and your address is used for nothing "
        "else."
    ),
    "signup-1.de": (
        "Mit der Anmeldung willigen Sie ein, {newsletter} per E-Mail zu erhalten. Vorher schicken "
        "wir Ihnen eine Nachricht, mit der Sie das bestätigen. Jede Ausgabe enthält einen Link "
        "zum Abbestellen, und Ihre Adresse wird für nichts anderes verwendet."
    ),
}
"""Every text ever shown, by version, and by language where that is not English.

Never edit one: add the next, in each language, and let :data:`CURRENT` name it. They stand here and
not in a catalog, whose texts may be mended at any time: these are what somebody agreed to.
"""

CURRENT = "signup-1"
FIRST = "0" * 64
"""What stands for the hash before a ledger's first line."""

_NONE = 0, FIRST

IMPORT_UNDONE = "import undone"
"""How somebody left whom an editor took out again with the file that they came in by."""


@dataclass(frozen=True)
class Visitor:
    """Where a request came from, as far as proof of consent needs it."""

    ip: str | None = None
    user_agent: str | None = None
    text_version: str | None = None
    """Which consent text the form showed; the current one counts where it names none of ours."""
    form: str | None = None
    """The site whose form it was, where that was not our own."""


NOBODY = Visitor()


@dataclass(frozen=True)
class Line:
    """One thing that a person did, about to be written down."""

    newsletter_id: int
    email_hash: str
    kind: ConsentKind
    at: datetime
    text_version: str | None = None
    visitor: Visitor = NOBODY
    detail: dict[str, Any] = field(default_factory=dict)


def consent_text(newsletter_name: str) -> str:
    """The words shown beside the sign-up button; :func:`text_version` says which."""
    return TEXTS[text_version()].format(newsletter=newsletter_name)


def text_version() -> str:
    """The current text in the language of the moment, in English where it has none in that."""
    here = f"{CURRENT}.{code_of(current())}"
    return here if here in TEXTS else CURRENT


def record(session: Session, *lines: Line) -> None:
    """Add *lines*, at most one for each address and newsletter, to the ends of their ledgers.

    Two writers at once are told apart by the unique sequence number: the later one takes the next.
    """
    waiting = list(lines)
    while waiting:
        rows = _following(session, waiting)
        written = insert_ignoring(session, cast("Table", ConsentEvent.__table__), rows)
        if written == len(rows):
            return
        query = select(ConsentEvent.hash).where(
            ConsentEvent.hash.in_([row["hash"] for row in rows])
        )
        there = set(session.scalars(query))
        waiting = [
            line for line, row in zip(waiting, rows, strict=True) if row["hash"] not in there
        ]


def record_after(session: Session, line: Line, last: tuple[int, str] | None, *, go: bool) -> None:
    """As :func:`record`, by whoever has read the ledger's last line with something else already.

    Unless it is to *go*, nothing is written, by the same statement.
    """
    rows, row = session.connection(), _row(line, *(last or _NONE))
    adding = insert_if(rows.dialect.name, cast("Table", ConsentEvent.__table__), tuple(row))
    if not rows.execute(adding, {**row, "go": go}).all() and go:
        record(session, line)


def ledger(session: Session, newsletter_id: int, email_hash: str) -> Sequence[ConsentEvent]:
    """Every line about one address and newsletter, oldest first."""
    return session.scalars(
        select(ConsentEvent)
        .where(ConsentEvent.newsletter_id == newsletter_id, ConsentEvent.email_hash == email_hash)
        .order_by(ConsentEvent.sequence)
    ).all()


def last_lines() -> Select[str, ConsentKind, dict[str, Any]]:
    """Hash, kind and detail of the last line of each ledger; to be narrowed by the caller."""
    later = aliased(ConsentEvent)
    last = (
        select(func.max(later.sequence))
        .where(
            later.email_hash == ConsentEvent.email_hash,
            later.newsletter_id == ConsentEvent.newsletter_id,
        )
        .scalar_subquery()
    )
    return select(ConsentEvent.email_hash, ConsentEvent.kind, ConsentEvent.detail).where(
        ConsentEvent.sequence == last
    )


def withdrew(kind: ConsentKind, detail: Mapping[str, Any]) -> bool:
    """Whether somebody whose ledger ends so took their consent back, or moved to another address.

    It is all that still says so when their data are deleted. An import that was undone took nothing
    back in their name.
    """
    if kind is ConsentKind.UNSUBSCRIBED:
        return detail.get("how") != IMPORT_UNDONE
    return kind is ConsentKind.CHANGED and "address_to" in detail


def withdrawn_among(session: Session, newsletter_id: int, hashes: Sequence[str]) -> set[str]:
    """Those of *hashes* (some hundreds) whose ledger says that they are not to be written to."""
    found = session.execute(
        last_lines().where(
            ConsentEvent.newsletter_id == newsletter_id, ConsentEvent.email_hash.in_(hashes)
        )
    )
    return {email_hash for email_hash, kind, detail in found if withdrew(kind, detail)}


def verify(events: Iterable[ConsentEvent]) -> ConsentEvent | None:
    """None when a ledger (oldest first) is whole, else its first line that does not hold."""
    previous = FIRST
    for sequence, event in enumerate(events, start=1):
        row = {name: getattr(event, name) for name in _COVERED}
        if (
            event.sequence != sequence
            or event.previous_hash != previous
            or event.hash != chain_hash(previous, row)
        ):
            return event
        previous = event.hash
    return None


_COVERED = (
    "newsletter_id",
    "email_hash",
    "sequence",
    "kind",
    "at",
    "text_version",
    "ip",
    "user_agent",
    "detail",
)


def chain_hash(previous_hash: str, row: dict[str, Any]) -> str:
    """SHA-256 over :func:`chain_form`, 64 hex digits."""
    return hashlib.sha256(chain_form(previous_hash, row).encode()).hexdigest()


def chain_form(previous_hash: str, row: dict[str, Any]) -> str:
    """The hash before and a line's columns, as sorted JSON in ASCII with the time in UTC."""
    said = {name: row[name] for name in _COVERED}
    said["at"] = row["at"].astimezone(UTC).isoformat(timespec="microseconds")
    said["kind"] = ConsentKind(row["kind"]).value
    return json.dumps([previous_hash, said], sort_keys=True, separators=(",", ":"))


def _following(session: Session, lines: Sequence[Line]) -> list[dict[str, Any]]:
    """The rows for *lines*, each chained to the last one there is."""
    last = _last_lines(session, lines)
    return [_row(line, *last.get((line.newsletter_id, line.email_hash), _NONE)) for line in lines]


def _row(line: Line, last_sequence: int, last_hash: str) -> dict[str, Any]:
    row: dict[str, Any] = {
        "newsletter_id": line.newsletter_id,
        "email_hash": line.email_hash,
        "sequence": last_sequence + 1,
        "kind": line.kind,
        "at": line.at,
        "text_version": line.text_version,
        "ip": line.visitor.ip,
        "user_agent": line.visitor.user_agent,
        "detail": line.detail,
    }
    return {**row, "previous_hash": last_hash, "hash": chain_hash(last_hash, row)}


def _last_lines(session: Session, lines: Sequence[Line]) -> dict[tuple[int, str], tuple[int, str]]:
    """Sequence and hash of the last line of each ledger, for those that have one."""
    if len(lines) == 1:
        return _last_line(session, lines[0])
    highest = (
        select(
            ConsentEvent.newsletter_id,
            ConsentEvent.email_hash,
            func.max(ConsentEvent.sequence).label("sequence"),
        )
        .where(
            ConsentEvent.newsletter_id.in_({line.newsletter_id for line in lines}),
            ConsentEvent.email_hash.in_({line.email_hash for line in lines}),
        )
        .group_by(ConsentEvent.newsletter_id, ConsentEvent.email_hash)
        .subquery()
    )
    found = session.execute(
        select(
            ConsentEvent.newsletter_id,
            ConsentEvent.email_hash,
            ConsentEvent.sequence,
            ConsentEvent.hash,
        ).join(
            highest,
            (ConsentEvent.newsletter_id == highest.c.newsletter_id)
            & (ConsentEvent.email_hash == highest.c.email_hash)
            & (ConsentEvent.sequence == highest.c.sequence),
        )
    )
    return {(row[0], row[1]): (row[2], row[3]) for row in found}


def _last_line(session: Session, line: Line) -> dict[tuple[int, str], tuple[int, str]]:
    """As :func:`_last_lines`, for what one reader does: a fifth of its cost."""
    whose = {"newsletter_id": line.newsletter_id, "email_hash": line.email_hash}
    last = session.execute(LAST_LINE, whose).one_or_none()
    if last is None:
        return {}
    return {(line.newsletter_id, line.email_hash): (last.sequence, last.hash)}


LAST_LINE = (
    select(ConsentEvent.sequence, ConsentEvent.hash)
    .where(
        ConsentEvent.newsletter_id == bindparam("newsletter_id"),
        ConsentEvent.email_hash == bindparam("email_hash"),
    )
    .order_by(ConsentEvent.sequence.desc())
    .limit(1)
)
"""Sequence and hash of one ledger's last line, by ``newsletter_id`` and ``email_hash``."""

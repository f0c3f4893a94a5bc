"""One reader's consent as a file that proves itself: every ledger line, chained and sealed.

Each line's hash covers the line before it, as in the ledger, which anybody can check. The seal is
keyed with the installation's secret and covers the whole file: whoever changed a line and made the
chain anew would still need that.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.audience.addresses import Address
from service.audience.consent import FIRST, TEXTS, chain_hash
from service.audience.suppression import hash_of
from service.config import settings
from service.models import ConsentEvent, ConsentKind, Newsletter


class BadProof(ValueError):
    """Not a file of ours; the text says what is wrong with it."""


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ProofLine(Part):
    """A line of the ledger, as it stands in :class:`service.models.ConsentEvent`."""

    sequence: int
    kind: ConsentKind
    at: datetime
    text_version: str | None
    ip: str | None
    user_agent: str | None
    detail: dict[str, Any]
    previous_hash: str
    hash: str


class ProofLedger(Part):
    """All lines about one address and newsletter, oldest first."""

    newsletter_id: int
    newsletter: str
    """Its name when the file was made."""
    email_hash: str
    lines: tuple[ProofLine, ...]


class Proof(Part):
    format: Literal["broadsheet-consent-1"] = "broadsheet-consent-1"
    made_at: datetime
    address: str
    email_hash: str
    texts: dict[str, str]
    """The consent texts that the lines name; ``{newsletter}`` stands for its name."""
    ledgers: tuple[ProofLedger, ...]
    seal: str = ""


def prove(session: Session, address: Address, now: datetime) -> Proof:
    """All that is written down about the consent of *address*, sealed.

    Where the reader had another address before, that one's ledgers are part of it, as far as they
    are theirs: whoever has that mailbox since is nobody's business.
    """
    hashes, ledgers = [hash_of(address)], list[ProofLedger]()
    for email_hash in hashes:  # grows while it is read
        for found in _ledgers(session, email_hash):
            ledger = found if email_hash == hashes[0] else _until_moved(found, hashes)
            ledgers.append(ledger)
            earlier = (line.detail.get("address_from") for line in ledger.lines)
            hashes += [str(one) for one in earlier if one and one not in hashes]
    versions = {line.text_version for ledger in ledgers for line in ledger.lines}
    proof = Proof(
        made_at=now,
        address=address.email,
        email_hash=hash_of(address),
        texts={version: text for version, text in TEXTS.items() if version in versions},
        ledgers=tuple(ledger for ledger in ledgers if ledger.lines),
    )
    return proof.model_copy(update={"seal": seal(proof)})


def read_proof(text: str) -> Proof:
    """The file *text*; raises :class:`BadProof`."""
    try:
        return Proof.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadProof(
            f"It is no proof of consent of ours: {place or 'file'}: {first['msg']}."
        ) from None


def faults(proof: Proof) -> list[str]:
    """What does not hold within the file, a sentence each; none when it is as it was made."""
    found = list(_broken(proof))
    if not hmac.compare_digest(proof.seal, seal(proof)):
        found.append(
            "The seal does not fit: the file was changed, or another installation made it."
        )
    return found


def differences(session: Session, proof: Proof) -> list[str]:
    """Where the ledger here says something else than the file; later lines are no difference."""
    found = []
    for ledger in proof.ledgers:
        here = select(ConsentEvent.sequence, ConsentEvent.hash).where(
            ConsentEvent.newsletter_id == ledger.newsletter_id,
            ConsentEvent.email_hash == ledger.email_hash,
        )
        hashes = dict(session.execute(here).all())
        found += [
            f"{ledger.newsletter}, line {line.sequence}: the ledger here says something else."
            for line in ledger.lines
            if hashes.get(line.sequence) != line.hash
        ]
    return found


def seal(proof: Proof) -> str:
    """HMAC-SHA256 by the installation's secret over all else in the file, as sorted JSON."""
    said = proof.model_dump(mode="json", exclude={"seal"})
    form = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return hmac.digest(settings().secret, b"consent\0" + form.encode(), hashlib.sha256).hex()


def _broken(proof: Proof) -> Iterator[str]:
    for ledger in proof.ledgers:
        previous = FIRST
        for sequence, line in enumerate(ledger.lines, start=1):
            row = {
                **line.model_dump(exclude={"previous_hash", "hash"}),
                "newsletter_id": ledger.newsletter_id,
                "email_hash": ledger.email_hash,
            }
            follows = line.previous_hash == previous and line.hash == chain_hash(previous, row)
            if line.sequence != sequence or not follows:
                yield f"{ledger.newsletter}, line {sequence}: it does not follow from those before."
                break
            previous = line.hash
    for version, text in proof.texts.items():
        if TEXTS.get(version) != text:
            yield f"The text {version} is not the one that was shown."


def _until_moved(ledger: ProofLedger, to: Collection[str]) -> ProofLedger:
    """Its lines up to the last by which the reader went on to one of the addresses *to*."""
    moves = [n for n, line in enumerate(ledger.lines, 1) if line.detail.get("address_to") in to]
    return ledger.model_copy(update={"lines": ledger.lines[: max(moves, default=0)]})


def _ledgers(session: Session, email_hash: str) -> Iterator[ProofLedger]:
    query = (
        select(ConsentEvent, Newsletter.name)
        .join(Newsletter, Newsletter.id == ConsentEvent.newsletter_id)
        .where(ConsentEvent.email_hash == email_hash)
        .order_by(ConsentEvent.newsletter_id, ConsentEvent.sequence)
    )
    by_newsletter: dict[int, tuple[str, list[ProofLine]]] = {}
    for event, name in session.execute(query):
        line = ProofLine(
            **{field: getattr(event, field) for field in ProofLine.model_fields if field != "at"},
            at=event.at.astimezone(UTC),
        )
        by_newsletter.setdefault(event.newsletter_id, (name, []))[1].append(line)
    for newsletter_id, (name, lines) in by_newsletter.items():
        yield ProofLedger(
            newsletter_id=newsletter_id,
            newsletter=name,
            email_hash=email_hash,
            lines=tuple(lines),
        )

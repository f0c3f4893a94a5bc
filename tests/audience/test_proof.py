"""A reader's consent as a file: whatever is changed in it, it is found."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as cases
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from service.audience.addresses import parse_address
from service.audience.consent import CURRENT, FIRST, TEXTS, Visitor, chain_hash, consent_text
from service.audience.joining import Reader, add_confirmed
from service.audience.moving import ask_to_move, find_move, move
from service.audience.proof import (
    BadProof,
    Proof,
    ProofLedger,
    ProofLine,
    differences,
    faults,
    prove,
    read_proof,
    seal,
)
from service.audience.sign_up import sign_up
from service.audience.subscribe import confirm, unsubscribe
from service.models import ConsentKind, Newsletter, Notice, Subscription

ANN = parse_address("ann@example.org")
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
KEPT = [HealthCheck.function_scoped_fixture]

moments = st.integers(0, 10**12).map(lambda ticks: NOON + timedelta(microseconds=ticks))
words = st.text(st.characters(codec="utf-8"), max_size=20)
lines = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(ConsentKind),
        "at": moments,
        "text_version": st.none() | words,
        "ip": st.none() | words,
        "user_agent": st.none() | words,
        "detail": st.dictionaries(words, st.none() | st.booleans() | st.integers() | words),
    }
)


def chained(said: list[dict[str, Any]]) -> ProofLedger:
    """A ledger of these lines, each hash following from the one before."""
    previous, made = FIRST, []
    for sequence, line in enumerate(said, start=1):
        row = {**line, "sequence": sequence, "newsletter_id": 1, "email_hash": "a" * 64}
        digest = chain_hash(previous, row)
        made.append(ProofLine(**line, sequence=sequence, previous_hash=previous, hash=digest))
        previous = digest
    return ProofLedger(newsletter_id=1, newsletter="R", email_hash="a" * 64, lines=tuple(made))


def sealed(said: list[dict[str, Any]]) -> Proof:
    proof = Proof(
        made_at=NOON, address=ANN.email, email_hash="a" * 64, texts=TEXTS, ledgers=(chained(said),)
    )
    return proof.model_copy(update={"seal": seal(proof)})


@cases(max_examples=60, suppress_health_check=KEPT, deadline=None)
@given(said=st.lists(lines, min_size=1, max_size=5))
def test_it_holds_as_it_was_made(said: list[dict[str, Any]], data_dir: Path) -> None:
    assert faults(read_proof(sealed(said).model_dump_json(indent=2))) == []


@cases(max_examples=150, suppress_health_check=KEPT, deadline=None)
@given(said=st.lists(lines, min_size=1, max_size=5), data=st.data())
def test_it_finds_any_change_of_a_line(
    said: list[dict[str, Any]], data: st.DataObject, data_dir: Path
) -> None:
    proof = sealed(said)
    place = data.draw(st.integers(0, len(said) - 1))
    field = data.draw(st.sampled_from(sorted(said[0])))
    other = data.draw(lines.map(lambda line: line[field]).filter(lambda v: v != said[place][field]))
    (ledger,) = proof.ledgers
    changed = [
        line.model_copy(update={field: other}) if number == place else line
        for number, line in enumerate(ledger.lines)
    ]
    tampered = with_lines(proof, ledger.model_copy(update={"lines": tuple(changed)}))
    assert len(faults(tampered)) == 2  # the chain and the seal, each by itself


@cases(max_examples=80, suppress_health_check=KEPT, deadline=None)
@given(said=st.lists(lines, min_size=2, max_size=5, unique_by=repr), data=st.data())
def test_it_finds_a_chain_that_was_made_anew(
    said: list[dict[str, Any]], data: st.DataObject, data_dir: Path
) -> None:
    proof = sealed(said)
    others = st.permutations(said).filter(lambda order: order != said)
    fewer = st.integers(0, len(said) - 1).map(lambda out: said[:out] + said[out + 1 :])
    forged = data.draw(others | fewer)
    assert faults(with_lines(proof, chained(forged)))


def with_lines(proof: Proof, ledger: ProofLedger) -> Proof:
    """The file with another ledger in it and the old seal, read as it would be."""
    return read_proof(proof.model_copy(update={"ledgers": (ledger,)}).model_dump_json())


@pytest.mark.parametrize(
    "change",
    [{"address": "eve@example.org"}, {"texts": {}}, {"seal": ""}, {"email_hash": "b" * 64}],
)
def test_it_finds_any_other_change(change: dict[str, Any], data_dir: Path) -> None:
    proof = sealed([{"kind": "confirmed", "at": NOON, "detail": {}, **NOTHING}])
    assert faults(proof) == []
    assert faults(proof.model_copy(update=change))


NOTHING = dict.fromkeys(("text_version", "ip", "user_agent"))


@pytest.mark.parametrize("junk", ["", "{}", "[]", "null", '{"format": "other"}', "\x00"])
def test_it_says_what_is_no_proof(junk: str) -> None:
    with pytest.raises(BadProof, match="no proof of consent"):
        read_proof(junk)


def test_it_proves_what_a_reader_did(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    visitor = Visitor("192.0.2.7", "A browser")
    sign_up(session, newsletter, ANN.email, now=now, visitor=visitor)
    row = session.query(Subscription).one()
    confirm(session, row.id, now, now, visitor)
    unsubscribe(session, row.id, now, how="one_click")
    session.commit()
    session.expire_all()
    proof = read_proof(prove(session, ANN, now).model_dump_json())
    (ledger,) = proof.ledgers
    assert [line.kind for line in ledger.lines] == ["signed_up", "confirmed", "unsubscribed"]
    assert (ledger.lines[0].ip, ledger.lines[0].text_version) == ("192.0.2.7", CURRENT)
    assert proof.texts[CURRENT].format(newsletter=ledger.newsletter) == consent_text("The Report")
    assert faults(proof) == differences(session, proof) == []


def test_it_goes_back_to_the_address_that_agreed(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    add_confirmed(session, newsletter, Reader(ANN), now)
    row = session.query(Subscription).one()
    ask_to_move(session, row, "ann@new.example", now)
    asked = find_move(session, session.query(Notice).one().id)
    assert asked
    move(session, asked, now)
    sign_up(session, newsletter, ANN.email, now=now, visitor=Visitor(ip="203.0.113.9"))
    proof = prove(session, parse_address("ann@new.example"), now)
    assert "203.0.113.9" not in proof.model_dump_json(), "who has the old mailbox now"
    kinds = [[line.kind for line in ledger.lines] for ledger in proof.ledgers]
    assert kinds == [["changed"], ["imported", "changed"]]
    assert faults(proof) == []


def test_it_sees_a_ledger_that_was_changed_since(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    add_confirmed(session, newsletter, Reader(ANN), now)
    proof = prove(session, ANN, now)
    unsubscribe(session, session.query(Subscription).one().id, now + timedelta(days=1), how="page")
    assert differences(session, proof) == []
    session.execute(text("UPDATE consent_event SET hash = 'x' WHERE sequence = 1"))
    assert len(differences(session, proof)) == 1


def test_it_is_plain_json(session: Session, newsletter: Newsletter, now: datetime) -> None:
    add_confirmed(session, newsletter, Reader(ANN), now)
    said = json.loads(prove(session, ANN, now).model_dump_json())
    assert said["format"] == "broadsheet-consent-1"
    assert said["ledgers"][0]["lines"][0]["previous_hash"] == FIRST

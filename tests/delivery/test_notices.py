"""Service mail: claimed once, sent once, and never in a circle."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import httpx2
import pytest
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from service.config import Settings
from service.db import session_scope
from service.delivery.notices import due_notices, send_notice, tend_notices
from service.delivery.pace import Turn
from service.delivery.record import MAX_ATTEMPTS
from service.delivery.send import Sender
from service.delivery.transports import Account, Outcome, Verdict
from service.message.mail import Mail
from service.message.slots import mark
from service.models import DeliveryState, Notice, NoticeKind
from service.sandbox import Sandbox
from tests.delivery.rows import a_newsletter

GRACE = timedelta(minutes=20)
LEASE = timedelta(seconds=120)
S = DeliveryState


def render(session: Session, notice: Notice, settings: Settings) -> tuple[Mail, dict[str, str]]:
    mail = Mail.of("n1", "Confirm", None, f"Follow {mark('n1', 'actionUrl')}\n")
    return mail, {"actionUrl": f"{settings.base_url}/confirm/{notice.id}"}


@pytest.fixture
def make(database: Engine, now: datetime) -> Callable[[int], list[int]]:
    """Makes *count* notices that wait; their ids."""

    def made(count: int = 1) -> list[int]:
        with Session(database) as session, session.begin():
            owner = a_newsletter(session, now)
            rows = [
                Notice(
                    kind=NoticeKind.CONFIRM,
                    newsletter_id=owner.id,
                    address=f"reader{number}@example.org",
                    due_at=now,
                    created_at=now,
                    changed_at=now,
                )
                for number in range(count)
            ]
            session.add_all(rows)
            session.flush()
            return [row.id for row in rows]

    return made


Make = Callable[..., list[int]]


def row(database: Engine, notice_id: int) -> Notice:
    with Session(database, expire_on_commit=False) as session:
        return session.get_one(Notice, notice_id)


def sent(sandbox: Sandbox) -> list[str]:
    found = httpx2.get(f"{sandbox.url}/control/messages?limit=1000").json()
    return sorted(address for message in found["messages"] for address in message["to"])


def fault(sandbox: Sandbox, *faults: dict[str, object]) -> None:
    answer = httpx2.post(f"{sandbox.url}/control/faults", json={"fail_next": list(faults)})
    answer.raise_for_status()


def tended(now: datetime) -> int:
    with session_scope() as session:
        return tend_notices(session, now, GRACE)


def test_it_sends_a_notice_once(
    sender: Sender, make: Make, sandbox: Sandbox, database: Engine, now: datetime
) -> None:
    [notice_id] = make()
    outcome = send_notice(sender, notice_id, render)
    assert outcome is not None
    assert outcome.verdict is Verdict.ACCEPTED
    assert send_notice(sender, notice_id, render) is None
    assert sent(sandbox) == ["reader0@example.org"]
    found = row(database, notice_id)
    assert (found.state, found.attempt) == (S.ACCEPTED, 1)
    assert found.message_id == outcome.message_id
    [message] = httpx2.get(f"{sandbox.url}/control/messages").json()["messages"]
    assert message["tags"]["notice"] == str(notice_id)
    text = httpx2.get(f"{sandbox.url}/inbox/{message['seq']}.eml").text
    assert f"http://news.example.org/confirm/{notice_id}" in text
    assert "Auto-Submitted: auto-generated" in text
    with Session(database) as session:
        assert due_notices(session, now) == []


def test_it_gives_each_notice_to_one_of_many_threads(
    sender: Sender, make: Make, sandbox: Sandbox
) -> None:
    ids = make(6)
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda i: send_notice(sender, i, render), ids * 4))
    assert sum(outcome is not None for outcome in outcomes) == 6
    assert sent(sandbox) == [f"reader{number}@example.org" for number in range(6)]


def test_it_sends_none_before_it_is_due(
    sender: Sender, make: Make, sandbox: Sandbox, database: Engine, now: datetime
) -> None:
    [notice_id] = make()
    with Session(database) as session, session.begin():
        session.execute(update(Notice).values(due_at=now + timedelta(seconds=1)))
        assert due_notices(session, now) == []
    assert send_notice(sender, notice_id, render) is None
    assert sent(sandbox) == []


def test_it_takes_nothing_when_the_pace_has_no_turn(
    sender: Sender, make: Make, database: Engine
) -> None:
    class Full:
        def take(self, count: int, rate: float) -> Turn:
            raise AssertionError("service mail stands in no queue")

        def take_first(self, rate: float) -> Turn:
            return Turn(granted=False, wait=60)

    [notice_id] = make()
    sender.pace = Full()
    assert send_notice(sender, notice_id, render) is None
    assert row(database, notice_id).state is S.QUEUED


@pytest.mark.parametrize(
    ("kind", "state", "wait"),
    [
        ({"kind": "throttle"}, S.QUEUED, timedelta(seconds=30)),
        ({"kind": "refuse", "error": "MessageRejected", "message": "no"}, S.REJECTED, None),
        ({"kind": "refuse", "error": "SendingPausedException"}, S.QUEUED, timedelta(seconds=30)),
        ({"kind": "error500"}, S.UNKNOWN, None),
        ({"kind": "accept_then_drop"}, S.UNKNOWN, None),
    ],
)
def test_it_writes_down_what_became_of_it(
    sender: Sender,
    make: Make,
    sandbox: Sandbox,
    database: Engine,
    now: datetime,
    kind: dict[str, object],
    state: DeliveryState,
    wait: timedelta | None,
) -> None:
    fault(sandbox, kind)
    [notice_id] = make()
    send_notice(sender, notice_id, render)
    found = row(database, notice_id)
    assert (found.state, found.due_at) == (state, now + (wait or timedelta()))
    assert found.reason


def test_it_gives_up_what_is_put_off_again_and_again(
    sender: Sender, make: Make, sandbox: Sandbox, database: Engine, now: datetime
) -> None:
    [notice_id] = make()
    fault(sandbox, {"kind": "entry_status", "status": "FAILED", "first": 1, "times": 100})
    at_last = last_try(sender, database, notice_id, now)
    assert at_last.state is S.REJECTED
    assert (at_last.reason or "").startswith(f"Given up after {MAX_ATTEMPTS} tries. ")


@pytest.mark.parametrize(
    "kind", [{"kind": "refuse", "error": "SendingPausedException"}, {"kind": "throttle"}]
)
def test_it_keeps_what_waits_for_the_account(
    sender: Sender, make: Make, sandbox: Sandbox, database: Engine, now: datetime,
    kind: dict[str, object],
) -> None:  # fmt: skip
    [notice_id] = make()
    fault(sandbox, {**kind, "times": 100})
    assert last_try(sender, database, notice_id, now).state is S.QUEUED


def last_try(sender: Sender, database: Engine, notice_id: int, now: datetime) -> Notice:
    for _ in range(MAX_ATTEMPTS):
        with Session(database) as session, session.begin():
            session.execute(update(Notice).values(due_at=now))
        assert send_notice(sender, notice_id, render) is not None
    return row(database, notice_id)


@pytest.mark.parametrize("missing", [False, True])
def test_it_rejects_what_cannot_be_made_and_says_why(
    sender: Sender, make: Make, sandbox: Sandbox, database: Engine, now: datetime, missing: bool
) -> None:
    def broken(session: Session, notice: Notice, settings: Settings) -> tuple[Mail, dict[str, str]]:
        if missing:
            return render(session, notice, settings)[0], {}
        raise ValueError("there is no template confirm/html.mjml.j2")

    [notice_id] = make()
    outcome = send_notice(sender, notice_id, broken)
    assert outcome is not None
    assert outcome.verdict is Verdict.REJECTED
    found = row(database, notice_id)
    assert found.state is S.REJECTED
    assert found.reason == "It could not be made: " + (
        "no value for actionUrl" if missing else "there is no template confirm/html.mjml.j2"
    )
    with Session(database) as session:
        assert due_notices(session, now + GRACE) == []
    assert tended(now + GRACE * 2) == 0
    assert sent(sandbox) == []


def test_it_calls_what_a_dead_worker_held_unknown_and_sends_it_once_more(
    sender: Sender, make: Make, sandbox: Sandbox, database: Engine, now: datetime
) -> None:
    [notice_id] = make()
    moment = [now]
    sender.clock = lambda: moment[0]

    class Died(BaseException):
        pass

    transport = sender.transport

    class Dying:
        max_recipients = 1

        def send(self, *_: object) -> list[Outcome]:
            raise Died

        def account(self) -> Account:
            return Account(max_rate=None)

        def close(self) -> None:
            pass

    for resends in (0, 1):
        sender.transport = Dying()
        with pytest.raises(Died):
            send_notice(sender, notice_id, render)
        assert row(database, notice_id).state is S.SENDING
        assert tended(moment[0] + LEASE) == 0
        assert row(database, notice_id).state is S.SENDING, "its lease was not over yet"
        moment[0] += LEASE + timedelta(seconds=1)
        assert tended(moment[0]) == 0
        found = row(database, notice_id)
        assert (found.state, found.resends) == (S.UNKNOWN, resends)
        moment[0] += GRACE + timedelta(seconds=1)
        assert tended(moment[0]) == (1 if resends == 0 else 0)
    assert row(database, notice_id).state is S.UNKNOWN, "and never a third time"
    sender.transport = transport
    assert send_notice(sender, notice_id, render) is None


@pytest.mark.parametrize("verdict", [Verdict.ACCEPTED, Verdict.REJECTED])
def test_it_takes_a_late_answer_for_the_truth(
    sender: Sender, make: Make, database: Engine, now: datetime, verdict: Verdict
) -> None:
    """Accepted, it is not sent again; anything else and its second try goes on."""
    [notice_id] = make()

    class Slow:
        max_recipients = 1

        def send(self, *_: object) -> list[Outcome]:
            tended(now + LEASE * 2)
            assert tended(now + LEASE * 3 + GRACE) == 1
            return [Outcome(verdict, "m1" if verdict is Verdict.ACCEPTED else None)]

        def account(self) -> Account:
            return Account(max_rate=None)

        def close(self) -> None:
            pass

    sender.transport.close()
    sender.transport = Slow()
    send_notice(sender, notice_id, render)
    expected = S.ACCEPTED if verdict is Verdict.ACCEPTED else S.QUEUED
    assert row(database, notice_id).state is expected

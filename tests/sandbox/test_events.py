"""The events of a message, as event publishing writes them, on the queue."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from service.sandbox import Sandbox

from .people import LEAVE, FakeClock, ask, bulk, entry, simple


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("ada@mail.example", ["Send", "Delivery"]),
        ("success@simulator.amazonses.com", ["Send", "Delivery"]),
        ("bounce+a1@simulator.amazonses.com", ["Send", "Bounce Permanent/General"]),
        ("complaint@simulator.amazonses.com", ["Send", "Delivery", "Complaint abuse"]),
        ("suppressionlist@simulator.amazonses.com", ["Send", "Bounce Permanent/Suppressed"]),
        ("ooto@simulator.amazonses.com", ["Send", "Delivery", "Bounce Transient/General"]),
    ],
)
def test_it_publishes_what_becomes_of_an_address(
    ses: Any, events: Any, address: str, expected: list[str]
) -> None:
    ses.send_email(**simple(address))
    assert [summary(event) for event in events()] == expected


def summary(event: dict[str, Any]) -> str:
    kind = str(event["eventType"])
    if kind == "Bounce":
        return f"{kind} {event['bounce']['bounceType']}/{event['bounce']['bounceSubType']}"
    return f"{kind} {event['complaint']['complaintFeedbackType']}" if kind == "Complaint" else kind


def test_it_bounces_a_suppressed_address_and_still_counts_it(ses: Any, events: Any) -> None:
    ses.put_suppressed_destination(EmailAddress="ada@mail.example", Reason="BOUNCE")
    ses.send_email(**simple("Ada@mail.example"))
    assert [summary(e) for e in events()] == ["Send", "Bounce Permanent/OnAccountSuppressionList"]
    assert ses.get_account()["SendQuota"]["SentLast24Hours"] == 1


def test_it_echoes_tags_headers_and_ids(ses: Any, events: Any) -> None:
    answer = ses.send_bulk_email(**bulk(entry("ada@mail.example", "d1", name="Ada")))
    mail = events()[1]["mail"]
    assert mail["messageId"] == answer["BulkEmailEntryResults"][0]["MessageId"]
    assert mail["destination"] == ["ada@mail.example"]
    assert mail["tags"]["delivery"] == ["d1"]
    assert mail["tags"]["issue"] == ["i7"]
    assert mail["tags"]["ses:configuration-set"] == ["broadsheet"]
    assert {"name": "list-unsubscribe", "value": LEAVE} in mail["headers"]
    assert mail["commonHeaders"]["subject"] == "Good morning, Ada"
    assert mail["headersTruncated"] is False


def test_it_publishes_nothing_without_a_configuration_set(ses: Any, events: Any) -> None:
    call = simple("ada@mail.example")
    del call["ConfigurationSetName"]
    ses.send_email(**call)
    assert events() == []


def test_it_gives_each_feedback_an_id_of_its_own(ses: Any, events: Any) -> None:
    for address in ("bounce@simulator.amazonses.com", "complaint@simulator.amazonses.com"):
        ses.send_email(**simple(address))
    found = events()
    bounce = next(e["bounce"] for e in found if e["eventType"] == "Bounce")
    complaint = next(e["complaint"] for e in found if e["eventType"] == "Complaint")
    assert bounce["feedbackId"] != complaint["feedbackId"]
    assert bounce["bouncedRecipients"][0]["emailAddress"] == "bounce@simulator.amazonses.com"
    assert complaint["complainedRecipients"] == [
        {"emailAddress": "complaint@simulator.amazonses.com"}
    ]


def test_it_gives_any_address_the_outcome_it_was_told(
    sandbox: Sandbox, ses: Any, events: Any
) -> None:
    ask(sandbox.url, "/control/faults", {"outcomes": {"ada@mail.example": "bounce"}})
    ses.send_email(**simple("ada@mail.example"))
    assert [summary(e) for e in events()] == ["Send", "Bounce Permanent/General"]
    assert ses.get_suppressed_destination(EmailAddress="ada@mail.example")


def test_it_publishes_twice_when_told(sandbox: Sandbox, ses: Any, events: Any) -> None:
    ask(sandbox.url, "/control/faults", {"events": {"double": True}})
    ses.send_email(**simple("ada@mail.example"))
    assert [e["eventType"] for e in events()] == ["Send", "Send", "Delivery", "Delivery"]


def test_it_loses_and_reorders_events_the_same_way_for_the_same_seed(
    sandbox: Sandbox, ses: Any, events: Any
) -> None:
    def run() -> list[tuple[str, str]]:
        faults = {"seed": 7, "events": {"shuffle": True, "drop_rate": 0.3}}
        ask(sandbox.url, "/control/faults", faults)
        ses.send_bulk_email(**bulk(*(entry(f"p{n}@mail.example") for n in range(20))))
        return [(e["eventType"], e["mail"]["destination"][0]) for e in events()]

    first = run()
    in_order = [(kind, f"p{n}@mail.example") for n in range(20) for kind in ("Send", "Delivery")]
    assert 0 < len(first) < 40
    assert first != [event for event in in_order if event in first]
    assert run() == first


def test_it_publishes_a_share_twice_and_of_some_messages_nothing(
    sandbox: Sandbox, ses: Any, events: Any
) -> None:
    faults = {"seed": 3, "events": {"double": 0.5, "mute_rate": 0.5}}
    ask(sandbox.url, "/control/faults", faults)
    ses.send_bulk_email(**bulk(*(entry(f"p{n}@mail.example", str(n)) for n in range(40))))
    heard = Counter((e["mail"]["destination"][0], e["eventType"]) for e in events())
    told_of = {address for address, _ in heard}
    assert 10 < len(told_of) < 30
    assert all(heard[address, "Send"] and heard[address, "Delivery"] for address in told_of)
    assert set(heard.values()) == {1, 2}


def test_it_publishes_late_and_lets_events_overtake_one_another(
    timed: Sandbox, clock: FakeClock, connect: Callable[[str, str], Any]
) -> None:
    ask(timed.url, "/control/faults", {"events": {"delay_ms": 1000, "jitter_ms": 4000}})
    connect("sesv2", timed.url).send_bulk_email(
        **bulk(*(entry(f"p{n}@mail.example", str(n)) for n in range(20)))
    )
    seen = []
    for _ in range(51):
        seen.append(ask(timed.url, "/control/queues").json()["broadsheet-events"]["visible"])
        clock.now += 0.1
    assert seen[9] == 0
    assert 0 < seen[25] < 40
    assert seen[50] == 40
    sqs, arrived = connect("sqs", timed.url), []
    while page := sqs.receive_message(QueueUrl=timed.queue_url, MaxNumberOfMessages=10):
        if "Messages" not in page:
            break
        events_ = [json.loads(json.loads(m["Body"])["Message"]) for m in page["Messages"]]
        arrived += [(e["mail"]["destination"][0], e["eventType"]) for e in events_]
    assert any(
        arrived.index((address, "Delivery")) < arrived.index((address, "Send"))
        for address, _ in arrived
    )


def test_it_keeps_events_back_until_they_are_let_go(
    sandbox: Sandbox, ses: Any, events: Any
) -> None:
    ask(sandbox.url, "/control/faults", {"events": {"hold": True}})
    ses.send_email(**simple("ada@mail.example"))
    ask(sandbox.url, "/control/faults", {"events": {"delay_ms": 0}})
    assert events() == []
    ask(sandbox.url, "/control/faults", {"events": {"hold": False}})
    assert [summary(event) for event in events()] == ["Send", "Delivery"]
    ask(sandbox.url, "/control/faults", {"events": {"hold": True}})
    assert events() == []


def test_it_forgets_held_events_with_the_rest(sandbox: Sandbox, ses: Any, events: Any) -> None:
    ask(sandbox.url, "/control/faults", {"events": {"hold": True}})
    ses.send_email(**simple("ada@mail.example"))
    ask(sandbox.url, "/control/reset", {})
    ask(sandbox.url, "/control/faults", {"events": {"hold": False}})
    assert events() == []


def test_it_publishes_nothing_while_events_are_off(sandbox: Sandbox, ses: Any, events: Any) -> None:
    ask(sandbox.url, "/control/faults", {"events": {"enabled": False}})
    ses.send_email(**simple("ada@mail.example"))
    assert events() == []

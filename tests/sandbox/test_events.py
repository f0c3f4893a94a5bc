"""The events of a message, as event publishing writes them, on the queue."""

from __future__ import annotations

from typing import Any

import pytest

from service.sandbox import Sandbox

from .people import LEAVE, ask, bulk, entry, simple


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


def test_it_publishes_nothing_while_events_are_off(sandbox: Sandbox, ses: Any, events: Any) -> None:
    ask(sandbox.url, "/control/faults", {"events": {"enabled": False}})
    ses.send_email(**simple("ada@mail.example"))
    assert events() == []

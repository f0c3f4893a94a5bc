"""Pace, quota, suppression and the state of the account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from service.sandbox import Sandbox

from .people import FakeClock, ask, bulk, entry, simple

Connect = Callable[[str, str], Any]


def test_it_shows_quota_and_counts_recipients(sandbox: Sandbox, ses: Any) -> None:
    to = {"ToAddresses": ["ada@mail.example"], "CcAddresses": ["bo@mail.example"]}
    ses.send_email(**simple("", Destination=to))
    account = ses.get_account()
    assert account["SendQuota"] == {
        "Max24HourSend": 50_000.0,
        "MaxSendRate": 500.0,
        "SentLast24Hours": 2.0,
    }
    assert account["ProductionAccessEnabled"] is True
    assert account["EnforcementStatus"] == "HEALTHY"


def test_it_throttles_by_recipients_a_second(
    timed: Sandbox, clock: FakeClock, connect: Connect
) -> None:
    ses = connect("sesv2", timed.url)
    ask(timed.url, "/control/faults", {"max_send_rate": 2})
    call = bulk(*(entry(f"p{n}@mail.example") for n in range(3)))
    results = ses.send_bulk_email(**call)["BulkEmailEntryResults"]
    assert [r["Status"] for r in results] == ["SUCCESS", "SUCCESS", "ACCOUNT_THROTTLED"]
    with pytest.raises(ses.exceptions.TooManyRequestsException, match="Maximum sending rate"):
        ses.send_email(**simple("ada@mail.example"))
    clock.now += 1
    assert ses.send_email(**simple("ada@mail.example"))["MessageId"]


def test_it_tells_the_daily_quota_apart_by_its_message_alone(
    timed: Sandbox, clock: FakeClock, connect: Connect
) -> None:
    ses = connect("sesv2", timed.url)
    ask(timed.url, "/control/faults", {"max_24h": 1})
    results = ses.send_bulk_email(**bulk(entry("ada@mail.example"), entry("bo@mail.example")))
    statuses = [r["Status"] for r in results["BulkEmailEntryResults"]]
    assert statuses == ["SUCCESS", "ACCOUNT_DAILY_QUOTA_EXCEEDED"]
    with pytest.raises(ses.exceptions.TooManyRequestsException, match="Daily message quota"):
        ses.send_email(**simple("ada@mail.example"))
    clock.now += 86_401
    assert ses.send_email(**simple("ada@mail.example"))["MessageId"]


def test_it_keeps_to_a_lower_rate_than_it_says(
    timed: Sandbox, clock: FakeClock, connect: Connect
) -> None:
    ses = connect("sesv2", timed.url)
    ask(timed.url, "/control/faults", {"max_send_rate": 100, "throttle_above": 2})
    assert ses.get_account()["SendQuota"]["MaxSendRate"] == 100
    call = bulk(*(entry(f"p{n}@mail.example") for n in range(3)))
    for _ in range(2):
        results = ses.send_bulk_email(**call)["BulkEmailEntryResults"]
        assert [r["Status"] for r in results] == ["SUCCESS", "SUCCESS", "ACCOUNT_THROTTLED"]
        clock.now += 1


def test_it_has_a_day_as_short_as_it_was_told(
    timed: Sandbox, clock: FakeClock, connect: Connect
) -> None:
    ses = connect("sesv2", timed.url)
    ask(timed.url, "/control/faults", {"max_24h": 2, "day_seconds": 10})
    for _ in range(2):
        ses.send_email(**simple("ada@mail.example"))
        clock.now += 4
    with pytest.raises(ses.exceptions.TooManyRequestsException, match="Daily message quota"):
        ses.send_email(**simple("ada@mail.example"))
    clock.now += 3  # the first of them is eleven seconds old, the second seven
    assert ses.get_account()["SendQuota"]["SentLast24Hours"] == 1
    assert ses.send_email(**simple("ada@mail.example"))["MessageId"]


def test_it_counts_what_was_said_to_be_sent_before(sandbox: Sandbox, ses: Any) -> None:
    ask(sandbox.url, "/control/faults", {"max_24h": 200, "sent_last_24h": 200})
    assert ses.get_account()["SendQuota"]["SentLast24Hours"] == 200
    with pytest.raises(ses.exceptions.TooManyRequestsException):
        ses.send_email(**simple("ada@mail.example"))


def test_it_has_no_daily_limit_at_minus_one(sandbox: Sandbox, ses: Any) -> None:
    ask(sandbox.url, "/control/faults", {"max_24h": -1, "sent_last_24h": 10_000_000})
    assert ses.send_email(**simple("ada@mail.example"))["MessageId"]


@pytest.mark.parametrize(
    ("state", "error"),
    [
        ({"sending_enabled": False}, "SendingPausedException"),
        ({"enforcement_status": "SHUTDOWN"}, "AccountSuspendedException"),
    ],
)
def test_it_refuses_all_sends_of_a_closed_account(
    sandbox: Sandbox, ses: Any, state: dict[str, Any], error: str
) -> None:
    ask(sandbox.url, "/control/faults", {"account": state})
    with pytest.raises(getattr(ses.exceptions, error)):
        ses.send_bulk_email(**bulk(entry("ada@mail.example")))
    assert sandbox.store.latest() == 0


def test_it_keeps_a_suppression_list(ses: Any) -> None:
    for name, reason in (("ada", "BOUNCE"), ("bo", "COMPLAINT")):
        ses.put_suppressed_destination(EmailAddress=f"{name}@mail.example", Reason=reason)
    found = ses.get_suppressed_destination(EmailAddress="ADA@mail.example")
    assert found["SuppressedDestination"]["Reason"] == "BOUNCE"
    listed = ses.list_suppressed_destinations(Reasons=["COMPLAINT"])
    summaries = listed["SuppressedDestinationSummaries"]
    assert [s["EmailAddress"] for s in summaries] == ["bo@mail.example"]
    ses.delete_suppressed_destination(EmailAddress="ada@mail.example")
    with pytest.raises(ses.exceptions.NotFoundException):
        ses.get_suppressed_destination(EmailAddress="ada@mail.example")


def test_it_lists_suppressed_addresses_in_pages(ses: Any) -> None:
    for n in range(5):
        ses.put_suppressed_destination(EmailAddress=f"p{n}@mail.example", Reason="BOUNCE")
    seen, token = [], {}
    while True:
        page = ses.list_suppressed_destinations(PageSize=2, **token)
        seen += [s["EmailAddress"] for s in page["SuppressedDestinationSummaries"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert seen == [f"p{n}@mail.example" for n in range(5)]


def test_it_knows_identities_and_configuration_sets_once_made(ses: Any) -> None:
    with pytest.raises(ses.exceptions.NotFoundException):
        ses.get_email_identity(EmailIdentity="news.example")
    ses.create_email_identity(EmailIdentity="news.example")
    found = ses.get_email_identity(EmailIdentity="news.example")
    assert found["VerifiedForSendingStatus"] is True
    assert len(found["DkimAttributes"]["Tokens"]) == 3
    assert ses.get_configuration_set(ConfigurationSetName="broadsheet")
    ses.create_configuration_set(ConfigurationSetName="other")
    assert ses.send_email(**simple("ada@mail.example", ConfigurationSetName="other"))


def test_it_forgets_everything_on_reset(sandbox: Sandbox, ses: Any, events: Any) -> None:
    ask(sandbox.url, "/control/faults", {"max_24h": 1})
    ses.put_suppressed_destination(EmailAddress="ada@mail.example", Reason="BOUNCE")
    before = ses.send_email(**simple("ada@mail.example"))["MessageId"]
    ask(sandbox.url, "/control/reset", {})
    assert ask(sandbox.url, "/control/messages").json() == {"messages": [], "next": 0}
    assert events() == []
    assert ses.list_suppressed_destinations()["SuppressedDestinationSummaries"] == []
    assert ses.get_account()["SendQuota"]["SentLast24Hours"] == 0
    assert ses.send_email(**simple("ada@mail.example"))["MessageId"] != before

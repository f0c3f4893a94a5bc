"""SendBulkEmail, through an unmodified boto3."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from service.sandbox import Sandbox

from .people import LEAVE, ask, bulk, entry


def shown(sandbox: Sandbox, seq: int) -> dict[str, Any]:
    found: dict[str, Any] = ask(sandbox.url, f"/inbox/{seq}.json").json()
    return found


def test_it_answers_every_entry_in_its_order(sandbox: Sandbox, ses: Any) -> None:
    answer = ses.send_bulk_email(**bulk(*(entry(f"p{n}@mail.example") for n in range(50))))
    ids = [result["MessageId"] for result in answer["BulkEmailEntryResults"]]
    messages = ask(sandbox.url, "/control/messages").json()["messages"]
    assert [m["message_id"] for m in messages] == ids
    assert [m["to"] for m in messages] == [[f"p{n}@mail.example"] for n in range(50)]


def test_it_merges_default_and_own_data_by_key(sandbox: Sandbox, ses: Any) -> None:
    ses.send_bulk_email(**bulk(entry("ada@mail.example", name="Ada")))
    mail = shown(sandbox, 1)
    assert mail["subject"] == "Good morning, Ada"
    assert mail["text"].strip() == "Hello Ada from Utrecht."


def test_it_does_not_escape_html_as_ses_does_not(sandbox: Sandbox, ses: Any) -> None:
    ses.send_bulk_email(**bulk(entry("ada@mail.example", name="<i>Ada & co</i>")))
    assert "<b><i>Ada & co</i></b>" in shown(sandbox, 1)["html"]


def test_it_overrides_a_header_whatever_its_case(sandbox: Sandbox, ses: Any) -> None:
    ses.send_bulk_email(**bulk(entry("ada@mail.example")))
    headers = shown(sandbox, 1)["headers"]
    assert [v for n, v in headers if n.lower() == "list-unsubscribe"] == [LEAVE]
    assert ["List-Unsubscribe-Post", "List-Unsubscribe=One-Click"] in headers
    assert shown(sandbox, 1)["unsubscribe"] == [LEAVE.strip("<>")]


def test_it_echoes_default_and_own_tags_in_the_ledger(sandbox: Sandbox, ses: Any) -> None:
    ses.send_bulk_email(**bulk(entry("ada@mail.example", "d1"), entry("bo@mail.example", "d2")))
    found = ask(sandbox.url, "/control/messages?tag.delivery=d2").json()["messages"]
    assert [(m["to"], m["tags"]) for m in found] == [
        (["bo@mail.example"], {"issue": "i7", "delivery": "d2"})
    ]


def test_it_counts_recipients_and_tags_so_that_a_repeat_shows(sandbox: Sandbox, ses: Any) -> None:
    ses.send_bulk_email(**bulk(entry("ada@mail.example", "d1"), entry("bo@mail.example", "d2")))
    assert ask(sandbox.url, "/control/ledger?repeated=1&tag=delivery").json() == {
        "messages": 2,
        "rendering_failures": 0,
        "distinct_recipients": 2,
        "distinct_tags": {"delivery": 2},
        "recipients": {},
        "tags": {"delivery": {}},
    }
    ses.send_bulk_email(**bulk(entry("ada@mail.example", "d1")))
    repeated = ask(sandbox.url, "/control/ledger?repeated=1&tag=delivery").json()
    assert repeated["recipients"] == {"ada@mail.example": 2}
    assert repeated["tags"] == {"delivery": {"d1": 2}}


@pytest.mark.parametrize("count", [0, 51])
def test_it_takes_one_to_fifty_entries(ses: Any, count: int) -> None:
    with pytest.raises(ses.exceptions.BadRequestException):
        ses.send_bulk_email(**bulk(*(entry(f"p{n}@mail.example") for n in range(count))))


def test_it_refuses_a_request_over_one_megabyte(sandbox: Sandbox, ses: Any) -> None:
    call = bulk(entry("ada@mail.example"))
    call["DefaultContent"]["Template"]["TemplateContent"]["Html"] = "x" * 1_048_576
    with pytest.raises(ses.exceptions.BadRequestException):
        ses.send_bulk_email(**call)
    assert sandbox.store.latest() == 0


@pytest.mark.parametrize(
    "html", ["{{#if name}}x{{/if}}", "{{first_name}}", "{{a.b}}", "{{{name}}}", "{{ name", "{{}}"]
)
def test_it_refuses_all_but_simple_substitution(ses: Any, html: str) -> None:
    call = bulk(entry("ada@mail.example"))
    call["DefaultContent"]["Template"]["TemplateContent"]["Html"] = html
    with pytest.raises(ses.exceptions.BadRequestException):
        ses.send_bulk_email(**call)


def test_it_accepts_a_missing_variable_and_then_reports_a_rendering_failure(
    sandbox: Sandbox, ses: Any, events: Any
) -> None:
    call = bulk(entry("ada@mail.example", "d9"))
    call["DefaultContent"]["Template"]["TemplateContent"]["Text"] = "Hello {{nickname}}"
    [result] = ses.send_bulk_email(**call)["BulkEmailEntryResults"]
    assert result["Status"] == "SUCCESS"
    [event] = events()
    assert event["eventType"] == "Rendering Failure"
    assert "nickname" in event["failure"]["errorMessage"]
    assert event["mail"]["messageId"] == result["MessageId"]
    assert event["mail"]["tags"]["delivery"] == ["d9"]
    ledger = ask(sandbox.url, "/control/ledger").json()
    assert (ledger["messages"], ledger["rendering_failures"]) == (0, 1)


def test_it_refuses_one_bad_entry_and_takes_the_others(sandbox: Sandbox, ses: Any) -> None:
    spoilt = entry("bo@mail.example")
    content = spoilt["ReplacementEmailContent"]["ReplacementTemplate"]
    content["ReplacementTemplateData"] = "{not json"
    call = bulk(entry("ada@mail.example"), entry("nobody"), spoilt, entry("cy@mail.example"))
    results = ses.send_bulk_email(**call)["BulkEmailEntryResults"]
    assert [r["Status"] for r in results] == [
        "SUCCESS",
        "INVALID_PARAMETER",
        "INVALID_PARAMETER",
        "SUCCESS",
    ]
    assert set(sandbox.store.by_recipient()) == {"ada@mail.example", "cy@mail.example"}


def test_it_refuses_an_unknown_named_template(ses: Any) -> None:
    content = {"Template": {"TemplateName": "unheard-of", "TemplateData": "{}"}}
    with pytest.raises(ses.exceptions.NotFoundException):
        ses.send_bulk_email(**bulk(entry("ada@mail.example"), DefaultContent=content))


def test_it_loses_and_doubles_nothing_when_many_send_at_once(sandbox: Sandbox, ses: Any) -> None:
    ask(sandbox.url, "/control/faults", {"max_send_rate": 100_000})

    def send(thread: int) -> list[str]:
        found = []
        for call in range(4):
            people = [entry(f"p{thread}-{call}-{n}@mail.example") for n in range(50)]
            answer = ses.send_bulk_email(**bulk(*people))
            found += [result["MessageId"] for result in answer["BulkEmailEntryResults"]]
        return found

    with ThreadPoolExecutor(8) as pool:
        ids = [message_id for found in pool.map(send, range(8)) for message_id in found]
    ledger = ask(sandbox.url, "/control/ledger?repeated=1&tag=none").json()
    assert len(set(ids)) == ledger["messages"] == ledger["distinct_recipients"] == 1600
    assert ledger["recipients"] == {}
    assert ses.get_account()["SendQuota"]["SentLast24Hours"] == 1600

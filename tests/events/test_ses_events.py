"""Reading an event: what it proves, of which message, and when it is a repeat."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.delivery.states import Evidence
from service.events.ses_events import UnreadableEvent, parse_event
from tests.events.samples import DETAILS, MESSAGE_ID, READER, event, transient

PERMANENT = ["General", "NoEmail", "Suppressed", "OnAccountSuppressionList"]
SOFT = ["General", "MailboxFull", "MessageTooLarge", "ContentRejected", "AttachmentRejected"]


@pytest.mark.parametrize(
    ("kind", "detail", "evidence", "suppress", "reason"),
    [
        ("Send", {}, Evidence.ACCEPTED, False, ""),
        ("Delivery", {}, Evidence.DELIVERED, False, ""),
        ("DeliveryDelay", {}, Evidence.ACCEPTED, False, "MailboxFull"),
        ("Open", {}, Evidence.ACCEPTED, False, ""),
        ("Click", {}, Evidence.ACCEPTED, False, ""),
        ("Reject", {}, Evidence.REJECTED, False, "Bad content"),
        ("Rendering Failure", {}, Evidence.REJECTED, False, "Attribute 'name' is not present"),
        ("Subscription", {}, None, False, ""),
        ("Complaint", {}, Evidence.COMPLAINED, True, "abuse"),
        ("Complaint", {"complaintFeedbackType": None}, Evidence.COMPLAINED, True, "complaint"),
        ("Complaint", {"complaintFeedbackType": "not-spam"}, None, False, "not-spam"),
        ("Complaint", {"complaintFeedbackType": "auth-failure"}, None, False, "auth-failure"),
        (
            "Complaint",
            {"complaintSubType": "OnAccountSuppressionList"},
            Evidence.BOUNCED,
            True,
            "Complaint/OnAccountSuppressionList",
        ),
        *(
            (
                "Bounce",
                {"bounceSubType": sub},
                Evidence.BOUNCED,
                True,
                f"Permanent/{sub}: smtp; 550 5.1.1 user unknown",
            )
            for sub in PERMANENT
        ),
        *(
            (
                "Bounce",
                {**transient(sub), "bouncedRecipients": [{"emailAddress": READER}]},
                Evidence.SOFT_BOUNCED,
                False,
                f"Transient/{sub}",
            )
            for sub in SOFT
        ),
        (
            "Bounce",
            {"bounceType": "Undetermined", "bounceSubType": "Undetermined", "bouncedRecipients": 7},
            Evidence.SOFT_BOUNCED,
            False,
            "Undetermined/Undetermined",
        ),
    ],
)
def test_it_reads_every_kind(
    kind: str, detail: dict[str, Any], evidence: Evidence | None, suppress: bool, reason: str
) -> None:
    read = parse_event(event(kind, {"delivery": 17, "attempt": 1}, **detail))
    assert read.kind == kind
    assert read.evidence is evidence
    assert read.suppress is suppress
    assert read.reason == reason
    assert read.message_id == MESSAGE_ID
    assert read.recipient == READER
    assert (read.delivery_id, read.notice_id) == (17, None)


@pytest.mark.parametrize("kind", ["Delivery", "Bounce", "Complaint"])
def test_it_reads_the_older_notifications(kind: str) -> None:
    new, old = parse_event(event(kind, {"delivery": 17})), parse_event(event(kind, older=True))
    assert old.delivery_id is None
    assert (old.evidence, old.suppress, old.message_id, old.recipient) == (
        new.evidence,
        new.suppress,
        new.message_id,
        new.recipient,
    )


def test_it_knows_service_mail_by_its_own_tag() -> None:
    read = parse_event(event("Delivery", {"notice": 4, "attempt": 1}))
    assert (read.delivery_id, read.notice_id) == (None, 4)


@pytest.mark.parametrize("tag", ["-1", "1.0", "٣", "", "x", "9" * 19, "1" * 5000, 7, None])
def test_it_takes_no_tag_that_is_no_row_of_ours(tag: object) -> None:
    text = json.dumps({"eventType": "Send", "mail": {"tags": {"delivery": [tag]}}})
    assert parse_event(text).delivery_id is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "[]",
        "null",
        '{"mail": {}}',
        '{"eventType": "Send"}',
        '{"eventType": 7, "mail": {}}',
        '{"eventType": "", "mail": {}}',
        '{"eventType": "Send", "mail": []}',
        "[" * 100_000,
        '{"eventType": "Send", "mail": {"n": ' + "1" * 5000 + "}}",
    ],
)
def test_it_says_what_is_no_event(text: str) -> None:
    with pytest.raises(UnreadableEvent, match="not"):
        parse_event(text)


def test_it_takes_out_what_no_database_keeps() -> None:
    read = parse_event(
        '{"eventType": "Re\\u0000ject", "mail": {"messageId": "a\\ud800b\\u0000c"}, '
        '"reject": {"reason": "no\\udfff"}}'
    )
    assert (read.kind, read.message_id, read.reason) == ("Reject", "a?bc", "no?")


names = st.sampled_from(
    [
        *("eventType", "notificationType", "mail", "messageId", "destination", "tags"),
        *("delivery", "notice", "bounce", "complaint", "failure", "feedbackId", "recipients"),
        *("bouncedRecipients", "emailAddress", "complaintFeedbackType", "bounceType", "timestamp"),
    ]
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
values = st.recursive(
    scalars | st.sampled_from(list(DETAILS)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=6),
    max_leaves=20,
)
documents = st.fixed_dictionaries(
    {"eventType": st.sampled_from(list(DETAILS)), "mail": st.dictionaries(names, values)},
    optional={"bounce": values, "complaint": values, "delivery": values, "failure": values},
)


@given(st.text() | values.map(json.dumps) | documents.map(json.dumps))
def test_it_raises_nothing_else_whatever_the_text(text: str) -> None:
    try:
        read = parse_event(text)
    except UnreadableEvent:
        return
    assert len(read.dedupe_key) == 64
    assert "\0" not in read.kind + read.message_id + read.reason
    assert len(read.message_id) <= 200


@pytest.mark.parametrize("kind", list(DETAILS))
def test_it_knows_a_repeat(kind: str) -> None:
    text = event(kind, {"delivery": 1})
    reordered = json.dumps(dict(reversed(json.loads(text).items())), indent=1)
    assert parse_event(text).dedupe_key == parse_event(reordered).dedupe_key


def test_it_tells_events_apart() -> None:
    texts = [
        *(event(kind) for kind in DETAILS),
        *(event(kind, message_id="another") for kind in DETAILS),
        event("Bounce", feedbackId="a second bounce"),
        event("Delivery", recipient="reader2@example.org"),
        event("Open", timestamp="2026-11-20T07:00:01.000Z"),
        event("Click", link="https://example.org/b"),
        event("DeliveryDelay", timestamp="2026-11-20T08:00:00.000Z"),
    ]
    assert len({parse_event(text).dedupe_key for text in texts}) == len(texts)


def test_it_knows_a_delivery_told_again_later() -> None:
    early = event("Delivery", timestamp="2026-11-20T07:00:00.000Z")
    late = event("Delivery", timestamp="2026-11-20T07:09:00.000Z")
    assert parse_event(early).dedupe_key == parse_event(late).dedupe_key

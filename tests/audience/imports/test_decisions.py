"""What cells say, what columns mean, and what becomes of a reader: tables."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.audience.imports.cells import (
    BadCell,
    is_yes,
    language_in,
    moment_in,
    standing_in,
    tags_in,
)
from service.audience.imports.plan import BadPlan, Means, Plan, Standing
from service.audience.imports.presets import PRESETS, meanings, recognised, standing_by_name
from service.audience.imports.standing import Here, Outcome, outcome_of
from service.models import SubscriptionState

NOW = datetime(2026, 11, 20, 7, tzinfo=UTC)
ACTIVE, PENDING, GONE = (
    SubscriptionState.ACTIVE,
    SubscriptionState.PENDING,
    SubscriptionState.UNSUBSCRIBED,
)


@pytest.mark.parametrize(
    ("there", "state", "suppressed", "ask", "outcome"),
    [
        (Standing.SUBSCRIBED, None, False, False, Outcome.ADDED),
        (Standing.SUBSCRIBED, None, False, True, Outcome.ASKED),
        (Standing.SUBSCRIBED, ACTIVE, False, True, Outcome.PRESENT),
        (Standing.SUBSCRIBED, PENDING, False, False, Outcome.PRESENT),
        (Standing.SUBSCRIBED, GONE, False, True, Outcome.LEFT),
        (Standing.SUBSCRIBED, None, True, False, Outcome.SUPPRESSED),
        (Standing.SUBSCRIBED, ACTIVE, True, False, Outcome.SUPPRESSED),
        (Standing.UNCONFIRMED, None, False, False, Outcome.UNCONFIRMED),
        (Standing.UNCONFIRMED, None, False, True, Outcome.ASKED),
        (Standing.UNCONFIRMED, ACTIVE, False, False, Outcome.PRESENT),
        (Standing.LEFT, None, False, True, Outcome.LEFT_THERE),
        (Standing.LEFT, ACTIVE, False, False, Outcome.KEPT),
        (Standing.LEFT, PENDING, False, False, Outcome.PRESENT),
        (Standing.LEFT, GONE, False, False, Outcome.LEFT),
        (Standing.BOUNCED, None, False, True, Outcome.BARRED),
        (Standing.COMPLAINED, GONE, False, False, Outcome.BARRED),
        (Standing.BLOCKED, PENDING, False, False, Outcome.BARRED),
        (Standing.BOUNCED, ACTIVE, False, False, Outcome.KEPT),
        (Standing.BOUNCED, None, True, False, Outcome.SUPPRESSED),
    ],
)
def test_it_decides(
    there: Standing,
    state: SubscriptionState | None,
    suppressed: bool,
    ask: bool,
    outcome: Outcome,
) -> None:
    assert outcome_of(there, Here(state, suppressed), ask=ask) is outcome


@pytest.mark.parametrize(
    ("there", "here", "outcome"),
    [
        (Standing.SUBSCRIBED, Here(withdrew=True), Outcome.LEFT),
        (Standing.UNCONFIRMED, Here(withdrew=True), Outcome.LEFT),
        (Standing.LEFT, Here(withdrew=True), Outcome.LEFT),
        (
            Standing.SUBSCRIBED,
            Here(ACTIVE, withdrew=True),
            Outcome.PRESENT,
        ),  # a line at this moment
        (Standing.BOUNCED, Here(withdrew=True), Outcome.BARRED),
        (Standing.BOUNCED, Here(reads=True), Outcome.KEPT),
        (Standing.BLOCKED, Here(PENDING, reads=True), Outcome.KEPT),
        (Standing.LEFT, Here(reads=True), Outcome.LEFT_THERE),
    ],
)
@pytest.mark.parametrize("ask", [False, True])
def test_it_decides_of_who_was_here_before(
    there: Standing, here: Here, ask: bool, outcome: Outcome
) -> None:
    assert outcome_of(there, here, ask=ask) is outcome


FILES = {
    "substack": (
        "email,active_subscription,expiry,plan,email_disabled,created_at,first_payment_at",
        {0: Means.EMAIL, 4: Means.MAIL_OFF, 5: Means.JOINED},
    ),
    "substack, from the dashboard": (
        "Email,Name,Stripe plan,Cancel date,Start date,Paid upgrade date,Activity,Type",
        {0: Means.EMAIL, 1: Means.NAME, 4: Means.JOINED},
    ),
    "mailchimp": (
        "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,"
        "CONFIRM_IP,TIMEZONE,UNSUB_TIME,UNSUB_REASON,LEID,EUID,NOTES,TAGS",
        {
            0: Means.EMAIL, 1: Means.FIRST_NAME, 2: Means.LAST_NAME, 4: Means.JOINED, 5: Means.IP,
            6: Means.CONFIRMED, 9: Means.LEFT, 10: Means.REASON, 14: Means.TAGS,
        },
    ),
    "ghost": (
        "id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,"
        "deleted_at,labels,tiers",
        {
            1: Means.EMAIL, 2: Means.NAME, 4: Means.WANTS_MAIL, 7: Means.JOINED, 8: Means.LEFT,
            9: Means.TAGS,
        },
    ),
    "listmonk": (
        "uuid,email,name,attributes,status,created_at,updated_at",
        {1: Means.EMAIL, 2: Means.NAME, 4: Means.STATUS, 5: Means.JOINED},
    ),
    "buttondown": (
        "email_address,notes,metadata,tags,type,creation_date,unsubscription_date",
        {0: Means.EMAIL, 3: Means.TAGS, 4: Means.STATUS, 5: Means.JOINED, 6: Means.LEFT},
    ),
    "broadsheet": (
        "email,name,newsletter,state,cadence,hour",
        {0: Means.EMAIL, 1: Means.NAME, 3: Means.STATUS, 4: Means.CADENCE, 5: Means.HOUR},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_it_knows_a_services_columns(name: str) -> None:
    header, expected = FILES[name]
    columns = header.split(",")
    preset = recognised(columns)
    assert preset is not None
    assert preset.name == name.partition(",")[0]
    assert meanings(columns, preset) == expected


def test_it_knows_a_file_of_every_service() -> None:
    assert {name.partition(",")[0] for name in FILES} == {preset.name for preset in PRESETS}


def test_it_guesses_by_names_and_by_the_first_rows() -> None:
    assert recognised(["E-Mail", "Vorname"]) is None
    assert meanings(["E-Mail", "Vorname"], None) == {0: Means.EMAIL, 1: Means.FIRST_NAME}
    rows = [["1", "ann@example.org"], ["2", "bo@example.org"]]
    assert meanings(["no", "who"], None, rows) == {1: Means.EMAIL}
    assert meanings(["no", "who"], None, []) == {}


@pytest.mark.parametrize(
    ("name", "standing"),
    [
        ("subscribed_members_export_1a.csv", Standing.SUBSCRIBED),
        ("unsubscribed_members_export_1a.csv", Standing.LEFT),
        ("cleaned_members_export_1a.csv", Standing.BOUNCED),
        ("nonsubscribed_members_export_1a.csv", Standing.UNCONFIRMED),
        ("readers.csv", Standing.SUBSCRIBED),
    ],
)
def test_it_reads_a_files_name(name: str, standing: Standing) -> None:
    assert standing_by_name(name) is standing


@pytest.mark.parametrize(
    ("cell", "standing"),
    [
        ("enabled", Standing.SUBSCRIBED),
        ("Past_Due", Standing.SUBSCRIBED),
        ("Non-Subscribed", Standing.UNCONFIRMED),
        ("disabled", Standing.LEFT),
        ("Cleaned", Standing.BOUNCED),
        ("spam complaint", Standing.COMPLAINED),
        ("blocklisted", Standing.BLOCKED),
    ],
)
def test_it_reads_a_status(cell: str, standing: Standing) -> None:
    assert standing_in(cell) is standing


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("2024-01-31", datetime(2024, 1, 31, tzinfo=UTC)),
        ("2024-01-31T10:00:00.000Z", datetime(2024, 1, 31, 10, tzinfo=UTC)),
        ("2024-01-31 10:00:00", datetime(2024, 1, 31, 10, tzinfo=UTC)),
        ("2024-01-31T10:00:00+02:00", datetime(2024, 1, 31, 8, tzinfo=UTC)),
        ("1/31/2024 10:00", datetime(2024, 1, 31, 10, tzinfo=UTC)),
        ("31.1.2024", datetime(2024, 1, 31, tzinfo=UTC)),
        ("Jan 31, 2024", datetime(2024, 1, 31, tzinfo=UTC)),
        ("2026-11-20T21:00", NOW),  # an evening in Kiribati
        ("11/20/2026 20:59", NOW),
    ],
)
def test_it_reads_a_date(cell: str, moment: datetime) -> None:
    assert moment_in(cell, NOW) == moment


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("yesterday", "cannot be read"),
        ("2999-01-01", "in the future"),
        ("2026-11-20T07:00:01Z", "in the future"),
        ("2026-11-20T22:00", "in the future"),
        ("0001-01-01T00:00:00+10:00", "not one of our time"),
        ("1822-01-01", "before there was mail"),
    ],
)
def test_it_says_what_is_wrong_with_a_date(cell: str, said: str) -> None:
    with pytest.raises(BadCell, match=said):
        moment_in(cell, NOW)


@given(st.text(max_size=20))
def test_it_reads_any_cell_or_says_so(cell: str) -> None:
    for read in (standing_in, is_yes, language_in, lambda text: moment_in(text, NOW)):
        with contextlib.suppress(BadCell):
            read(cell)
    assert all(tag and len(tag) <= 64 for tag in tags_in(cell))


@pytest.mark.parametrize(
    ("cell", "tags"),
    [
        ("Beta, early Reader", ("beta", "early reader")),
        ('"VIP","2024 conference"', ("2024 conference", "vip")),
        ('["a", "b", 3]', ("a", "b")),
        ("#news; (old)", ("news", "old")),
        ("☃", ()),
        ("[broken", ("broken",)),
    ],
)
def test_it_reads_tags(cell: str, tags: tuple[str, ...]) -> None:
    assert tags_in(cell) == tags


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (Plan(statement="x"), "which column holds the e-mail address"),
        (Plan(columns={0: Means.EMAIL, 1: Means.EMAIL}, statement="x"), "Two columns"),
        (Plan(columns={0: Means.EMAIL}, statement="  "), "how these readers agreed"),
    ],
)
def test_it_begins_with_no_plan_that_lacks_something(plan: Plan, said: str) -> None:
    with pytest.raises(BadPlan, match=said):
        plan.check()

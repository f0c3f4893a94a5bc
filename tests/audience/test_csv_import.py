"""Readers from a file, and to one."""

from __future__ import annotations

import csv
import io
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.audience.addresses import parse_address
from service.audience.consent import ledger, verify
from service.audience.csv_import import (
    BadFile,
    BadRow,
    ImportReport,
    _rows,
    export_csv,
    guarded,
    import_csv,
    unguarded,
)
from service.audience.joining import Reader, add_confirmed
from service.audience.subscribe import unsubscribe
from service.audience.suppression import hash_of, suppress
from service.models import (
    Cadence,
    ConsentKind,
    MailFormat,
    Newsletter,
    Subscription,
    SubscriptionState,
    SuppressionReason,
)


def lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def readers(session: Session) -> dict[str, Subscription]:
    found = session.scalars(select(Subscription).order_by(Subscription.id))
    return {row.subscriber.email: row for row in found}


def test_it_subscribes_with_every_choice(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    report = import_csv(
        session,
        newsletter,
        lines(
            "email,cadence,sections,topics,format,timezone,hour\n"
            "ann@example.org,weekly,wire|papers,cs.LG,text,Asia/Tokyo,6\n"
        ),
        now,
    )
    row = readers(session)["ann@example.org"]
    assert (report.added, report.bad) == (1, [])
    assert row.state is SubscriptionState.ACTIVE
    assert (row.cadence, row.timezone, row.send_hour) == (Cadence.WEEKLY, "Asia/Tokyo", 6)
    assert (row.choice.sections, row.choice.topics) == (None, ["cs.LG"])
    assert row.choice.mail_format is MailFormat.TEXT


@pytest.mark.parametrize(
    "text",
    [
        "email\nann@example.org\n",
        "\ufeffEmail\r\nann@example.org\r\n",
        "name;E-mail;email\nAnn;x;ann@example.org\n",
        'email\tnote\nann@example.org\t"two\nlines"\n',
        '"email","note"\n\n"ann@example.org","a ""quoted"" word"\n,,\n',
        "email\nann@example.org",
    ],
    ids=["plain", "bom", "semicolons", "quoted break", "quotes and blanks", "no last break"],
)
def test_it_reads_the_files_that_people_have(
    text: str, session: Session, newsletter: Newsletter, now: datetime
) -> None:
    report = import_csv(session, newsletter, lines(text), now)
    assert (report.added, report.bad) == (1, [])


@pytest.mark.parametrize("text", ["", "\n", "ann@example.org\n", "name,address\n", '"email\n'])
def test_it_refuses_a_file_without_a_header(
    text: str, session: Session, newsletter: Newsletter, now: datetime
) -> None:
    with pytest.raises(BadFile, match="one of them “email”"):
        import_csv(session, newsletter, lines(text), now)


def test_it_reports_each_bad_row_and_takes_the_rest(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    text = (
        "email,cadence,hour,timezone,sections\n"
        "ann@example.org,,,,\n"
        "not an address,,,,\n"
        "bo@example.org,hourly,,,\n"
        "cy@example.org,,25,UTC,\n"
        "dee@example.org,,7,Mars/Base,\n"
        "eli@example.org,,,,sport\n"
        "fay@example.org,,,,,,too many\n"
        'gus@example.org,"never closed,,,\n'
        "hal@example.org,daily,7,UTC,none\n"
    )
    report = import_csv(session, newsletter, lines(text), now)
    assert list(readers(session)) == ["ann@example.org", "hal@example.org"]
    assert [row.line for row in report.bad] == [3, 4, 5, 6, 7, 8, 9]
    assert report.bad[1] == BadRow(4, "The cadence “hourly” is not one of daily, weekdays, weekly.")
    assert "quotes do not match" in report.bad[-1].reason
    assert report.rows == 9


def test_it_loses_no_reader_between_two_stray_quotes(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    text = (
        "note,email\n"
        '5" disk,ann@example.org\n'
        ",bo@example.org\n"
        '6" disk,cy@example.org\n'
        ",dee@example.org\n"
    )
    report = import_csv(session, newsletter, lines(text), now)
    assert list(readers(session)) == ["bo@example.org", "dee@example.org"]
    assert [row.line for row in report.bad] == [2, 4]


def test_it_counts_apart_who_is_there_left_or_suppressed(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    for name in ("there", "left"):
        add_confirmed(session, newsletter, Reader(parse_address(f"{name}@example.org")), now)
    unsubscribe(session, readers(session)["left@example.org"].id, now, how="page")
    gone = hash_of(parse_address("gone@example.org"))
    suppress(session, gone, SuppressionReason.COMPLAINT, "", now)
    names = ("there", "left", "gone", "new", "NEW")
    text = ["email\n", *(f"{name}@example.org\n" for name in names)]
    report = import_csv(session, newsletter, text, now)
    counts = (report.added, report.present, report.left, report.suppressed)
    assert counts == (1, 2, 1, 1)
    assert readers(session)["left@example.org"].state is SubscriptionState.UNSUBSCRIBED
    assert "gone@example.org" not in readers(session)


def test_it_writes_nothing_in_a_dry_run(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    text = lines("email\nann@example.org\nbroken\n")
    dry = import_csv(session, newsletter, text, now, dry_run=True)
    assert readers(session) == {}
    assert dry == import_csv(session, newsletter, text, now)


def test_it_takes_more_than_one_chunk(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    rows = [f"r{number}@example.org\n" for number in range(1203)]
    report = import_csv(session, newsletter, iter(["email\n", *rows]), now)
    assert report.added == 1203
    assert session.scalar(select(func.count()).select_from(Subscription)) == 1203


def test_it_notes_the_import_in_the_ledger(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    import_csv(session, newsletter, ["email\n", "ann@example.org\n"], now)
    kept = ledger(session, newsletter.id, hash_of(parse_address("ann@example.org")))
    assert [line.kind for line in kept] == [ConsentKind.IMPORTED]
    assert verify(kept) is None


def test_it_exports_what_it_imports(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    text = (
        "email,cadence,sections,topics,format,timezone,hour\r\n"
        "ann@example.org,weekdays,labs,,html,,\r\n"
        "=bo@example.org,daily,all,cs.CL|cs.LG,text,Europe/Berlin,7\r\n"
    )
    import_csv(session, newsletter, lines(text), now)
    exported = "".join(export_csv(session, newsletter))
    rows = list(csv.DictReader(io.StringIO(exported)))
    assert [row["email"] for row in rows] == ["ann@example.org", "'=bo@example.org"]
    kept = ("email", "cadence", "sections", "topics", "format", "timezone", "hour")
    again = ["\t".join(unguarded(row[name]) for name in kept) for row in rows]
    assert again == [line.replace(",", "\t") for line in text.splitlines()[1:]]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_it_lets_no_spreadsheet_run_a_cell(start: str) -> None:
    assert guarded(f"{start}1+1") == f"'{start}1+1"


@given(cell=st.text())
def test_it_gives_back_every_cell_as_it_was(cell: str) -> None:
    assert unguarded(guarded(cell)) == cell
    assert not guarded(cell).startswith(("=", "+", "-", "@", "\t", "\r"))


mess = st.text(alphabet="ab@.,;\t'= \x00é", max_size=30)


@given(rows=st.lists(mess, max_size=8))
def test_it_accounts_for_every_row_of_any_file(rows: list[str]) -> None:
    """Each row is blank, read, or reported with its line; what follows it is read."""
    report = ImportReport()
    text = ["email,note\n", *(f"{row}\n" for row in rows), "zoe@example.org,x\n"]
    read = [line for line, _ in _rows(text, report)]
    said = sorted([*read, *(bad.line for bad in report.bad)])
    blank = [number for number, row in enumerate(rows, start=2) if not row.strip(", \t")]
    assert sorted(said + blank) == list(range(2, len(text) + 1))
    assert read[-1] == len(text)

"""Any file is read: each row is a record or a line that is named, and no reader is swallowed."""

from __future__ import annotations

import contextlib
import csv
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.audience.imports.records import (
    LONGEST_LINE,
    Record,
    Sheet,
    first_rows,
    open_sheet,
    records,
)
from service.audience.imports.upload import BadFile, store


def sheet_of(folder: Path, content: bytes | str) -> Sheet:
    path = folder / "upload.csv"
    store(io.BytesIO(content.encode() if isinstance(content, str) else content), path)
    return open_sheet(path)


def read(sheet: Sheet) -> list[Record]:
    return list(records(sheet, sheet.line, sheet.byte))


@pytest.mark.parametrize(
    "content",
    [
        b"email,note\nann@example.org,x\n",
        b"\xef\xbb\xbfEmail,note\r\nann@example.org,x\r\n",
        b"email;note\nann@example.org;x\n",
        b"email\tnote\rann@example.org\tx\r",
        b"sep=;\nemail;note\nann@example.org;x",
        b'"email","note"\n\n"ann@example.org","x"\n,,\n',
        "email,note\nann@example.org,x\n".encode("utf-16"),
        "email,note\nann@example.org,x\n".encode("utf-16-le"),
        "email,note\nann@example.org,x\n".encode("utf-16-be"),
    ],
    ids=[
        *("plain", "mark and CRLF", "semicolons", "tabs and CR", "Excel's sep", "quotes, blanks"),
        *("UTF-16", "UTF-16 LE without mark", "UTF-16 BE without mark"),
    ],
)
def test_it_reads_the_files_that_people_have(content: bytes, tmp_path: Path) -> None:
    sheet = sheet_of(tmp_path, content)
    assert [name.lower() for name in sheet.columns] == ["email", "note"]
    assert [record.cells for record in read(sheet)] == [["ann@example.org", "x"]]


def test_it_reads_old_code_pages(tmp_path: Path) -> None:
    sheet = sheet_of(tmp_path, "email,name\nann@example.org,Zoë “Z”\n".encode("cp1252"))
    assert read(sheet)[0].cells == ["ann@example.org", "Zoë “Z”"]


def test_it_takes_addresses_alone(tmp_path: Path) -> None:
    sheet = sheet_of(tmp_path, "ann@example.org\nbo@example.org\n")
    assert sheet.columns == ("Column 1",)
    assert [record.line for record in read(sheet)] == [1, 2]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "first line"),
        (b"\n\n , \n", "first line"),
        (b"," * 300, "200 columns at most"),
        (b"PK\x03\x04....", "zip archive or an Excel workbook"),
        (b"\x1f\x8b....", "compressed"),
    ],
)
def test_it_says_what_a_file_must_be(content: bytes, said: str, tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=said):
        sheet_of(tmp_path, content)


def test_it_joins_lines_within_quotes(tmp_path: Path) -> None:
    sheet = sheet_of(tmp_path, 'email,note\nann@example.org,"two\nlines"\nbo@example.org,\n')
    assert [(record.line, record.cells[0]) for record in read(sheet)] == [
        (2, "ann@example.org"),
        (4, "bo@example.org"),
    ]


def test_it_loses_no_reader_between_two_stray_quotes(tmp_path: Path) -> None:
    text = 'note,email\n5" disk,ann@a.org\n,bo@a.org\n6" disk,cy@a.org\n,dee@a.org\n'
    found = read(sheet_of(tmp_path, text))
    assert [record.cells[1] for record in found if not record.problem] == ["bo@a.org", "dee@a.org"]
    assert [record.line for record in found if record.problem] == [2, 4]


def test_it_passes_over_a_line_without_end(tmp_path: Path) -> None:
    long = "x" * (LONGEST_LINE * 2 + 7)
    found = read(sheet_of(tmp_path, f"email\n{long}\nann@example.org\n"))
    assert [(record.line, record.problem[:24]) for record in found] == [
        (2, "This line is longer than"),
        (3, ""),
    ]


def test_it_shows_the_first_rows_in_full_width(tmp_path: Path) -> None:
    sheet = sheet_of(tmp_path, "email,a,b\nann@example.org\nbo@example.org,1,2\n")
    assert first_rows(sheet, 5) == [["ann@example.org", "", ""], ["bo@example.org", "1", "2"]]


@given(st.binary(max_size=300))
def test_it_takes_any_bytes(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(BadFile):
        for record in read(sheet_of(Path(folder), content)):
            assert record.cells or record.problem


mess = st.text(alphabet="ab@.,;\t'= \x00é\"", max_size=30)


@given(rows=st.lists(mess, max_size=8))
def test_it_accounts_for_every_line(rows: list[str]) -> None:
    """Reading on from the end of any record gives the rest, and the last row is always there."""
    text = "".join(["email,note\n", *(f"{row}\n" for row in rows), "zoe@example.org,x\n"])
    with tempfile.TemporaryDirectory() as folder:
        sheet = sheet_of(Path(folder), text)
        found = read(sheet)
        assert found[-1].cells == ["zoe@example.org", "x"]
        for place, record in enumerate(found, start=1):
            rest = list(records(sheet, record.next_line, record.next_byte))
            assert rest == found[place:]


cell = st.text(
    alphabet=st.characters(codec="utf-8", exclude_characters="\x00\r", exclude_categories=["Cs"]),
    max_size=8,
)


@given(st.lists(st.tuples(cell, cell), max_size=6), st.sampled_from(",;\t|"))
def test_it_reads_what_was_written(rows: list[tuple[str, str]], delimiter: str) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([("email", "note"), *(("x" + a, b) for a, b in rows)])
    with tempfile.TemporaryDirectory() as folder:
        found = read(sheet_of(Path(folder), text.getvalue()))
    assert [tuple(record.cells) for record in found] == [("x" + a, b) for a, b in rows]

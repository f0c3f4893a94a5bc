"""A file that somebody brings becomes one of ours: UTF-8, no byte-order mark, lines ended by LF.

So a place in it is a number of bytes, and nothing that reads it later has to guess. Spreadsheets
write UTF-16 as "Unicode text" and the system's old code page as "CSV"; in Western Europe and the
Americas that is Windows-1252, in which every byte means something.
"""

from __future__ import annotations

import codecs
import io
from pathlib import Path
from typing import BinaryIO

MOST_BYTES = 512 * 2**20
BLOCK = 2**20

_OTHER_KINDS = {
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an Excel workbook",
    b"\x1f\x8b": "a compressed file",
    b"%PDF": "a PDF",
}
_MARKS = (  # the longer first: UTF-32's begins as UTF-16's does
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class BadFile(ValueError):
    """Not a file of readers at all; the text says what is expected."""


def store(source: BinaryIO, path: Path) -> None:
    """Copy *source* (which can be read again) to *path*; raises :class:`BadFile` before a byte."""
    size = source.seek(0, io.SEEK_END)
    if size > MOST_BYTES:
        raise BadFile(
            f"The file has {size / 2**20:,.0f} MB; {MOST_BYTES // 2**20} MB is the most. "
            "Split it into two and bring one after the other."
        )
    encoding = encoding_of(source)
    decoder = io.IncrementalNewlineDecoder(
        codecs.getincrementaldecoder(encoding)("replace"), translate=True
    )
    source.seek(0)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as kept:
        while block := source.read(BLOCK):
            kept.write(_storable(decoder.decode(block)))
        kept.write(_storable(decoder.decode(b"", final=True)))


def encoding_of(source: BinaryIO) -> str:
    """Python's name of the encoding; raises :class:`BadFile` for what is no text."""
    source.seek(0)
    head = source.read(4096)
    for magic, kind in _OTHER_KINDS.items():
        if head.startswith(magic):
            raise BadFile(f"This is {kind}. Unpack it, or save it as CSV, and choose that file.")
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    # Western text in UTF-16 has a zero in every other byte, and no other text has any.
    if head[1::2].count(0) > len(head) / 4:
        return "utf-16-le"
    if head[::2].count(0) > len(head) / 4:
        return "utf-16-be"
    return "utf-8" if _is_utf8(source) else "cp1252"


def _is_utf8(source: BinaryIO) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    source.seek(0)
    try:
        while block := source.read(BLOCK):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _storable(text: str) -> bytes:
    """PostgreSQL keeps no NUL, and no mail address or name has one."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace")

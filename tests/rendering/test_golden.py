"""The samples of every message, byte for byte; see ``tests/rendering/renew.py``."""

from __future__ import annotations

import difflib
from email import policy
from email.parser import BytesParser

import pytest

from tests.rendering.renew import GOLDEN, made
from tests.rendering.samples import MESSAGES

RENEW = "If this is meant: python -m tests.rendering.renew, and look at what changed."


@pytest.mark.parametrize("message", MESSAGES)
@pytest.mark.parametrize("ending", ["html", "txt", "eml"])
def test_it_writes_the_same_mail_as_before(message: str, ending: str) -> None:
    name = f"{message}.{ending}"
    kept, now = (GOLDEN / name).read_bytes().decode(), made()[name].decode()
    changes = difflib.unified_diff(kept.splitlines(), now.splitlines(), "before", "now", n=1)
    assert kept == now, "\n".join([RENEW, *(line[:200] for line in changes)])


def test_it_keeps_a_file_of_each_message_and_no_other() -> None:
    kept = {path.name for path in GOLDEN.iterdir() if not path.name.startswith(".")}
    assert kept == set(made()), RENEW


@pytest.mark.parametrize("message", MESSAGES)
def test_it_makes_mime_without_a_defect(message: str) -> None:
    parsed = BytesParser(policy=policy.default).parsebytes((GOLDEN / f"{message}.eml").read_bytes())
    assert [part.defects for part in parsed.walk()] == [[], [], []]
    text = parsed.get_body(("plain",))
    assert text is not None
    # A line ends in CRLF on the wire, and the last one's end belongs to the boundary.
    written = (GOLDEN / f"{message}.txt").read_text().rstrip().splitlines()
    assert text.get_content().rstrip().splitlines() == written

"""Subject and preheader, from what the issue shows. The sender's name already says whose it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

from service.languages import gettext
from service.languages.dates import long_date
from service.models.document import AnyEntry, Headline, Paper, Post, Repository, Section

SUBJECT_LENGTH = 90
PREHEADER_LENGTH = 140

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def subject(sections: Sequence[Section], name: str, day: date, *, weekly: bool = False) -> str:
    """The top headline on one line; the newsletter's name and date when nothing is there."""
    first = next(_titles(sections), "")
    if not first:
        return one_line(f"{name}: {long_date(day)}", SUBJECT_LENGTH)
    return one_line(
        gettext("The week: %(headline)s", headline=first) if weekly else first, SUBJECT_LENGTH
    )


def preheader(sections: Sequence[Section]) -> str:
    """The headlines that follow the first, as many as fit whole."""
    titles = list(_titles(sections))[1:6]
    text = ""
    for title in titles:
        longer = f"{text} · {title}" if text else title
        if len(longer) > PREHEADER_LENGTH:
            break
        text = longer
    return one_line(text or next(iter(titles), ""), PREHEADER_LENGTH)


def one_line(text: str, length: int) -> str:
    """*text* without control characters, cut between words to at most *length* characters."""
    text = " ".join(_CONTROL.sub(" ", text).split())
    if len(text) <= length:
        return text
    head, space, _ = text[:length].rpartition(" ")
    return (head if space else text[: length - 1]).rstrip(" ,;:·-") + "…"


def _titles(sections: Sequence[Section]) -> Iterator[str]:
    """Headlines section by section, what a mail shows of each; then papers, then the rest."""
    for kinds in ((Headline,), (Paper,), (Repository, Post)):
        for section in sections:
            for entry in section.entries[: section.spec.limit]:
                if isinstance(entry, kinds):
                    yield _title(entry)


def _title(entry: AnyEntry) -> str:
    if isinstance(entry, Post):
        return f"{entry.author}: {entry.text}"
    return entry.title if isinstance(entry, Headline | Paper) else entry.name

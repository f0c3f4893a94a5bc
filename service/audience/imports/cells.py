"""What single cells say: a status, a moment, yes or no, tags. Pure; raises :class:`BadCell`."""

from __future__ import annotations

import csv
import json
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from service.audience.imports.plan import Standing
from service.audience.tags import LONGEST, BadTag, clean_tag

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
FURTHEST_EAST, NO_TIME = timedelta(hours=14), timedelta()

STANDINGS: dict[str, Standing] = {
    word: standing
    for standing, words in {
        Standing.SUBSCRIBED: (
            "subscribed, active, enabled, confirmed, regular, premium, trialed, unpaid, gifted, "
            "churning, paused, past due, free, paid, comp, comped, founding, gift, yes, true"
        ),
        Standing.UNCONFIRMED: (
            "unconfirmed, unactivated, pending, not confirmed, non subscribed, nonsubscribed, "
            "transactional, imported"
        ),
        Standing.LEFT: (
            "unsubscribed, disabled, left, removed, deleted, inactive, cancelled, canceled, "
            "archived, opted out, opt out, no, false"
        ),
        Standing.BOUNCED: "bounced, bounce, cleaned, hard bounced, undeliverable, invalid",
        Standing.COMPLAINED: "complained, complaint, spam, spam complaint, marked as spam, junk",
        Standing.BLOCKED: "blocklisted, blacklisted, blocked, suppressed, banned, spammy",
    }.items()
    for word in words.split(", ")
}
"""Words of all the services; listmonk's “disabled” gets no mail, Buttondown's “paused” does."""

_YES = frozenset({"true", "yes", "y", "1", "t", "on"})
_NO = frozenset({"false", "no", "n", "0", "f", "off", ""})
_FORMS = (
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y",
    "%m/%d/%y %H:%M",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%d %b %Y",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d",
    "%Y-%m-%d %H:%M:%S UTC",
)
_NO_TAG = re.compile(r"[^\w.:/+& -]")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")


class BadCell(ValueError):
    """A cell that cannot be read; the text says what it could be."""


@lru_cache(maxsize=1000)
def standing_in(cell: str) -> Standing:
    word = " ".join(cell.lower().replace("-", " ").replace("_", " ").split())
    if word not in STANDINGS:
        raise BadCell(
            f"The status “{cell}” is not known. Write subscribed, unconfirmed, unsubscribed, "
            "bounced, complained or blocked."
        )
    return STANDINGS[word]


def is_yes(cell: str) -> bool:
    word = cell.lower()
    if word not in _YES and word not in _NO:
        raise BadCell(f"“{cell}” is neither true nor false.")
    return word in _YES


def moment_in(cell: str, now: datetime) -> datetime:
    """A date that has been, as :func:`any_moment_in`.

    What has no zone may be ahead of us by as much as any place is: that is a moment ago.
    """
    found, ahead = _moment(cell)
    if found > now + ahead:
        raise BadCell(f"The date “{cell}” lies in the future.")
    return min(found, now)


def any_moment_in(cell: str) -> datetime:
    """A date with or without a time; UTC where no zone is given, 03/04 is March the 4th."""
    return _moment(cell)[0]


def _moment(cell: str) -> tuple[datetime, timedelta]:
    """The date, and how far it may be ahead of where it was written."""
    try:
        found = datetime.fromisoformat(cell)
        ahead = NO_TIME if found.tzinfo else FURTHEST_EAST
    except ValueError:
        found, ahead = _other_form(cell), FURTHEST_EAST
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    elif found.tzinfo is not UTC:
        try:
            found = found.astimezone(UTC)
        except OverflowError:
            raise BadCell(f"The date “{cell}” is not one of our time.") from None
    if found < EARLIEST:
        raise BadCell(f"The date “{cell}” is before there was mail like this.")
    return found, ahead


def _other_form(cell: str) -> datetime:
    for form in _FORMS:
        try:
            return datetime.strptime(cell, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise BadCell(f"The date “{cell}” cannot be read. Write it like 2026-03-31.")


@lru_cache(maxsize=10_000)
def tags_in(cell: str) -> tuple[str, ...]:
    """Tags parted by commas, semicolons or bars, or a JSON list; without what no tag can hold."""
    found = (_tag(part) for part in _parts(cell))
    return tuple(sorted({tag for tag in found if tag}))


def _parts(cell: str) -> list[str]:
    if cell.startswith("["):
        try:
            given = json.loads(cell)
        except ValueError:
            given = None
        if isinstance(given, list):
            return [part for part in given if isinstance(part, str)]
    if '"' in cell:  # Mailchimp quotes each tag within the cell
        # One record, whatever line breaks are in it: \r alone is one to the reader as well.
        cell = "|".join(next(csv.reader([re.sub(r"[\r\n]", " ", cell)]), []))
    return re.split(r"[|;,]", cell)


def _tag(text: str) -> str:
    kept = _NO_TAG.sub(" ", text).strip("_.:/+&- \t\n")[:LONGEST]
    try:
        return clean_tag(kept)
    except BadTag:
        return ""


def language_in(cell: str) -> str:
    if len(cell) > 16 or not _LANGUAGE.fullmatch(cell):
        raise BadCell(f"The language “{cell}” is not a tag such as en or pt-BR.")
    return cell.replace("_", "-")

"""One row judged by itself: who it is, how they stood where they come from, what they chose."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import TypeVar

from service.audience.addresses import Address, BadAddress
from service.audience.choices import BadChoice, Wanted
from service.audience.csv_cells import unguarded
from service.audience.imports.cells import (
    BadCell,
    any_moment_in,
    is_yes,
    language_in,
    moment_in,
    standing_in,
    tags_in,
)
from service.audience.imports.plain import quick_address
from service.audience.imports.plan import Means, Plan, Standing
from service.audience.preferences import Preferences, checked
from service.models import Cadence, MailFormat, Newsletter

Member = TypeVar("Member", bound=StrEnum)

LONGEST_NAME = 200
LONGEST_REASON = 500

CHOSEN = (
    Means.CADENCE, Means.SECTIONS, Means.TOPICS, Means.FORMAT, Means.TIMEZONE, Means.HOUR,
    Means.PAUSED, Means.TRACKED,
)  # fmt: skip


DATES = (Means.JOINED, Means.CONFIRMED, Means.LEFT, Means.BOUNCED)
NAMES = (Means.NAME, Means.FIRST_NAME, Means.LAST_NAME)
SAYS_HOW_THEY_STAND = (Means.SUPPRESSED, Means.STATUS, Means.WANTS_MAIL, Means.MAIL_OFF)


class BadRow(ValueError):
    """A row that gives no reader; ``value`` is the cell at fault."""

    def __init__(self, problem: str, value: str) -> None:
        super().__init__(problem)
        self.value = value


@dataclass(slots=True)
class Person:
    """What a row says. Moments are in UTC."""

    address: Address
    standing: Standing
    preferences: Preferences
    name: str = ""
    joined: datetime | None = None
    confirmed: datetime | None = None
    left: datetime | None = None
    reason: str = ""
    ip: str = ""
    language: str | None = None
    tags: tuple[str, ...] = ()


class RowReader:
    """Reads rows by a plan. Readers who chose alike share their preferences."""

    def __init__(self, plan: Plan, newsletter: Newsletter, now: datetime) -> None:
        self._plan, self._newsletter, self._now = plan, newsletter, now
        email = plan.column_of(Means.EMAIL)
        assert email is not None, "the plan was not checked"
        self._email = email
        self._others = [(at, means) for at, means in plan.columns.items() if at != email]
        held = set(plan.columns.values())  # to look for what no row has takes a third of the time
        self._dates = [means for means in DATES if means in held]
        self._stands = not held.isdisjoint({*SAYS_HOW_THEY_STAND, Means.LEFT, Means.BOUNCED})
        self._chooses = not held.isdisjoint(CHOSEN)
        self._names = [means for means in NAMES if means in held]
        self._usual = self.chosen(("",) * len(CHOSEN))
        self._chosen = lru_cache(maxsize=10_000)(self.chosen)

    def read(self, cells: list[str]) -> Person:
        """The reader in *cells*; raises :class:`BadRow`."""
        width = len(cells)
        text = cells[self._email] if self._email < width else ""
        if text[:1] in "'\"<( " or text[-1:].isspace():  # also the empty one
            text = unguarded(text.strip())
        try:
            address = quick_address(text)
        except BadAddress as error:
            raise BadRow(str(error), text) from None
        given = {}
        for place, means in self._others:
            if place < width and (cell := cells[place].strip()):
                given[means] = unguarded(cell) if cell[0] == "'" else cell
        if not given:
            return Person(address, self._plan.rows_are, self._usual, tags=self._plan.tags)
        return self._person(address, given)

    def _person(self, address: Address, given: dict[Means, str]) -> Person:
        cell = ""
        moments: dict[Means, datetime] = {}
        try:
            for means in self._dates:
                if cell := given.get(means, ""):
                    moments[means] = moment_in(cell, self._now)
            standing = self._plan.rows_are
            if self._stands:
                cell = next(filter(None, map(given.get, SAYS_HOW_THEY_STAND)), "")
                standing = self._standing(given)
            cell = given.get(Means.LANGUAGE, "")
            language = language_in(cell) if cell else None
            preferences = self._usual
            if self._chooses and not given.keys().isdisjoint(CHOSEN):
                asked = tuple(given.get(means, "") for means in CHOSEN)
                cell = ", ".join(filter(None, asked))
                preferences = self._chosen(asked)
            cell = name = _name([given[means] for means in self._names if means in given])
            _check_length(name)
        except (BadCell, BadChoice) as error:
            raise BadRow(str(error), cell) from None
        return Person(
            address,
            standing,
            preferences,
            name,
            moments.get(Means.JOINED),
            moments.get(Means.CONFIRMED),
            moments.get(Means.LEFT) or moments.get(Means.BOUNCED),
            given.get(Means.REASON, "")[:LONGEST_REASON],
            _ip(given.get(Means.IP, "")),
            language,
            self._tags(given.get(Means.TAGS, "")),
        )

    def _standing(self, given: dict[Means, str]) -> Standing:
        """A status of its own before a date of leaving: they may have come back since.

        Whom nothing may be sent to keeps their status with us, so that this comes first.
        """
        if (barred := given.get(Means.SUPPRESSED)) and is_yes(barred):
            return Standing.BLOCKED
        if status := given.get(Means.STATUS):
            return standing_in(status)
        if Means.BOUNCED in given:
            return Standing.BOUNCED
        off = given.get(Means.MAIL_OFF)
        wants = given.get(Means.WANTS_MAIL)
        if Means.LEFT in given or (off and is_yes(off)) or (wants and not is_yes(wants)):
            return Standing.LEFT
        return self._plan.rows_are

    def _tags(self, cell: str) -> tuple[str, ...]:
        own = tags_in(cell) if cell else ()
        return tuple(sorted({*own, *self._plan.tags})) if self._plan.tags else own

    def chosen(self, asked: tuple[str, ...]) -> Preferences:
        """Preferences in canonical form, by cells as in :data:`CHOSEN`.

        Raises ``BadChoice`` or ``BadCell``.
        """
        cadence, sections, topics, mail_format, timezone, hour, paused, tracked = asked
        until = any_moment_in(paused) if paused else None
        return checked(
            self._newsletter,
            Preferences(
                wanted=Wanted(
                    mail_format=_one_of(MailFormat, "format", mail_format),
                    sections=_sections(sections),
                    topics=_several(topics),
                ),
                cadence=_one_of(Cadence, "cadence", cadence),
                send_hour=_hour(hour),
                timezone=timezone or None,
                paused_until=until if until and until > self._now else None,
                tracked=not tracked or is_yes(tracked),
            ),
            self._now,
        )


def _name(parts: list[str]) -> str:
    whole = " ".join(" ".join(parts).split())
    return whole if whole.isprintable() else "".join(char for char in whole if char.isprintable())


def _check_length(name: str) -> None:
    if len(name) > LONGEST_NAME:
        raise BadCell(f"A name has at most {LONGEST_NAME} characters.")


def _ip(cell: str) -> str:
    """Kept as proof where it is one; a file from elsewhere need not have any."""
    try:
        return str(ipaddress.ip_address(cell)) if cell else ""
    except ValueError:
        return ""


def _one_of(kind: type[Member], column: str, cell: str) -> Member:
    members = list(kind)
    if not cell:
        return members[0]
    for member in members:
        if member.value == cell.lower():
            return member
    there = ", ".join(member.value for member in members)
    raise BadChoice(f"The {column} “{cell}” is not one of {there}.")


def _sections(cell: str) -> tuple[str, ...] | None:
    if cell.lower() in ("", "all"):
        return None
    return () if cell.lower() == "none" else _several(cell)


def _hour(cell: str) -> int | None:
    if not cell:
        return None
    if not re.fullmatch(r"[0-9]{1,2}", cell):
        raise BadChoice(f"The hour “{cell}” is not a whole number from 0 to 23.")
    return int(cell)


def _several(cell: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in re.split(r"[|;,]", cell) if part.strip())

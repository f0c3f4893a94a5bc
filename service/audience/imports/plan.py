"""What an editor decided about a file: what its columns mean, and how its readers come in."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

MOST_AN_HOUR = 10_000
"""Confirmations. A minute's tick looks for 200 mails that are due: what is slower than that never
keeps a reader's own sign-up waiting."""

USUAL_AN_HOUR = 2_000
LONGEST_STATEMENT = 500


class Means(StrEnum):
    """What a column can hold."""

    EMAIL = "email"
    NAME = "name"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    STATUS = "status"
    WANTS_MAIL = "wants_mail"
    MAIL_OFF = "mail_off"
    JOINED = "joined"
    CONFIRMED = "confirmed"
    LEFT = "left"
    BOUNCED = "bounced"
    REASON = "reason"
    IP = "ip"
    TAGS = "tags"
    LANGUAGE = "language"
    CADENCE = "cadence"
    SECTIONS = "sections"
    TOPICS = "topics"
    FORMAT = "format"
    TIMEZONE = "timezone"
    HOUR = "hour"
    PAUSED = "paused"
    TRACKED = "tracked"
    SUPPRESSED = "suppressed"


LABELS: dict[Means, str] = {
    Means.EMAIL: "E-mail address",
    Means.NAME: "Name",
    Means.FIRST_NAME: "First name",
    Means.LAST_NAME: "Last name",
    Means.STATUS: "Status (subscribed, unsubscribed, bounced …)",
    Means.WANTS_MAIL: "Gets mail: true or false",
    Means.MAIL_OFF: "Mail is switched off: true or false",
    Means.JOINED: "Date of signing up",
    Means.CONFIRMED: "Date of confirming",
    Means.LEFT: "Date of leaving",
    Means.BOUNCED: "Date of bouncing",
    Means.REASON: "Reason for leaving",
    Means.IP: "IP address of signing up",
    Means.TAGS: "Tags",
    Means.LANGUAGE: "Language",
    Means.CADENCE: "Rhythm (daily, weekdays, weekly)",
    Means.SECTIONS: "Sections",
    Means.TOPICS: "Topics",
    Means.FORMAT: "Format (html, text)",
    Means.TIMEZONE: "Time zone",
    Means.HOUR: "Hour (0 to 23)",
    Means.PAUSED: "Date until which they want nothing",
    Means.TRACKED: "Opens and clicks may be kept: true or false",
    Means.SUPPRESSED: "Nothing may be sent to them: true or false",
}


class Standing(StrEnum):
    """How somebody stood with the newsletter where they come from."""

    SUBSCRIBED = "subscribed"
    UNCONFIRMED = "unconfirmed"
    LEFT = "left"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    BLOCKED = "blocked"


class BadPlan(ValueError):
    """A file cannot be brought in like this; the text says what is missing."""


class Plan(BaseModel):
    """How a file is to be read and what is to become of its readers."""

    model_config = ConfigDict(frozen=True)

    names: tuple[str, ...] = ()
    """The columns', as the file has them."""
    delimiter: str = ","
    preset: str = ""
    columns: dict[int, Means] = {}
    """By the column's place, from 0."""
    rows_are: Standing = Standing.SUBSCRIBED
    """What a row without a status of its own says."""
    ask: bool = False
    """Whether each is asked to confirm before anything is sent."""
    an_hour: int = Field(default=USUAL_AN_HOUR, ge=1, le=MOST_AN_HOUR)
    """How many of them are asked in an hour."""
    tags: tuple[str, ...] = ()
    """Put on everybody who comes in."""
    statement: str = Field(default="", max_length=LONGEST_STATEMENT)
    """How they agreed to get this newsletter, in the editor's words: kept as proof."""
    by: str = ""
    """Who says so."""

    def column_of(self, means: Means) -> int | None:
        return next((place for place, held in self.columns.items() if held is means), None)

    def check(self) -> None:
        """Raise :class:`BadPlan` for what no import can begin with."""
        if self.column_of(Means.EMAIL) is None:
            raise BadPlan("Say which column holds the e-mail address.")
        meanings = list(self.columns.values())
        for means in meanings:
            if meanings.count(means) > 1:
                raise BadPlan(f"Two columns cannot both be “{LABELS[means]}”. Choose one of them.")
        if not self.statement.strip():
            raise BadPlan(
                "Say how these readers agreed to get this newsletter. It is kept as the proof of "
                "their consent, and without one nobody may be written to."
            )

"""What an issue says, as data: the shape that is curated, frozen, rendered and archived.

These are values, not rows: ``Entry.data`` and ``Issue.document`` hold them as JSON. They stand
here because ``issues`` writes them and ``rendering`` and ``web`` read them, and stages meet in
rows only.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Value(BaseModel):
    """A frozen value that refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


SectionKind = Literal["headlines", "papers", "tables", "repos", "posts"]


class SectionSpec(Value):
    """One section of a newsletter, as its file describes it."""

    slug: str = Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")
    kind: SectionKind
    heading: str
    focused_heading: str = ""
    """Heading for readers who chose topics; '' means the same one."""
    limit: int = Field(default=8, ge=1, le=100)
    """Entries that a mail shows (for tables: rows of each)."""
    pool: int = Field(default=40, ge=1, le=500)
    """Ranked candidates kept, from which a reader's topics choose."""
    empty: str = ""
    """Said when nothing is there; '' leaves the whole section out."""
    more_label: str = ""
    """Link to the full page on the web (``All labs``); '' for none."""
    topics: tuple[str, ...] = ()
    """What a reader may choose among in this section."""
    optional: bool = True
    """A reader may switch it off."""


class Headline(Value):
    kind: Literal["headline"] = "headline"
    title: str
    url: str
    source: str
    """The lab or the publication."""
    published_at: datetime
    summary: str = ""
    topics: tuple[str, ...] = ()


class Paper(Value):
    kind: Literal["paper"] = "paper"
    title: str
    url: str
    category: str
    """Primary category, such as cs.LG."""
    abstract: str
    authors: str = ""
    published_at: datetime
    topics: tuple[str, ...] = ()
    """All categories, the primary one first."""


class Column(Value):
    key: str
    label: str
    numeric: bool = False


NEW = "new"
"""What ``TableRow.change`` says of a row that the last issue's table did not have."""


class TableRow(Value):
    cells: tuple[str, ...]
    """As shown, one for each column; '' where the source has no figure."""
    change: str = ""
    """What moved since the last issue, such as '+2.1' or 'new'; '' says nothing."""


class TableEntry(Value):
    kind: Literal["table"] = "table"
    name: str
    measure: str = ""
    """What the score is, such as 'Intelligence Index'."""
    note: str = ""
    columns: tuple[Column, ...]
    rows: tuple[TableRow, ...]
    empty: str = "No data."
    attribution: str = ""
    url: str = ""
    topics: tuple[str, ...] = ()


class Repository(Value):
    kind: Literal["repo"] = "repo"
    name: str
    url: str
    description: str = ""
    language: str = ""
    gained: int | None = None
    """Stars since the last issue; None when there is nothing to compare with."""
    stars: int
    topics: tuple[str, ...] = ()


class Post(Value):
    kind: Literal["post"] = "post"
    author: str
    text: str
    quoted_author: str = ""
    quoted_text: str = ""
    url: str = ""
    published_at: datetime
    topics: tuple[str, ...] = ()


AnyEntry = Annotated[Headline | Paper | TableEntry | Repository | Post, Field(discriminator="kind")]


class Section(Value):
    """A section of one issue: its description and its ranked pool."""

    spec: SectionSpec
    entries: tuple[AnyEntry, ...] = ()


class Document(Value):
    """A frozen issue. The same document gives the same bytes, whoever renders it."""

    newsletter: str
    """Slug."""
    title: str
    """The newsletter's name, or a manual issue's title."""
    kind: Literal["daily", "weekly", "manual"]
    number: int
    issue_date: date
    subject: str
    preheader: str = ""
    editorial: str = ""
    """Markdown."""
    editorial_origin: Literal["editor", "ai", "template", "none"] = "none"
    byline: str = ""
    sections: tuple[Section, ...] = ()

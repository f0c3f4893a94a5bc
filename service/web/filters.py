"""How templates write times, numbers and Markdown."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, url_for
from markdown_it import MarkdownIt
from markupsafe import Markup

from service.audience.addresses import masked
from service.config import settings
from service.issues.approval import TOLD, Step
from service.localtime import zone
from service.models import Issue, IssueState
from service.rendering.filters import web_link
from service.rendering.latex import readable

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_markdown = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table")


def register(app: Flask) -> None:
    app.jinja_env.filters.update(
        day=day,
        moment=moment,
        mail_date=format_datetime,
        count=count,
        weekday=weekday,
        markdown=markdown,
        masked=masked,
        left_in_words=left_in_words,
        per_second=per_second,
        readable=readable,
        standing=standing,
        web_link=web_link,
    )
    app.jinja_env.globals["absolute"] = absolute
    app.jinja_env.globals["asset"] = lambda name: _asset(app, name)


def absolute(endpoint: str, **values: Any) -> str:
    """An address that holds outside of the site: for feeds, and for who shares a page."""
    return settings().base_url.rstrip("/") + url_for(endpoint, **values)


def day(value: date) -> str:
    """``November 20, 2026``."""
    return f"{value:%B} {value.day}, {value.year}"


def moment(value: datetime, timezone: str, style: str = "full") -> str:
    """A moment on the clock of *timezone*: ``Fri, Nov 20, 07:00 CET``; ``short``: ``Fri 07:00``;
    ``clock``: ``07:00:12``."""
    local = value.astimezone(zone(timezone))
    if style == "short":
        return f"{local:%a %H:%M}"
    if style == "clock":
        return f"{local:%H:%M:%S}"
    if style == "day":
        return day(local.date())
    return f"{local:%a}, {local:%b} {local.day}, {local:%H:%M} {zone_name(local)}"


def zone_name(local: datetime) -> str:
    """``CET``; of a zone that has no letters of its own, ``UTC-03``."""
    name = local.tzname() or ""
    return name if name[:1].isalpha() else f"UTC{name}"


def standing(issue: Issue) -> str:
    """What an issue's state is called: of a draft also whether it waits, or was held."""
    if issue.state is not IssueState.DRAFT or issue.waiting_since is None:
        return issue.state.value
    return "held" if issue.reminders >= TOLD[Step.HOLD] else "waits"


def count(value: int, one: str = "", many: str = "") -> str:
    """``1,204``; with words, ``1 reader`` or ``1,204 readers``."""
    if not one:
        return f"{value:,}"
    return f"{value:,} {one if value == 1 else many or one + 's'}"


def per_second(rate: float) -> str:
    """``14 a second``; below one, ``20 a minute``."""
    return f"{rate:,.0f} a second" if rate >= 1 else f"{rate * 60:,.0f} a minute"


def left_in_words(left: timedelta) -> str:
    """``about 3 minutes``: a time left is an estimate and says so."""
    minutes = round(left.total_seconds() / 60)
    if minutes < 1:
        return "less than a minute"
    if minutes < 90:
        return f"about {count(minutes, 'minute')}"
    return f"about {round(minutes / 60)} hours"


def weekday(value: int) -> str:
    """The name of a day; Monday is 0."""
    return WEEKDAYS[value]


def markdown(text: str) -> Markup:
    """What an editor wrote, as HTML; HTML within it stays text."""
    return Markup(_markdown.render(text))  # noqa: S704 - the renderer escapes what it is given


def _asset(app: Flask, name: str) -> str:
    """Address of a static file that changes with its content, so that it may be kept long."""
    return url_for("static", filename=name, v=_stamp(Path(app.static_folder or "") / name))


@lru_cache(maxsize=64)
def _stamp(path: Path) -> str:
    return format(int(path.stat().st_mtime), "x")

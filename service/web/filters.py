"""How templates write times, numbers and Markdown."""

from __future__ import annotations

from datetime import datetime, timedelta
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
from service.languages import dates
from service.localtime import zone
from service.models import Issue, IssueState
from service.rendering.filters import web_link
from service.rendering.latex import readable

_markdown = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table")


def register(app: Flask) -> None:
    app.jinja_env.filters.update(
        day=dates.long_date,
        moment=moment,
        mail_date=format_datetime,
        count=count,
        weekday=dates.weekday,
        markdown=markdown,
        masked=masked,
        left_in_words=left_in_words,
        countdown=countdown,
        percent=percent,
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


def moment(value: datetime, timezone: str, style: str = "full") -> str:
    """A moment on the clock of *timezone*: ``Fri, Nov 20, 07:00 CET``; ``short``: ``Fri 07:00``;
    ``clock``: ``07:00:12``."""
    local = value.astimezone(zone(timezone))
    if style == "short":
        return f"{dates.short_weekday(local.weekday())} {dates.clock(local)}"
    if style == "clock":
        return f"{local:%H:%M:%S}"
    if style == "day":
        return dates.long_date(local.date())
    return f"{dates.weekday_and_date(local.date())}, {dates.clock(local)} {zone_name(local)}"


def zone_name(local: datetime) -> str:
    """``CET``; of a zone that has no letters of its own, ``UTC-03``."""
    name = dates.zone_letters(local)
    return name if name[:1].isalpha() else f"UTC{name}"


def standing(issue: Issue) -> str:
    """What an issue's state is called: of a draft also whether it waits, or was held."""
    if issue.state is not IssueState.DRAFT or issue.waiting_since is None:
        return issue.state.value
    return "held" if issue.reminders >= TOLD[Step.HOLD] else "waits"


def count(value: int, one: str = "", many: str = "") -> str:
    """``1,204``; with words, ``1 reader`` or ``1,204 readers``: English, for pages of the admin."""
    if not one:
        return dates.number(value)
    return f"{dates.number(value)} {one if value == 1 else many or one + 's'}"


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


def countdown(left: timedelta) -> str:
    """``2 d 3 h``, ``3 h 12 min``, ``12 min``: rounded down to what matters at that distance."""
    minutes = max(0, int(left.total_seconds() // 60))
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes else "less than a minute"


def percent(share: float) -> str:
    """``4.2 %``; with two decimals below one, where the lines of complaints stand."""
    value = share * 100
    return f"{value:.2f} %" if 0 < value < 1 else f"{value:.1f} %"


def markdown(text: str) -> Markup:
    """What an editor wrote, as HTML; HTML within it stays text."""
    return Markup(_markdown.render(text))  # noqa: S704 - the renderer escapes what it is given


def _asset(app: Flask, name: str) -> str:
    """Address of a static file that changes with its content, so that it may be kept long."""
    return url_for("static", filename=name, v=_stamp(Path(app.static_folder or "") / name))


@lru_cache(maxsize=64)
def _stamp(path: Path) -> str:
    return format(int(path.stat().st_mtime), "x")

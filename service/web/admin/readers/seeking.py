"""Which subscribers a request asks for, and its words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from flask import request
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.audience.search import Asked, Place, languages_in_use
from service.audience.tags import known_tags
from service.localtime import moment_of
from service.models import Cadence, Newsletter, SubscriptionState

PAUSED = "paused"
STATES = (*(state.value for state in SubscriptionState), PAUSED)
SUPPRESSED = {"yes": True, "no": False}


@dataclass(frozen=True)
class Seek:
    """What was asked for, as typed and as read."""

    asked: Asked
    form: dict[str, Any] = field(default_factory=dict)
    """The fields that say something, for links that ask for the same."""
    problem: str = ""
    """What cannot be asked. Nothing is to be done to whom is found then: they are too many."""

    @property
    def filtered(self) -> bool:
        return bool(self.form.keys() - {"q"})

    def get(self, name: str) -> str:
        return str(self.form.get(name, ""))


NAMES = ("q", "newsletter", "state", "cadence", "tag", "suppressed", "since", "language")


def seek(session: Session) -> Seek:
    """Read the request's fields; one that means nothing is left out, and said."""
    form = {name: text for name in NAMES if (text := _typed(name))}
    newsletter = _newsletter(session, form.get("newsletter", ""))
    since, problem = _since(form.get("since", ""), newsletter)
    state, cadence = form.get("state", ""), form.get("cadence", "")
    there = {
        "newsletter": newsletter is not None,
        "state": state in STATES,
        "cadence": cadence in set(Cadence),
        "suppressed": form.get("suppressed") in SUPPRESSED,
    }
    for name, known in there.items():
        if name in form and not known:
            problem = f"There is no {name} “{form[name]}”. Choose one from the list."
    return Seek(
        asked=Asked(
            text=form.get("q", ""),
            newsletter_id=None if newsletter is None else newsletter.id,
            state=SubscriptionState(state) if state in set(SubscriptionState) else None,
            paused=state == PAUSED,
            cadence=Cadence(cadence) if cadence in set(Cadence) else None,
            tag=" ".join(form.get("tag", "").lower().split()),
            suppressed=SUPPRESSED.get(form.get("suppressed", "")),
            joined_since=since,
            language=form.get("language", ""),
        ),
        form=form,
        problem=problem,
    )


class Menu(NamedTuple):
    """A filter that is chosen from a list."""

    name: str
    label: str
    any: str
    options: Sequence[tuple[str, str]]
    """What is sent, and what is read."""


def menus(session: Session) -> list[Menu]:
    """The filters that part these readers at all."""
    newsletters = session.execute(
        select(Newsletter.slug, Newsletter.name).order_by(Newsletter.name)
    )
    lists = [
        Menu("newsletter", "Newsletter", "All", [(slug, name) for slug, name in newsletters]),
        Menu("state", "State", "Any", [(state, state) for state in STATES]),
        Menu("cadence", "Rhythm", "Any", [(one.value, one.value) for one in Cadence]),
        Menu("tag", "Tag", "Any", [(tag, tag) for tag in known_tags(session)]),
        Menu("language", "Language", "Any", [(one, one) for one in languages_in_use(session)]),
        Menu("suppressed", "Suppressed", "Any", [("yes", "only those"), ("no", "without them")]),
    ]
    return [menu for menu in lists if len(menu.options) > (1 if menu.name == "newsletter" else 0)]


def place_asked() -> Place | None:
    """Where the page before ended: ``ID`` or ``ID.KEY``."""
    number, _, key = request.args.get("after", "")[:300].partition(".")
    if not (number.isascii() and number.isdecimal()) or int(number) >= 2**62:
        return None
    if not key.isprintable() or (key.isdecimal() and int(key) >= 2**62):
        return None
    return Place(int(number), key)


def place_text(place: Place) -> str:
    return f"{place.subscription_id}.{place.key}" if place.key else str(place.subscription_id)


def words(seek: Seek, session: Session) -> str:
    """Whom it asks for: ``whose address begins with ann, active``; '' for everyone."""
    asked, said = seek.asked, []
    if asked.domain:
        said.append(f"at {asked.domain}")
    elif asked.beginning:
        said.append(f"whose address begins with {asked.beginning}")
    if asked.newsletter_id is not None:
        said.append(f"of {session.get_one(Newsletter, asked.newsletter_id).name}")
    said += [word for word in (seek.get("state"), seek.get("cadence")) if word]
    if asked.tag:
        said.append(f"tagged {asked.tag}")
    if asked.suppressed is not None:
        said.append("suppressed" if asked.suppressed else "not suppressed")
    if asked.joined_since is not None:
        said.append(f"since {seek.get('since')}")
    if asked.language:
        said.append(f"reading in {asked.language}")
    return ", ".join(said)


def _typed(name: str) -> str:
    text = request.values.get(name, "")[:254]
    return "".join(char for char in text if char.isprintable()).strip()


def _newsletter(session: Session, slug: str) -> Newsletter | None:
    if not slug:
        return None
    return session.scalars(select(Newsletter).where(Newsletter.slug == slug)).one_or_none()


def _since(text: str, newsletter: Newsletter | None) -> tuple[datetime | None, str]:
    if not text:
        return None, ""
    try:
        day = date.fromisoformat(text)
        return moment_of(day, 0, 0, newsletter.timezone if newsletter else "UTC"), ""
    except (ValueError, OverflowError):
        return None, f"“{text}” is not a day. Write it like 2026-11-20."

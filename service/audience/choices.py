"""What a reader wants to read, in one canonical form, so that readers who chose alike share it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Table, bindparam, select
from sqlalchemy.orm import Session

from service.db import insert_ignoring
from service.languages import gettext, later
from service.models import Choice, MailFormat, Newsletter
from service.models.document import SectionSpec

NO_TOPIC = later("There is no topic “%(name)s”. There is: %(there)s.")
NO_SECTION = later("There is no section “%(name)s”. There is: %(there)s.")


class BadChoice(ValueError):
    """Something was chosen that cannot be had; the text says what there is instead."""


@dataclass(frozen=True)
class Wanted:
    """A choice in canonical form: two that mean the same are equal.

    ``sections`` is None for all of them, also those that come later; ``topics`` is empty for all.
    """

    mail_format: MailFormat = MailFormat.HTML
    sections: tuple[str, ...] | None = None
    topics: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Hash of the three, 64 hex digits; the same on every machine and for ever."""
        form = [self.mail_format.value, self.sections, self.topics]
        return hashlib.sha256(json.dumps(form, separators=(",", ":")).encode()).hexdigest()


def section_specs(newsletter: Newsletter) -> tuple[SectionSpec, ...]:
    """The newsletter's sections, read."""
    return tuple(SectionSpec.model_validate(spec) for spec in newsletter.sections)


def canonical(
    specs: Sequence[SectionSpec],
    mail_format: MailFormat,
    sections: Iterable[str] | None,
    topics: Iterable[str],
    had: Wanted | None = None,
) -> Wanted:
    """The canonical form of a choice among *specs*; raises :class:`BadChoice`.

    A section that is not optional is always in, and all of them is the same as None. What the
    reader *had* may stay though it is gone: they choose something else, and it may come back.
    """
    had = had or Wanted()
    offered = {topic for spec in specs for topic in spec.topics}
    chosen = _known(NO_TOPIC, set(topics), offered, had.topics)
    if sections is None:
        return Wanted(mail_format, None, tuple(sorted(chosen)))
    slugs = {spec.slug for spec in specs}
    kept = _known(NO_SECTION, set(sections), slugs, had.sections or ())
    kept |= {spec.slug for spec in specs if not spec.optional}
    if specs and not kept:
        raise BadChoice(
            gettext("Keep at least one section. To get nothing more, unsubscribe or pause.")
        )
    return Wanted(
        mail_format,
        None if kept >= slugs else tuple(sorted(kept)),
        tuple(sorted(chosen)),
    )


_CHOICE = select(Choice).where(
    Choice.newsletter_id == bindparam("newsletter_id"), Choice.key == bindparam("key")
)


def choice_for(
    session: Session,
    newsletter: Newsletter,
    mail_format: MailFormat,
    sections: Iterable[str] | None,
    topics: Iterable[str],
) -> Choice:
    """The row for a choice, made when nobody chose so before; raises :class:`BadChoice`."""
    return row_for(
        session,
        newsletter.id,
        canonical(section_specs(newsletter), mail_format, sections, topics),
    )


def row_for(session: Session, newsletter_id: int, wanted: Wanted) -> Choice:
    """The row of *wanted*. Two who ask at once get the same one, by the unique key."""
    which = {"newsletter_id": newsletter_id, "key": wanted.key}
    found = session.scalars(_CHOICE, which).one_or_none()
    if found is None:
        row = {
            "newsletter_id": newsletter_id,
            "key": wanted.key,
            "mail_format": wanted.mail_format,
            "sections": None if wanted.sections is None else list(wanted.sections),
            "topics": list(wanted.topics),
        }
        insert_ignoring(session, cast("Table", Choice.__table__), [row])
        found = session.scalars(_CHOICE, which).one()
    return found


def wanted_by(choice: Choice) -> Wanted:
    """What a stored choice says."""
    sections = None if choice.sections is None else tuple(choice.sections)
    return Wanted(choice.mail_format, sections, tuple(choice.topics))


def _known(refusal: str, asked: set[str], offered: set[str], had: Iterable[str]) -> set[str]:
    unknown = sorted(asked - offered - set(had))
    if unknown:
        there = ", ".join(sorted(offered)) or gettext("none")
        raise BadChoice(gettext(refusal, name=unknown[0], there=there))
    return asked

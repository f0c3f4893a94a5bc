"""A newsletter changed by a form: stored by the rules of its file, and noted with what changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from flask import abort
from sqlalchemy.orm import Session

from service.models import Newsletter
from service.newsletters.edit import BadEdit, Changed, Checks, Raw, edit_newsletter
from service.newsletters.problems import Place
from service.newsletters.rows import locked
from service.rendering.theme import load_theme
from service.sources.kinds import check_config
from service.staff.users import audit
from service.web.admin.team.accounts import account
from service.web.asking import newsletter_or_404, now

CHECKS = Checks(check_config, load_theme)


def newsletter_to_change(session: Session, slug: str) -> Newsletter:
    """Locked before anything of it is read: of two who save at once, the second sees what the
    first did."""
    return newsletter_or_404(session, slug) if locked(session, slug) else abort(404)


def apply(
    session: Session,
    newsletter: Newsletter,
    change: Callable[[Raw], None],
    action: str,
    subject: str = "",
) -> Changed:
    """Store what *change* does to the description; raises ``BadEdit``, and then nothing is."""
    changed = edit_newsletter(session, newsletter, change, now(), CHECKS)
    if changed:
        about = f"{newsletter.slug} {subject}".strip()
        audit(session, account().id, action, about, now(), changed=changed)
    return changed


@dataclass(frozen=True)
class Faults:
    """What is wrong with a form: by its fields, and of the whole."""

    fields: Mapping[str, str] = field(default_factory=dict)
    whole: Sequence[str] = ()

    def __bool__(self) -> bool:
        return bool(self.fields or self.whole)


def faults_of(error: BadEdit, within: Place, names: Collection[str]) -> Faults:
    """The problems of *error*, at the fields called *names* of the part at *within*. Pure.

    What belongs to no field of this form is said above it, with its place.
    """
    fields: dict[str, str] = {}
    whole: list[str] = []
    for place, said in error.problems.items():
        name = str(place[len(within)]) if len(place) > len(within) else ""
        if place[: len(within)] == within and name in names:
            fields.setdefault(name, sentence(said))
        else:
            where = ".".join(map(str, place))
            whole.append(sentence(f"{where}: {said}" if where else said))
    return Faults(fields, whole)


def sentence(said: str) -> str:
    """*said* with a capital and a full stop."""
    said = re.sub(r", unable to parse string as an? (integer|number)$", "", said)
    return f"{said[:1].upper()}{said[1:].rstrip('.')}."

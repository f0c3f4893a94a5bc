"""A newsletter changed by a form: the same description as its file's, by the same rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.models import Newsletter
from service.newsletters.file import CheckSource, CheckTheme, unfit
from service.newsletters.problems import Place, causes, said
from service.newsletters.rows import describe, locked, store
from service.newsletters.spec import NewsletterSpec

Raw = dict[str, Any]
"""A description as plain values: what a file would say."""
Changed = dict[str, list[Any]]
"""What was, and what is now, by the name of the field: ``{"sources.wire.url": [old, new]}``."""

OPERATORS_ONLY = ("header_env", "allow_private")
"""Of a source's config. They open the installation's own keys and network, so the web, where an
editor's stolen login would do, changes neither them nor the server that they are for."""
GIVEN = "stands in the newsletter's file only: ask who runs this installation"


class BadEdit(ValueError):
    """What was asked cannot be; ``problems`` says why, by the place of each field."""

    def __init__(self, problems: Mapping[Place, str]) -> None:
        super().__init__("; ".join(problems.values()))
        self.problems = dict(problems)


@dataclass(frozen=True)
class Checks:
    """What this page may not import: see :func:`service.newsletters.file.unfit`."""

    source: CheckSource
    theme: CheckTheme


def plain(spec: NewsletterSpec) -> Raw:
    return spec.model_dump(mode="json")


def edit_newsletter(
    session: Session,
    newsletter: Newsletter,
    change: Callable[[Raw], None],
    now: datetime,
    checks: Checks,
) -> Changed:
    """Let *change* alter the newsletter's description, and store it; {} when nothing differs.

    Raises :class:`BadEdit`, and then nothing was changed.
    """
    row = locked(session, newsletter.slug)
    assert row is not None
    before = plain(describe(session, row))
    after = plain(describe(session, row))
    change(after)
    spec = read(after, checks)
    faults = dict(_for_operators(before, plain(spec)))
    if faults:
        raise BadEdit(faults)
    changed = differences(before, plain(spec))
    if changed:
        store(session, spec, now)
        row.edited_at = now
        session.flush()
    return changed


def create_newsletter(session: Session, raw: Raw, now: datetime, checks: Checks) -> Newsletter:
    """A newsletter that was described in a form; raises :class:`BadEdit`."""
    spec = read(raw, checks)
    taken = BadEdit({("slug",): "belongs to another newsletter; choose a different one"})
    if locked(session, spec.slug) is not None:
        raise taken
    try:
        with session.begin_nested():
            store(session, spec, now)
    except IntegrityError as error:  # somebody made it at the same moment, as two clicks do
        if locked(session, spec.slug) is None:
            raise
        raise taken from error
    row = locked(session, spec.slug)
    assert row is not None
    return row


def read(raw: Raw, checks: Checks) -> NewsletterSpec:
    """*raw* as a description that holds; raises :class:`BadEdit`."""
    try:
        spec = NewsletterSpec.model_validate(raw)
    except ValidationError as error:
        problems: dict[Place, str] = {}
        for found in causes(error.errors()):
            problems.setdefault(found["loc"], said(found, found["loc"]))
        raise BadEdit(problems) from error
    faults = dict(unfit(spec, checks.source, checks.theme))
    if faults:
        raise BadEdit(faults)
    return spec


def differences(before: Raw, after: Raw) -> Changed:
    """The fields in which the two differ, each with both values. Pure."""
    old, new = dict(_flat(before)), dict(_flat(after))
    names = dict.fromkeys([*old, *new])
    return {
        name: [old.get(name), new.get(name)] for name in names if old.get(name) != new.get(name)
    }


def _flat(raw: Raw) -> Iterator[tuple[str, Any]]:
    for name, value in raw.items():
        if isinstance(value, Mapping):
            yield from ((f"{name}.{inner}", v) for inner, v in value.items())
        elif name in {"sections", "sources"}:
            yield name, [part["slug"] for part in value]
            for part in value:
                yield from ((f"{name}.{part['slug']}.{key}", v) for key, v in part.items())
        else:
            yield name, value


def _for_operators(before: Raw, after: Raw) -> Iterator[tuple[Place, str]]:
    known = {source["slug"]: source for source in before["sources"]}
    for number, source in enumerate(after["sources"]):
        was = known.get(source["slug"], {"config": {}, "url": ""})
        opened = _opened(source)
        if opened != _opened(was):
            yield ("sources", number, "config"), f"{' or '.join(OPERATORS_ONLY)} {GIVEN}"
        elif opened and _server(source) != _server(was):
            allowed = " and ".join(opened)
            yield (
                ("sources", number, "url"),
                f"must stay on the same server, for which alone {allowed} was given",
            )


def _opened(source: Mapping[str, Any]) -> Raw:
    return {name: value for name in OPERATORS_ONLY if (value := source["config"].get(name))}


def _server(source: Mapping[str, Any]) -> tuple[str, str]:
    parts = urlsplit(source["url"])
    return parts.scheme, parts.netloc

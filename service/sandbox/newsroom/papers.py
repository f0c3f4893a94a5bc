"""Papers as a preprint server announces them: made of a bank of sentences, by date alone."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from typing import Any

from .entries import CONTENT, seeded

NEW_A_DAY = 34
REPLACED_A_DAY = 9
_SLOT = re.compile(r"\{(name|n|p|q|k)\}")
_ORDER = ("context", "approach", "method", "result", "ablation", "cost", "close")


@dataclass(frozen=True, slots=True)
class Paper:
    """One announcement. *number* has no version; the first of *categories* is the primary one."""

    number: str
    version: int
    title: str
    abstract: str
    authors: tuple[str, ...]
    categories: tuple[str, ...]
    kind: str = "new"


@cache
def _bank() -> dict[str, Any]:
    return tomllib.loads((CONTENT / "papers.toml").read_text(encoding="utf-8"))


def announced(anchor: date, day: int) -> list[Paper]:
    """What is announced on a day: new papers and replacements; nothing at a weekend."""
    when = anchor + timedelta(days=day)
    if when.weekday() >= 5:
        return []
    fixed = [given for given in _bank()["fixed"] if given["day"] == day]
    new = [_fixed(when, place, given) for place, given in enumerate(fixed)]
    new += [_made(when, n) for n in range(len(new), NEW_A_DAY)]
    older = [_made(_workday(when - timedelta(days=20 + n)), n * 3) for n in range(REPLACED_A_DAY)]
    replaced = [replace(p, version=2 + n % 3, kind="replace") for n, p in enumerate(older)]
    return new + replaced


def _workday(when: date) -> date:
    return when - timedelta(days=max(0, when.weekday() - 4))


def _number(when: date, place: int) -> str:
    return f"{when:%y%m}.{when.day * 600 + place * 13 + 7:05d}"


def _fixed(when: date, place: int, given: Mapping[str, Any]) -> Paper:
    return Paper(
        _number(when, place),
        1,
        given["title"],
        given["abstract"],
        _authors(when, place),
        (given["primary"], *given["cross"]),
    )


def _made(when: date, place: int) -> Paper:
    bank = _bank()
    topics = bank["topic"]
    topic = topics[(when.toordinal() * 5 + place) % len(topics)]
    slots = {
        "name": bank["names"][seeded(when, place, "name") % len(bank["names"])],
        "n": str(12 + seeded(when, place, "n") % 240),
        "p": str(4 + seeded(when, place, "p") % 40),
        "q": str(45 + seeded(when, place, "q") % 47),
        "k": str(3 + seeded(when, place, "k") % 6),
    }
    sentences = [topic["problem"]]
    for part in _ORDER:
        choices: Sequence[str] = [topic[part]] if part in topic else bank[part]
        sentences.append(choices[seeded(when, place, part) % len(choices)])
    title = topic["titles"][(place // len(topics) + when.toordinal()) % len(topic["titles"])]
    return Paper(
        _number(when, place),
        1,
        _filled(title, slots),
        _filled(" ".join(sentences), slots),
        _authors(when, place),
        (topic["primary"], *topic["cross"]),
    )


def _filled(text: str, slots: Mapping[str, str]) -> str:
    """Only our own slots: the braces of an abstract stay."""
    return _SLOT.sub(lambda match: slots[match[1]], text)


def _authors(when: date, place: int) -> tuple[str, ...]:
    people = _bank()["authors"]
    first, count = seeded(when, place, "who"), 1 + seeded(when, place, "how many") % 6
    return tuple(people[(first + n * 7) % len(people)] for n in range(count))

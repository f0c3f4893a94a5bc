"""When two entries are one story: the same page, or near-equal titles with equal figures.

"GPT-5.4 released" is not "GPT-5.5 released": a title's numbers, and its negations, must agree.
"""

from __future__ import annotations

import re
import unicodedata

from rapidfuzz import fuzz, process

NEAR_EQUAL = 95.0
"""Of 100: in a title of 60 characters about six may differ."""
SHORT_TITLE = 12
"""Below it, a title such as "Changelog" says too little to be a story's name."""

_WORD = re.compile(r"[^\W_]+(?:[.,'][^\W_]+)*")
_NEGATIONS = frozenset({"no", "not", "never", "without", "cannot"})


def words(title: str) -> list[str]:
    """The words of a title, folded so that spelling variants of it are equal."""
    folded = unicodedata.normalize("NFKC", title).casefold().replace("\u2019", "'")
    return [word.replace(",", "") for word in _WORD.findall(folded)]


def marks(title: str) -> frozenset[str]:
    """The words that must be the same in both titles: those with a digit, and negations."""
    return frozenset(
        word
        for word in words(title)
        if any(char.isdigit() for char in word) or word in _NEGATIONS or word.endswith("n't")
    )


class Seen:
    """The stories so far. What is admitted first stands for all that repeat it."""

    def __init__(self) -> None:
        self._urls: set[str] = set()
        self._titles: dict[frozenset[str], list[str]] = {}

    def admit(self, canonical_url: str, title: str) -> bool:
        """Whether this is a new story; it is remembered in any case, under both its names."""
        name = " ".join(words(title))
        alike = self._titles.setdefault(marks(title), [])
        new = canonical_url not in self._urls and not _is_near(name, alike)
        if canonical_url:
            self._urls.add(canonical_url)
        if len(name) >= SHORT_TITLE:
            alike.append(name)
        return new


def _is_near(name: str, others: list[str]) -> bool:
    if len(name) < SHORT_TITLE:
        return False
    return process.extractOne(name, others, scorer=fuzz.ratio, score_cutoff=NEAR_EQUAL) is not None

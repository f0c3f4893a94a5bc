"""When two entries are one story: the same page, or near-equal titles.

"GPT-5.4 released" is not "GPT-5.5 released", nor is "amber" "ember" or "can" "cannot". So two
titles are near-equal when they say the same words in about the same order, and the words may
differ only in endings, punctuation and the smallest of them; a number never may.
"""

from __future__ import annotations

import re
import unicodedata

from rapidfuzz import fuzz, process

SAME_ORDER = 85.0
"""Of 100: below it the same words stand in another order, and who sues whom has changed."""
SHORT_TITLE = 12
"""Below it, a title such as "Changelog" says too little to be a story's name."""

_WORD = re.compile(r"[^\W_]+(?:[.,'][^\W_]+)*")
_ENDING = re.compile(r"(?:'s|ing|ed|es|s|d|e)$")
_SMALL = frozenset(
    {"a", "an", "and", "are", "as", "at", "by", "for", "has", "in", "is", "it", "its", "of", "on"}
    | {"s", "the", "to", "with"}
)


def words(title: str) -> list[str]:
    """The words of a title, folded so that spellings of one word are equal."""
    plain = unicodedata.normalize("NFKD", title.replace("\u2019", "'")).casefold()
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return [word.replace(",", "") for word in _WORD.findall(plain)]


def gist(title: str) -> tuple[str, ...]:
    """What two titles of one story have in common: their words without endings, sorted."""
    return tuple(sorted(_stem(word) for word in words(title) if word not in _SMALL))


def _stem(word: str) -> str:
    return _ENDING.sub("", word) if len(word) > 3 and word.replace("'", "").isalpha() else word


class Seen:
    """The stories so far. What is admitted first stands for all that repeat it."""

    def __init__(self) -> None:
        self._urls: set[str] = set()
        self._titles: dict[tuple[str, ...], list[str]] = {}

    def admit(self, canonical_url: str, title: str) -> bool:
        """Whether this is a new story; it is remembered in any case, under both its names."""
        name = " ".join(words(title))
        alike = self._titles.setdefault(gist(title), []) if len(name) >= SHORT_TITLE else []
        new = canonical_url not in self._urls and not _is_near(name, alike)
        if canonical_url:
            self._urls.add(canonical_url)
        if name not in alike:
            alike.append(name)
        return new


def _is_near(name: str, others: list[str]) -> bool:
    return process.extractOne(name, others, scorer=fuzz.ratio, score_cutoff=SAME_ORDER) is not None

"""What a draft says that the facts do not: numbers, names, links. One such thing refuses it.

It errs on the side of refusing: an editor can ask again, and readers cannot unread.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

from service.issues.ai.facts import Facts, texts

LONGEST_DRAFT = 6000
"""Characters: three times the longest editorial that one reads in a mail."""

_LINK = re.compile(r"https?://[^\s<>()\[\]\"']+")
_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
_PERCENT = re.compile(rf"({_NUMBER.pattern})\s*(?:%|per\s?cent\b)", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+(?:[.'\-/][^\W_]+)*")
_SENTENCE = re.compile(
    r"(?:^|[.!?:;]['\")\]*_]*\s+|\n\s*)(?:[-*>#\d.]+\s+)*['\"(\[*_]*", re.MULTILINE
)

_TENS = ("thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety", "hundred")
_SMALL = (
    *("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
)
_SPELLED = {
    **{word: Decimal(number) for number, word in enumerate(_SMALL, start=2)},
    **{word: Decimal(number * 10) for number, word in enumerate(_TENS, start=3)},
    **dict.fromkeys(("twice", "double", "doubled", "half", "halved"), Decimal(2)),
    **dict.fromkeys(("triple", "tripled"), Decimal(3)),
    **{"dozen": Decimal(12), "thousand": Decimal(1000)},
    **{"million": Decimal(10**6), "billion": Decimal(10**9)},
}

FAMILIES = frozenset(
    {"chatgpt", "claude", "deepseek", "gemini", "gemma", "gpt", "grok", "haiku", "jamba", "kimi"}
    | {"llama", "minimax", "mistral", "mixtral", "nemotron", "opus", "phi", "qwen", "sonnet"}
)
"""Names of models that are told by no digit, wherever they stand in a sentence."""

_STANDINGS = frozenset(
    {"beats", "climbs", "drops", "falls", "gains", "jumps", "keeps", "leads", "overtakes", "passes"}
    | {"remains", "rises", "scores", "slips", "stands", "surges", "takes", "tops", "trails", "wins"}
    | {
        "beat",
        "climbed",
        "dropped",
        "fell",
        "gained",
        "jumped",
        "led",
        "overtook",
        "passed",
        "rose",
    }
    | {"scored", "slipped", "surged", "topped", "trailed", "won"}
)
"""What is said of a model: the word before it at the head of a sentence is taken for a name."""
_OPENERS = frozenset(
    {"all", "another", "both", "each", "everyone", "everything", "few", "he", "it", "many", "most"}
    | {"neither", "nobody", "none", "nothing", "one", "others", "she", "some", "that", "these"}
    | {"they", "this", "those", "we", "what", "which", "who", "you"}
)

_COMMON = frozenset({"ai", "api", "apis", "gpu", "gpus", "i", "llm", "llms", "ml"})


def problems(draft: str, facts: Facts) -> list[str]:
    """Sentences for the editor, one for each thing that *facts* do not hold; [] when all is well.

    Numbers are compared by value (``1,200`` is ``1200``, ``57`` is ``57.0``, "six" is ``6``), and
    a percentage only with a percentage: an index is none. A name is a word with a digit in it, a
    capitalised word within a sentence, or that of a family of models; with a number behind it,
    the two belong together.
    """
    if not draft.strip():
        return ["The draft is empty."]
    if len(draft) > LONGEST_DRAFT:
        return [f"The draft is longer than {LONGEST_DRAFT:,} characters."]
    known = "\n".join(_plain(text) for text in texts(facts))
    said = _plain(draft)
    links = sorted(set(_LINK.findall(said)) - set(_LINK.findall(known)))
    said, known = _LINK.sub(" ", said), _LINK.sub(" ", known)
    return [
        *(f"It links to {link}, which the facts do not." for link in links),
        *(f"It says {text}, a number that the facts do not have." for text in _odd(said, known)),
        *(f"It names {name}, which the facts do not." for name in _strangers(said, known)),
    ]


def _plain(text: str) -> str:
    """One spelling for each letter, digit, hyphen, apostrophe and space."""
    text = unicodedata.normalize("NFKC", text)
    text = re.sub("[\u2010-\u2015\u2212]", "-", text).replace("\u2019", "'").replace("\u2018", "'")
    return re.sub(r"[^\S\n]+", " ", text).replace("\u201c", '"').replace("\u201d", '"')


def _odd(said: str, known: str) -> list[str]:
    """Numbers and percentages of *said* that *known* does not have, as they are written."""
    numbers = {_value(text) for text in _NUMBER.findall(known)}
    numbers |= {_SPELLED[word] for word in _spelled(known)}
    percents = {_value(text) for text in _PERCENT.findall(known)}
    found = [text for text in _NUMBER.findall(said) if _value(text) not in numbers]
    found += [f"{text}%" for text in _PERCENT.findall(said) if _value(text) not in percents]
    found += [word for word in _spelled(said) if _SPELLED[word] not in numbers]
    return list(dict.fromkeys(found))


def _value(text: str) -> Decimal:
    return Decimal(text.replace(",", "")).normalize()


def _spelled(text: str) -> Iterator[str]:
    return (word for word in re.findall(r"[a-z]+", text.casefold()) if word in _SPELLED)


def _strangers(said: str, known: str) -> list[str]:
    """Names of *said* that *known* does not have."""
    words = _WORD.findall(known)
    vocabulary = {form for word in words for form in _forms(word)}
    pairs = set(_pairs(words))
    begins = {match.end() for match in _SENTENCE.finditer(said)}
    begins -= {match.start() for match in _WORD.finditer(said) if _has_a_standing(match, said)}
    found = [
        match.group()
        for match in _WORD.finditer(said)
        if _is_name(match.group(), begins_sentence=match.start() in begins)
        and not _forms(match.group()) & vocabulary
    ]
    together = _WORD.findall(said)
    found += [
        f"{name} {number}"
        for name, number in _pairs(together, cased=True)
        if (name.casefold(), number) not in pairs
    ]
    return list(dict.fromkeys(found))


def _has_a_standing(word: re.Match[str], said: str) -> bool:
    """Whether *word* is followed by what a model does: then no capital is there by chance."""
    behind = _WORD.search(said, word.end())
    return (
        behind is not None
        and said[word.end() : behind.start()].isspace()
        and behind.group() in _STANDINGS
        and word.group().casefold() not in _OPENERS
    )


def _is_name(word: str, *, begins_sentence: bool) -> bool:
    if word.casefold() in _COMMON or word.replace(".", "").isdigit():
        return False
    parts = {part.casefold() for part in re.split(r"[^a-zA-Z]+", word)}
    if parts & FAMILIES or (re.search(r"\d", word) and re.search(r"[^\W\d_]", word)):
        return True
    return any(char.isupper() for char in (word[1:] if begins_sentence else word))


def _forms(word: str) -> set[str]:
    """*word* and, of a possessive, what it is of."""
    folded = word.casefold()
    return {folded, folded.removesuffix("'s"), folded.removesuffix("'")} - {""}


def _pairs(words: list[str], *, cased: bool = False) -> Iterator[tuple[str, str]]:
    """A name and the number right behind it, such as ``Opus 4.5``."""
    for name, number in pairwise(words):
        if name[:1].isupper() and number[:1].isdigit() and len(name) > 1:
            yield (name if cased else name.casefold(), number.casefold())

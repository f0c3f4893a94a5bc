"""Slots: the places in a rendered text where one reader's own values go.

A slot is marked by a sentinel that holds the nonce of its rendering, so that text from a feed
cannot imitate one. The sentinel is made of ASCII letters, digits and ``_`` alone: autoescaping,
MJML and an ``href`` leave it as it is. A text is split once and joined for each reader.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape

_NAME = re.compile(r"[a-z][A-Za-z0-9]{0,62}")
_NONCE = re.compile(r"[A-Za-z0-9]{1,32}")


def new_nonce() -> str:
    """16 characters that no text collected before this moment can hold."""
    return secrets.token_hex(8)


def mark(nonce: str, name: str) -> str:
    """The sentinel of slot *name*, a flat camelCase name (SES takes no other in a template)."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"slot names are flat camelCase, such as unsubscribeUrl; not {name!r}")
    if not _NONCE.fullmatch(nonce):
        raise ValueError(f"a nonce is 1 to 32 letters and digits; not {nonce!r}")
    return f"SLOT_{nonce}_{name}_"


@dataclass(frozen=True)
class Slotted:
    """A text cut at its slots: ``literals[0] slots[0] literals[1] … literals[-1]``."""

    literals: tuple[str, ...]
    slots: tuple[str, ...]

    @classmethod
    def parse(cls, text: str, nonce: str) -> Slotted:
        """Cut *text* at the sentinels of *nonce*; those of another nonce are plain text."""
        pieces = re.split(f"{mark(nonce, 'x')[:-2]}({_NAME.pattern})_", text)
        return cls(tuple(pieces[0::2]), tuple(pieces[1::2]))

    @cached_property
    def names(self) -> frozenset[str]:
        return frozenset(self.slots)

    def fill(self, values: Mapping[str, str]) -> str:
        """The text with *values* as they are. KeyError when one is missing."""
        return self.join(values.__getitem__)

    def fill_html(self, values: Mapping[str, str]) -> str:
        """The text with *values* escaped for HTML. KeyError when one is missing."""
        return self.join(lambda name: escape(values[name]))

    def join(self, value_of: Callable[[str], str]) -> str:
        """The text with *value_of* called once for each slot, in order."""
        if not self.slots:
            return self.literals[0]
        pieces = [""] * (2 * len(self.slots) + 1)
        pieces[0::2] = self.literals
        pieces[1::2] = map(value_of, self.slots)
        return "".join(pieces)

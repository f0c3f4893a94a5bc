"""A mail as data: its three parts, before and after a reader's values are filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from service.message.slots import Slotted

# What must not stand in a header: C0, DEL, C1, the two Unicode line ends, lone surrogates.
_NOT_IN_A_LINE = dict.fromkeys(
    [*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, *range(0xD800, 0xE000)], " "
)


def one_line(text: str) -> str:
    """*text* as a header may hold it: line ends and control characters become spaces."""
    return text.translate(_NOT_IN_A_LINE).strip()


class FilledMail(NamedTuple):
    """A mail for one reader."""

    subject: str
    html: str | None
    text: str


@dataclass(frozen=True)
class Mail:
    """A mail whose slots are not filled yet. ``html`` is None for readers who chose text."""

    subject: Slotted
    html: Slotted | None
    text: Slotted

    @classmethod
    def of(cls, nonce: str, subject: str, html: str | None, text: str) -> Mail:
        """The mail of rendered parts in which *nonce* marks the slots."""
        return cls(
            Slotted.parse(one_line(subject), nonce),
            None if html is None else Slotted.parse(html, nonce),
            Slotted.parse(text, nonce),
        )

    @property
    def names(self) -> frozenset[str]:
        """The slots that must be given a value."""
        return self.subject.names | self.text.names | (self.html.names if self.html else set())

    def fill_subject(self, values: Mapping[str, str]) -> str:
        return self.subject.join(lambda name: one_line(values[name]))

    def fill(self, values: Mapping[str, str]) -> FilledMail:
        """The mail for one reader: escaped in HTML, raw in text, one line in the subject."""
        return FilledMail(
            self.fill_subject(values),
            None if self.html is None else self.html.fill_html(values),
            self.text.fill(values),
        )

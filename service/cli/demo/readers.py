"""The sample readers: some with choices of their own, some with mailboxes that misbehave."""

from __future__ import annotations

from service.audience.addresses import parse_address
from service.audience.choices import Wanted
from service.audience.joining import Reader
from service.audience.preferences import Preferences
from service.models import Cadence, MailFormat

NAMES = (
    "ada", "bela", "chidi", "dora", "emre", "fatou", "goran", "hana", "ines", "jonas", "kemal",
    "lena", "mateo", "nadia", "omar", "petra",
)  # fmt: skip

SIMULATOR = "simulator.amazonses.com"
"""Amazon's own addresses for trying what happens to mail."""


def sample_readers() -> list[Reader]:
    """Readers who are confirmed already; five of them at Amazon's simulator."""
    everyone = [_reader(f"{name}@readers.example.com") for name in NAMES]
    chosen = [
        _reader("quinn@readers.example.com", wanted=Wanted(mail_format=MailFormat.TEXT)),
        _reader("rosa@readers.example.com", wanted=Wanted(topics=("cs.CL",))),
        _reader("sami@readers.example.com", wanted=Wanted(topics=("cs.LG", "cs.SE"))),
        _reader("tove@readers.example.com", wanted=Wanted(sections=("labs", "wire"))),
        _reader("ulrich@readers.example.com", wanted=Wanted(sections=("papers", "benchmarks"))),
        _reader("vera@readers.example.com", cadence=Cadence.WEEKLY),
    ]
    simulated = [
        _reader(f"{name}@{SIMULATOR}")
        for name in ("success", "bounce", "complaint", "suppressionlist", "ooto")
    ]
    return [*everyone, *chosen, *simulated]


def _reader(
    email: str, *, wanted: Wanted | None = None, cadence: Cadence = Cadence.DAILY
) -> Reader:
    return Reader(parse_address(email), Preferences(wanted=wanted or Wanted(), cadence=cadence))

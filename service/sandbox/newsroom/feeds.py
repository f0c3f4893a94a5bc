"""The newsroom's feeds: who publishes what, where, and in which format."""

from __future__ import annotations

from collections.abc import Callable

from . import atom, jsonfeed, rss
from .entries import Entry, Feed

Write = Callable[[Feed, list[Entry], str], bytes]
CONTENT_TYPES = {
    "rss": "application/rss+xml; charset=utf-8",
    "atom": "application/atom+xml; charset=utf-8",
    "json": "application/feed+json; charset=utf-8",
}

FEEDS = (
    Feed(
        "meridian",
        "Meridian Labs",
        "labs",
        "/news/labs/meridian/rss.xml",
        "Research and product news from Meridian Labs",
        "rss",
        20,
    ),
    Feed(
        "halcyon",
        "Halcyon AI",
        "labs",
        "/news/labs/halcyon/rss.xml",
        "Announcements and research of Halcyon AI",
        "rss",
        25,
    ),
    Feed(
        "northlight",
        "Northlight Research",
        "labs",
        "/news/labs/northlight/feed.xml",
        "Open science, slowly",
        "rss",
        15,
        full_text=True,
    ),
    Feed(
        "tessera",
        "Tessera Engineering",
        "labs",
        "/news/labs/tessera/atom.xml",
        "How we build Mosaic",
        "atom",
        20,
    ),
    Feed(
        "quillon",
        "Quillon",
        "labs",
        "/news/labs/quillon/feed.json",
        "Small models that stay small",
        "json",
        12,
    ),
    Feed(
        "tensor-times",
        "Tensor Times",
        "wire",
        "/news/wire/tensor-times/rss.xml",
        "The industry of intelligence, every day",
        "rss",
        30,
    ),
    Feed(
        "latent-dispatch",
        "Latent Dispatch",
        "wire",
        "/news/wire/latent-dispatch/feed",
        "Reporting from inside the models",
        "rss",
        30,
        full_text=True,
    ),
    Feed(
        "compute-ledger",
        "The Compute Ledger",
        "wire",
        "/news/wire/compute-ledger/rss.xml",
        "Chips, power and money",
        "rss",
        25,
    ),
    Feed(
        "open-weights",
        "Open Weights Review",
        "wire",
        "/news/wire/open-weights/atom.xml",
        "Models that you can download",
        "atom",
        20,
    ),
)

WRITERS: dict[str, Write] = {"rss": rss.write, "atom": atom.write, "json": jsonfeed.write}

"""A rendering for each choice, and one reader's message beside ``email.message``."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from importlib.resources import files
from itertools import combinations, islice, product
from zoneinfo import ZoneInfo

from benchmarks.table import Row, each, show
from service.audience.choices import Wanted
from service.message.mail import Mail
from service.message.mime import encode
from service.models.document import Document
from service.rendering.issue import FULLEST, Identity, render_issue
from service.rendering.theme import load_theme

VALUES = {
    "unsubscribeUrl": "https://news.example.org/unsubscribe/MTIzNDU2.abcdefghijklmnopqrstuv",
    "preferencesUrl": "https://news.example.org/preferences/MTIzNDU2.abcdefghijklmnopqrstuv",
}
VARIANTS = 1000
SENDER, RECIPIENT = "The Report <report@news.example.org>", "reader@example.org"


def run() -> None:
    document, identity = _sample()
    parts = render_issue(document, FULLEST, identity, "bench")
    mail = Mail.of(parts.nonce, parts.subject, parts.html, parts.text)
    encoded = encode(mail)
    at = datetime.now(UTC)

    def message() -> bytes:
        return encoded.message(
            sender=SENDER,
            recipient=RECIPIENT,
            headers={},
            values=VALUES,
            date=at,
            message_id="<1@news.example.org>",
        )

    def by_the_library() -> bytes:
        filled = mail.fill(VALUES)
        found = EmailMessage()
        found["From"], found["To"], found["Subject"] = SENDER, RECIPIENT, filled.subject
        found.set_content(filled.text)
        found.add_alternative(filled.html or "", subtype="html")
        return found.as_bytes()

    render = each(lambda: render_issue(document, FULLEST, identity, "bench"), 20)
    size = len((parts.html or "").encode())
    show(
        f"One reader's message ({size:,} bytes of HTML)",
        [
            Row("fill (target 5)", each(lambda: mail.fill(VALUES), 2000), render, "a render each"),
            Row(
                "fill and encode as MIME (target 20)",
                each(message, 2000),
                each(by_the_library, 20),
                "email.message",
            ),
        ],
    )
    _variants(document, identity)


def _variants(document: Document, identity: Identity) -> None:
    """As many distinct choices as a large newsletter has, each rendered and all of them kept."""
    wanted = list(_choices(document))
    before, start = _peak(), time.perf_counter()
    kept = [render_issue(document, choice, identity, "bench") for choice in wanted]
    took = time.perf_counter() - start
    size = sum(len((parts.html or "") + parts.text) for parts in kept) / 1e6
    print(
        f"\n{len(kept):,} distinct choices: {took:.1f} s, {took / len(kept) * 1e3:.2f} ms each; "
        f"{size:.0f} MB of mail, {_peak() - before:.0f} MB more memory to keep them all"
    )


def _choices(document: Document) -> Iterator[Wanted]:
    slugs = [section.spec.slug for section in document.sections]
    topics = sorted({topic for section in document.sections for topic in section.spec.topics})
    some_sections = [
        chosen for size in range(1, len(slugs) + 1) for chosen in combinations(slugs, size)
    ]
    some_topics = [chosen for size in range(4) for chosen in combinations(topics, size)]
    for sections, chosen in islice(product(some_sections, some_topics), VARIANTS):
        yield Wanted(sections=sections, topics=chosen)


def _peak() -> float:
    """Megabytes that this process has ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _sample() -> tuple[Document, Identity]:
    text = (files("email_templates") / "daily" / "sample.json").read_text()
    sample = json.loads(text)
    given = sample["identity"] | {
        "timezone": ZoneInfo(sample["identity"]["timezone"]),
        "theme": load_theme(sample["identity"].get("theme", {})),
    }
    return Document.model_validate(sample["document"]), Identity(**given)

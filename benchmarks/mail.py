"""One reader's message: filled and encoded, beside a render for each and ``email.message``."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.message import EmailMessage
from importlib.resources import files
from zoneinfo import ZoneInfo

from benchmarks.table import Row, each, show
from service.message.mail import Mail
from service.message.mime import encode
from service.models.document import Document
from service.rendering.issue import FULLEST, Identity, render_issue
from service.rendering.theme import load_theme

VALUES = {
    "unsubscribeUrl": "https://news.example.org/unsubscribe/MTIzNDU2.abcdefghijklmnopqrstuv",
    "preferencesUrl": "https://news.example.org/preferences/MTIzNDU2.abcdefghijklmnopqrstuv",
}
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
            Row("fill the slots", each(lambda: mail.fill(VALUES), 2000), render, "a render each"),
            Row("encode as MIME", each(message, 2000), each(by_the_library, 20), "email.message"),
        ],
    )


def _sample() -> tuple[Document, Identity]:
    text = (files("email_templates") / "daily" / "sample.json").read_text()
    sample = json.loads(text)
    given = sample["identity"] | {
        "timezone": ZoneInfo(sample["identity"]["timezone"]),
        "theme": load_theme(sample["identity"].get("theme", {})),
    }
    return Document.model_validate(sample["document"]), Identity(**given)

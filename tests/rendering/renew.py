"""``python -m tests.rendering.renew``: write the golden files anew, then read what changed.

They are the samples of every message as a mailbox gets them: html, txt and eml.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from service.message.headers import Mailing, issue_headers, mailbox, service_headers
from service.message.mime import encode
from tests.rendering.samples import ISSUES, MESSAGES, sample_document, sample_identity, sample_mail

GOLDEN = Path(__file__).parent / "golden"
WHEN = datetime(2026, 4, 27, 6, tzinfo=UTC)


def made() -> dict[str, bytes]:
    """Each golden file's name and what it is to hold."""
    return {
        f"{message}.{ending}": content
        for message in MESSAGES
        for ending, content in _files(message).items()
    }


def _files(message: str) -> dict[str, bytes]:
    mail, values = sample_mail(message)
    filled = mail.fill(values)
    eml = encode(mail).message(
        sender=mailbox("The Inference Report", "report@news.example.org"),
        recipient="reader@example.org",
        headers=_headers(message, values),
        values=values,
        date=WHEN,
        message_id=f"<{message}@news.example.org>",
    )
    return {"html": (filled.html or "").encode(), "txt": filled.text.encode(), "eml": eml}


def _headers(message: str, values: dict[str, str]) -> dict[str, str]:
    identity = sample_identity(message)
    if message not in ISSUES:
        return service_headers(newsletter=identity.slug, kind=message)
    number = sample_document(message).number
    mailing = Mailing(identity.base_url, identity.slug, identity.name, message, number)
    return issue_headers(mailing, values["unsubscribeUrl"])


def main() -> None:
    GOLDEN.mkdir(exist_ok=True)
    content = made()
    for path in GOLDEN.glob("*.*"):
        if path.name not in content and not path.name.startswith("."):
            path.unlink()
    for name, expected in content.items():
        (GOLDEN / name).write_bytes(expected)


if __name__ == "__main__":
    main()

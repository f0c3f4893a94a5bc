"""An issue as files to look at: what the fullest choice gets."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from service.config import settings
from service.message.headers import Mailing, issue_headers, mailbox
from service.message.mail import FilledMail, Mail
from service.message.mime import encode
from service.message.slots import new_nonce
from service.models.content import Issue
from service.models.document import Document
from service.rendering.issue import FULLEST, Identity, render_issue
from service.rendering.variants import frozen_document


def write_preview(
    issue: Issue, folder: Path, now: datetime, document: Document | None = None
) -> list[Path]:
    """Write *issue* into *folder* as ``….html``, ``….txt`` and ``….eml``; the files, in order.

    *document* stands in for the frozen one while the issue is a draft.
    """
    filled, message = preview(issue, now, document)
    folder.mkdir(parents=True, exist_ok=True)
    contents = {
        "html": (filled.html or "").encode(),
        "txt": filled.text.encode(),
        "eml": message,
    }
    written = []
    for ending, content in contents.items():
        path = folder / f"{issue.newsletter.slug}-{issue.number}.{ending}"
        path.write_bytes(content)
        written.append(path)
    return written


def preview(
    issue: Issue, now: datetime, document: Document | None = None
) -> tuple[FilledMail, bytes]:
    """The parts of *issue* with links that lead nowhere, and the same as a whole message."""
    newsletter, base_url = issue.newsletter, settings().base_url
    identity = Identity.of(newsletter, base_url)
    parts = render_issue(document or frozen_document(issue), FULLEST, identity, new_nonce())
    mail = Mail.of(parts.nonce, parts.subject, parts.html, parts.text)
    values = {
        "unsubscribeUrl": f"{base_url}/unsubscribe/preview",
        "preferencesUrl": f"{base_url}/preferences/preview",
    }
    mailing = Mailing(base_url, newsletter.slug, newsletter.name, issue.kind.value, issue.number)
    message = encode(mail).message(
        sender=mailbox(newsletter.from_name, newsletter.from_address),
        recipient="reader@example.org",
        headers=issue_headers(mailing, values["unsubscribeUrl"]),
        values=values,
        date=now,
        message_id=f"<preview-{issue.number}@{newsletter.slug}.example>",
    )
    return mail.fill(values), message

"""A mail as its readers see it, in a frame that can do nothing: wide, dark, as text, as one's own.

What is in a form at this moment is previewed by sending that form here; nothing is stored.
"""

from __future__ import annotations

from flask import Response, abort, request
from sqlalchemy.orm import Session

from service.config import settings
from service.db import read_scope
from service.issues.approve import document_now
from service.message.mail import FilledMail, Mail
from service.message.slots import new_nonce
from service.models import Issue, IssueKind, Newsletter
from service.models.document import Document
from service.rendering.issue import FULLEST, Identity, render_issue
from service.web.admin.blueprint import admin
from service.web.admin.desk.as_reader import Chosen, NoSuchReader, chosen_by, variant_for
from service.web.admin.issue.issues import issue_or_404
from service.web.asking import field, newsletter_or_404, now
from service.web.security import as_mail

NO_LINKS = {"unsubscribeUrl": "#", "preferencesUrl": "#"}

DARK = "@media (prefers-color-scheme: dark)"
"""As the templates write it; what stands under it is shown to whoever asks for the dark look."""


@admin.get("/issues/<int(max=2147483647):issue_id>/preview.<any(html, txt):part>")
def preview(issue_id: int, part: str) -> Response:
    with read_scope() as session:
        issue = issue_or_404(session, issue_id)
        document = document_now(session, issue, now())
        return _shown(session, document, issue.newsletter, part == "txt", issue)


@admin.post("/preview")
def preview_unsaved() -> Response:
    """What is in the composer at this moment."""
    with read_scope() as session:
        newsletter = newsletter_or_404(session, field("newsletter"))
        words = _words()
        document = Document(
            newsletter=newsletter.slug,
            title=words["subject"],
            kind="manual",
            number=0,
            issue_date=now().date(),
            subject=words["subject"],
            preheader=words["preheader"],
            editorial=words["editorial"],
            editorial_origin="editor",
            byline=newsletter.byline,
        )
        return _shown(session, document, newsletter)


@admin.post("/issues/<int(max=2147483647):issue_id>/preview")
def preview_draft(issue_id: int) -> Response:
    """A draft with the words that are in the form at this moment."""
    with read_scope() as session:
        issue = issue_or_404(session, issue_id)
        document = document_now(session, issue, now())
        words = _words()
        if words["editorial"] != document.editorial.strip():
            words["editorial_origin"] = "editor"
        if issue.kind is IssueKind.MANUAL:
            words["title"] = words["subject"]
        return _shown(session, document.model_copy(update=words), issue.newsletter)


def _words() -> dict[str, str]:
    return {
        "subject": " ".join(field("subject").split()) or "(no subject)",
        "preheader": " ".join(field("preheader").split()),
        "editorial": field("markdown", 500_000).replace("\r\n", "\n").strip(),
    }


def _shown(
    session: Session,
    document: Document,
    newsletter: Newsletter,
    as_text: bool = False,
    issue: Issue | None = None,
) -> Response:
    """The document as the request asks to see it; *issue* when it is shown as it is stored."""
    view, address = request.values.get("view", ""), request.values.get("reader", "")[:254].strip()
    reader = None
    if view == "reader":
        try:
            reader = chosen_by(session, newsletter, address)
        except NoSuchReader as error:
            return _plain(str(error) if address else "Give the address of a reader.")
    mail = _mail(session, document, newsletter, reader, issue)
    if as_text or view == "text" or (reader and mail.html is None):
        return _plain(mail.text)
    if mail.html is None:
        abort(404)
    html = mail.html.replace(DARK, "@media all") if view == "dark" else mail.html
    return as_mail(Response(html, content_type="text/html; charset=utf-8"))


def _mail(
    session: Session,
    document: Document,
    newsletter: Newsletter,
    reader: Chosen | None,
    issue: Issue | None,
) -> FilledMail:
    if reader is not None and issue is not None:
        sent = variant_for(session, issue, reader.subscriber_id)
        if sent is not None:
            return Mail.of(sent.nonce, sent.subject, sent.html, sent.text).fill(NO_LINKS)
    identity = Identity.of(newsletter, settings().base_url)
    wanted = FULLEST if reader is None else reader.wanted
    parts = render_issue(document, wanted, identity, new_nonce())
    return Mail.of(parts.nonce, parts.subject, parts.html, parts.text).fill(NO_LINKS)


def _plain(text: str) -> Response:
    return as_mail(Response(text, content_type="text/plain; charset=utf-8"))

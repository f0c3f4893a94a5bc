"""A mail as its readers see it, in a frame that can do nothing."""

from __future__ import annotations

from flask import Response, abort
from sqlalchemy.orm import Session

from service.config import settings
from service.db import read_scope
from service.issues.approve import document_now
from service.message.mail import FilledMail, Mail
from service.message.slots import new_nonce
from service.models import Issue, Newsletter
from service.models.document import Document
from service.rendering.issue import FULLEST, Identity, render_issue
from service.web.admin import admin
from service.web.admin.issues import issue_or_404
from service.web.asking import field, newsletter_or_404, now
from service.web.security import as_mail

NO_LINKS = {"unsubscribeUrl": "#", "preferencesUrl": "#"}


@admin.get("/issues/<int(max=2147483647):issue_id>/preview.<any(html, txt):part>")
def preview(issue_id: int, part: str) -> Response:
    with read_scope() as session:
        mail = mail_of(session, issue_or_404(session, issue_id))
    return _shown(mail, part)


@admin.post("/preview")
def preview_unsaved() -> Response:
    """What is in the composer at this moment; nothing is stored."""
    with read_scope() as session:
        newsletter = newsletter_or_404(session, field("newsletter"))
        subject = " ".join(field("subject").split()) or "(no subject)"
        document = Document(
            newsletter=newsletter.slug,
            title=subject,
            kind="manual",
            number=0,
            issue_date=now().date(),
            subject=subject,
            editorial=field("markdown", 500_000),
            editorial_origin="editor",
            byline=newsletter.byline,
        )
        return _shown(_filled(document, newsletter), "html")


@admin.post("/issues/<int(max=2147483647):issue_id>/preview")
def preview_draft(issue_id: int) -> Response:
    """A draft with the words that are in the form at this moment; nothing is stored."""
    with read_scope() as session:
        issue = issue_or_404(session, issue_id)
        words = {
            "subject": " ".join(field("subject").split()) or "(no subject)",
            "preheader": " ".join(field("preheader").split()),
            "editorial": field("markdown", 500_000).replace("\r\n", "\n").strip(),
        }
        document = document_now(session, issue, now())
        if words["editorial"] != document.editorial.strip():
            words["editorial_origin"] = "editor"
        return _shown(_filled(document.model_copy(update=words), issue.newsletter), "html")


def mail_of(session: Session, issue: Issue) -> FilledMail:
    """The issue with everything in it: as frozen, or as its draft stands."""
    return _filled(document_now(session, issue, now()), issue.newsletter)


def _filled(document: Document, newsletter: Newsletter) -> FilledMail:
    identity = Identity.of(newsletter, settings().base_url)
    parts = render_issue(document, FULLEST, identity, new_nonce())
    return Mail.of(parts.nonce, parts.subject, parts.html, parts.text).fill(NO_LINKS)


def _shown(mail: FilledMail, part: str) -> Response:
    if part == "txt":
        return as_mail(Response(mail.text, content_type="text/plain; charset=utf-8"))
    if mail.html is None:
        abort(404)
    return as_mail(Response(mail.html, content_type="text/html; charset=utf-8"))

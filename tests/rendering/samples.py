"""The sample that stands beside each message's templates, as values."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from service.message.mail import Mail
from service.models.delivery import NoticeKind
from service.models.document import Document
from service.rendering.issue import FULLEST, Identity, compose_mjml, render_issue
from service.rendering.notices import compose_notice, render_notice
from service.rendering.theme import load_theme

NONCE = "5f3a9c0de1b24788"
ISSUES = ("daily", "weekly", "manual")
NOTICES = tuple(kind for kind in NoticeKind if kind is not NoticeKind.TEST)
MESSAGES = (*ISSUES, *(kind.value for kind in NOTICES))
LINKS = {
    "unsubscribeUrl": "https://news.example.org/unsubscribe/eyJzIjo0Mn0.k3v9QmS1dHk",
    "preferencesUrl": "https://news.example.org/preferences/eyJzIjo0Mn0.k3v9QmS1dHk",
}


def sample(message: str) -> dict[str, Any]:
    path = files("email_templates").joinpath(message, "sample.json")
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def sample_document(message: str = "daily") -> Document:
    return Document.model_validate(sample(message)["document"])


def sample_identity(message: str = "daily") -> Identity:
    given = sample(message)["identity"]
    return Identity(**{**given, "timezone": ZoneInfo(given["timezone"])}, theme=load_theme({}))


def sample_mail(message: str) -> tuple[Mail, dict[str, str]]:
    """The mail of a sample and the values of its slots."""
    identity = sample_identity(message)
    if message not in ISSUES:
        return render_notice(NoticeKind(message), identity), sample(message)["values"]
    parts = render_issue(sample_document(message), FULLEST, identity, NONCE)
    return Mail.of(parts.nonce, parts.subject, parts.html, parts.text), LINKS


def sample_html(message: str) -> str:
    mail, values = sample_mail(message)
    return mail.fill(values).html or ""


def sample_mjml(message: str) -> str:
    """What the MJML compiler is given for a sample."""
    identity = sample_identity(message)
    if message not in ISSUES:
        return compose_notice(NoticeKind(message), identity, NONCE)
    return compose_mjml(sample_document(message), frozenset(), identity, NONCE)

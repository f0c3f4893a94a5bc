"""The edge with rows: the largest mail of an issue, checked."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.audience.choices import Wanted, wanted_by
from service.config import settings
from service.models.audience import Choice, MailFormat, Subscription, SubscriptionState
from service.models.content import Issue
from service.models.document import Document
from service.rendering.clip import TooLarge
from service.rendering.environment import TemplateError
from service.rendering.issue import FULLEST, Identity, Parts, choose, render_issue
from service.rendering.preflight.checks import check
from service.rendering.preflight.finding import Finding, failure
from service.rendering.variants import frozen_document

CANDIDATES = 4
"""Renderings that are compared; a choice's content tells its size well, but not to the byte."""
NONCE = "preflight"


def findings_for(session: Session, issue: Issue, document: Document | None = None) -> list[Finding]:
    """What is wrong with *issue*, checked on the largest mail that any of its readers gets.

    *document* stands in for the frozen one while the issue is a draft (ValueError without it).
    Renders a few times, some milliseconds each; changes nothing.
    """
    document = document or frozen_document(issue)
    try:
        identity = Identity.of(issue.newsletter, settings().base_url)
        parts, shown = _largest(document, _choices_in_use(session, issue), identity)
    except TooLarge as error:
        return [failure("size", f"It cannot be made small enough: {error}.")]
    except TemplateError as error:
        return [failure("template", f"It cannot be rendered: {error}.")]
    except ValueError as error:  # a theme's colour, a time zone
        return [failure("newsletter", f"The newsletter's file is wrong: {error}.")]
    return check(parts, shown, identity)


def heaviest(document: Document, choices: Iterable[Wanted], count: int) -> list[Wanted]:
    """The *count* choices of HTML with most content, the fullest always among those compared."""
    html = {wanted for wanted in choices if wanted.mail_format is MailFormat.HTML} | {FULLEST}
    return sorted(html, key=lambda wanted: (-_weight(document, wanted), wanted.key))[:count]


def _weight(document: Document, wanted: Wanted) -> int:
    return len(choose(document, wanted).model_dump_json())


def _largest(
    document: Document, choices: Iterable[Wanted], identity: Identity
) -> tuple[Parts, Document]:
    rendered = [
        (render_issue(document, wanted, identity, NONCE), choose(document, wanted))
        for wanted in heaviest(document, choices, CANDIDATES)
    ]
    return max(rendered, key=lambda pair: len((pair[0].html or "").encode()))


def _choices_in_use(session: Session, issue: Issue) -> list[Wanted]:
    in_use = select(Subscription.choice_id).where(
        Subscription.newsletter_id == issue.newsletter_id,
        Subscription.state == SubscriptionState.ACTIVE,
    )
    rows = session.scalars(select(Choice).where(Choice.id.in_(in_use)).order_by(Choice.id))
    return [wanted_by(choice) for choice in rows]

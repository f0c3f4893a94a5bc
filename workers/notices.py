"""What a notice says: the one place where rendering, tokens and a notice's row come together."""

from __future__ import annotations

from sqlalchemy.orm import Session

from service.audience import tokens
from service.config import Settings
from service.delivery.addressing import reader_links
from service.issues.approve import document_now
from service.languages import SOURCE
from service.message.mail import Mail
from service.models import Issue, Newsletter, Notice, NoticeKind, Subscription
from service.rendering.issue import Identity
from service.rendering.notices import render_notice, render_test_copy
from workers.staff_mail import TO_STAFF, staff_values

BY_ONE_LINK = (NoticeKind.CHANGE_ADDRESS, NoticeKind.ADDRESS_CHANGED, NoticeKind.MY_DATA)
"""Each was written with the path of its link."""


def mail_of_notice(
    session: Session, notice: Notice, settings: Settings
) -> tuple[Mail, dict[str, str]]:
    """The mail of *notice* and the values of its slots. ValueError when it cannot be made."""
    newsletter = session.get_one(Newsletter, notice.newsletter_id)
    identity = Identity.of(newsletter, settings.base_url)
    if notice.kind is NoticeKind.TEST:
        issue = session.get_one(Issue, notice.issue_id)
        explained = f"{settings.base_url}/test-copy/{newsletter.slug}"
        links = {
            "unsubscribeUrl": f"{explained}/unsubscribe",
            "preferencesUrl": f"{explained}/preferences",
        }
        return render_test_copy(document_now(session, issue, notice.created_at), identity), links
    identity = identity.in_words_for(_language(session, notice))
    if notice.kind in TO_STAFF:
        return render_notice(notice.kind, identity), staff_values(session, notice, settings)
    if notice.kind is NoticeKind.ALERT:
        return render_notice(notice.kind, identity), _alert(notice, settings)
    if notice.kind in BY_ONE_LINK:
        return render_notice(notice.kind, identity), _one_link(notice, settings)
    if notice.subscription_id is None:
        raise ValueError(f"a {notice.kind.value} notice without a subscription")
    return render_notice(notice.kind, identity), _links(notice, settings)


def _language(session: Session, notice: Notice) -> str | None:
    """Whoever runs the newsletter reads English, as the admin is written; a reader, their own."""
    if notice.kind is NoticeKind.ALERT or notice.kind in TO_STAFF:
        return SOURCE
    if notice.subscription_id is None:
        said = notice.payload.get("language")
        return None if said is None else str(said)
    return session.get_one(Subscription, notice.subscription_id).subscriber.language


def _alert(notice: Notice, settings: Settings) -> dict[str, str]:
    page = f"issues/{notice.issue_id}" if notice.issue_id else ""
    return {
        "actionUrl": f"{settings.base_url}/admin/{page}",
        "alertText": " ".join(str(notice.payload["text"]).split()),
    }


def _one_link(notice: Notice, settings: Settings) -> dict[str, str]:
    path = str(notice.payload.get("path", ""))
    if not path.startswith("/"):
        raise ValueError(f"a {notice.kind.value} notice without the path of its link")
    return {"actionUrl": settings.base_url + path}


def _links(notice: Notice, settings: Settings) -> dict[str, str]:
    subscription_id = notice.subscription_id
    assert subscription_id is not None
    # An import's mails wait for their turn; the link is good from then on.
    issued = tokens.stamp(max(notice.created_at, notice.due_at))
    confirm = tokens.sign(settings.secret, "confirm", subscription_id, issued)
    return {
        "actionUrl": f"{settings.base_url}/confirm/{confirm}",
        **reader_links(subscription_id, secret=settings.secret, base_url=settings.base_url),
    }

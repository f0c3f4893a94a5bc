"""Mail to who works here: an invitation, a link for a forgotten password, news of their account.

It goes out under the name of the first newsletter, whose address SES has verified.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.doorbell import Bell, ring
from service.models import DeliveryState, Newsletter, Notice, NoticeKind, User
from service.staff.browsers import browser_of

NOT_AGAIN_WITHIN = timedelta(minutes=5)
"""Whoever types somebody's address all day does not fill their mailbox."""


class News(StrEnum):
    """What somebody is told of their account, so that no thief changes it in silence."""

    CHANGED = "changed"
    """The password."""
    KNOWN = "known"
    """The password: it was given, and wrong codes after it."""
    ADDRESS = "address"
    """Goes to the one that opens it no more."""
    CODES_ON = "codes_on"
    CODES_OFF = "codes_off"


def send_invitation(session: Session, user: User, now: datetime) -> bool:
    """False when there is no newsletter yet, and so nobody that the mail could come from."""
    return _queue(session, NoticeKind.INVITATION, user, now)


def send_password_link(session: Session, user: User, now: datetime) -> bool:
    """As above; False also when one is on its way already. Who never chose a password is
    invited again."""
    kind = NoticeKind.RESET if user.password_hash else NoticeKind.INVITATION
    last = last_link(session, user)
    if last is not None and last.kind is kind and last.created_at > now - NOT_AGAIN_WITHIN:
        return False
    return _queue(session, kind, user, now)


def send_nothing(session: Session) -> None:
    """For an address without an account: a ring for no row changes nothing, and makes the answer
    take as long."""
    ring(session, Bell.NOTICE, 0)


def tell_of_login(session: Session, user: User, user_agent: str | None, now: datetime) -> bool:
    """That a browser which was never seen before logged in."""
    return _queue(session, NoticeKind.LOGIN, user, now, browser=browser_of(user_agent))


def tell(session: Session, user: User, news: News, now: datetime) -> bool:
    """News of their account, whoever made it so."""
    return _queue(session, NoticeKind.ACCOUNT, user, now, news=news.value)


def last_link(session: Session, user: User) -> Notice | None:
    """The latest mail with a link to choose a password, whatever became of it."""
    return session.scalars(
        select(Notice)
        .where(
            Notice.address == user.email,
            Notice.kind.in_((NoticeKind.INVITATION, NoticeKind.RESET)),
        )
        .order_by(Notice.id.desc())
        .limit(1)
    ).one_or_none()


def can_mail(session: Session) -> bool:
    return _sender(session) is not None


def _sender(session: Session) -> int | None:
    return session.scalars(select(Newsletter.id).order_by(Newsletter.id).limit(1)).one_or_none()


def _queue(session: Session, kind: NoticeKind, user: User, now: datetime, **payload: Any) -> bool:
    """The row names the user; the link itself is made when the mail is, and is kept nowhere."""
    newsletter_id = _sender(session)
    if newsletter_id is None:
        return False
    notice = Notice(
        kind=kind,
        newsletter_id=newsletter_id,
        address=user.email,
        payload={"user_id": user.id, **payload},
        state=DeliveryState.QUEUED,
        due_at=now,
        created_at=now,
        changed_at=now,
    )
    session.add(notice)
    session.flush()
    ring(session, Bell.NOTICE, notice.id)
    return True

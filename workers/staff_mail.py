"""What mail to those who work here says. Its links are made here, at the last moment, so that no
row and no backup holds one that opens an account."""

from __future__ import annotations

from sqlalchemy.orm import Session

from service.config import Settings
from service.models import Notice, NoticeKind, User
from service.staff.links import password_path
from service.staff.mails import News

TO_STAFF = {NoticeKind.LOGIN, NoticeKind.ACCOUNT, NoticeKind.INVITATION, NoticeKind.RESET}

SAID = {
    News.CHANGED: "The password of your account was changed.",
    News.KNOWN: "Somebody gave your password, and then five codes that were wrong. "
    "They did not get in.",
    News.ADDRESS: "An owner gave your account another address: this one opens it no more.",
    News.CODES_ON: "Your account asks for codes from an app from now on.",
    News.CODES_OFF: "Codes from an app were turned off: your password alone opens your account.",
}


def staff_values(session: Session, notice: Notice, settings: Settings) -> dict[str, str]:
    """The slots of a mail to staff. ValueError when its account is gone."""
    user = session.get(User, notice.payload["user_id"])
    if user is None or user.removed_at is not None:
        raise ValueError("the account was removed")
    page = f"{settings.base_url}/admin/account"
    at = f"{notice.created_at.day} {notice.created_at:%B %Y, %H:%M} UTC"
    if notice.kind is NoticeKind.LOGIN:
        return {"actionUrl": page, "browser": str(notice.payload["browser"]), "loginAt": at}
    if notice.kind is NoticeKind.ACCOUNT:
        said = SAID[News(notice.payload["news"])]
        return {"actionUrl": page, "news": said, "newsAt": at}
    path = password_path(user, settings.secret, notice.created_at)
    return {"actionUrl": settings.base_url + path}

"""What mail to those who work here says. Its links are made here, at the last moment, so that no
row and no backup holds one that opens an account."""

from __future__ import annotations

from sqlalchemy.orm import Session

from service.config import Settings
from service.models import Notice, NoticeKind, User
from service.staff.links import password_path

TO_STAFF = {NoticeKind.LOGIN, NoticeKind.INVITATION, NoticeKind.RESET}


def staff_values(session: Session, notice: Notice, settings: Settings) -> dict[str, str]:
    """The slots of a mail to staff. ValueError when its account is gone."""
    user = session.get(User, notice.payload["user_id"])
    if user is None or user.removed_at is not None:
        raise ValueError("the account was removed")
    if notice.kind is NoticeKind.LOGIN:
        at = notice.created_at
        return {
            "actionUrl": f"{settings.base_url}/admin/account",
            "browser": str(notice.payload["browser"]),
            "loginAt": f"{at.day} {at:%B %Y, %H:%M} UTC",
        }
    path = password_path(user, settings.secret, notice.created_at)
    return {"actionUrl": settings.base_url + path}

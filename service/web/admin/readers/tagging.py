"""A tag on all who are found, or off them: their exact number is said first."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.audience.search import count_found, readers_found
from service.audience.tags import BadTag, clean_tag, known_tags, tag_all, untag_all
from service.db import read_scope, session_scope
from service.staff.users import audit
from service.web.admin.blueprint import admin
from service.web.admin.readers.seeking import seek, words
from service.web.admin.team.accounts import account, editors_only
from service.web.asking import field, now
from service.web.filters import count


@admin.get("/subscribers/tag")
@editors_only
def tag_found_form() -> str:
    with read_scope() as session:
        return _form(session)


@admin.post("/subscribers/tag")
@editors_only
def tag_found() -> str | Response | tuple[str, int]:
    with session_scope() as session:
        asked, at = seek(session), now()
        if asked.problem:
            return _form(session, asked.problem), 400
        try:
            tag = clean_tag(field("put"))
        except BadTag as error:
            return _form(session, f"{str(error)[:1].upper()}{str(error)[1:]}."), 400
        off = field("how") == "off"
        change = untag_all if off else tag_all
        changed = change(session, readers_found(session, asked.asked, at), tag)
        action = "subscribers.untag" if off else "subscribers.tag"
        whom = words(asked, session) or "everyone"
        audit(session, account().id, action, whom[:200], at, tag=tag, readers=changed)
    done = f"is off {count(changed, 'reader')}" if off else f"is new on {count(changed, 'reader')}"
    flash(f"The tag “{tag}” {done}. All others found are as they were.", "done")
    return redirect(url_for("admin.subscribers", **asked.form), 303)


def _form(session: Session, problem: str = "") -> str:
    asked = seek(session)
    return render_template(
        "admin/readers/tag_found.html",
        seek=asked,
        words=words(asked, session),
        readers=count_found(session, asked.asked, now()),
        tags_in_use=known_tags(session),
        put=field("put"),
        off=field("how") == "off",
        problem=problem or asked.problem,
    )

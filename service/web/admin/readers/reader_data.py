"""A reader's data: taken along whole, proof of consent and all, or deleted at their wish."""

from __future__ import annotations

import json

from flask import Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from service.audience.erasure import erase
from service.audience.my_data import everything_about
from service.db import read_scope, session_scope
from service.web.admin.blueprint import admin
from service.web.admin.readers.reader_changes import READER, note, reader_or_404
from service.web.admin.team.accounts import editors_only
from service.web.admin.team.proving import recently_proved
from service.web.asking import now


@admin.get(f"{READER}/data.json")
@editors_only
def reader_data(subscriber_id: int) -> Response:
    """All that is kept of one reader, as they would get it themselves."""
    with session_scope() as session:
        person = reader_or_404(session, subscriber_id)
        said = everything_about(session, person, now())
        note(session, subscriber_id, "reader.export")
    answer = Response(json.dumps(said, indent=2, ensure_ascii=False), mimetype="application/json")
    name = f"reader-{subscriber_id}.json"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@admin.get(f"{READER}/delete")
@editors_only
def delete_reader_form(subscriber_id: int) -> str:
    with read_scope() as session:
        person = reader_or_404(session, subscriber_id)
        return render_template("admin/readers/delete_reader.html", subscriber=person)


@admin.post(f"{READER}/delete")
@editors_only
@recently_proved
def delete_reader(subscriber_id: int) -> ResponseReturnValue:
    with session_scope() as session:
        erase(session, reader_or_404(session, subscriber_id), now())
        note(session, subscriber_id, "reader.delete")
    flash("Their data are deleted. What proves that they agreed and left stays, by a hash.", "done")
    return redirect(url_for("admin.subscribers"), 303)

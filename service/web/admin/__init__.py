"""What editors and owners see: everything here needs a login."""

from __future__ import annotations

from flask import Blueprint
from flask_login import current_user

from service.web.admin.accounts import ask_for_login

admin = Blueprint("admin", __name__, url_prefix="/admin")
admin.before_request(ask_for_login)
admin.context_processor(lambda: {"current_user": current_user})

# The views hang themselves on the blueprint.
from service.web.admin import (  # noqa: E402
    adding,
    audit,
    compose,
    control,
    copies,
    correcting,
    desk,
    drafting,
    home,
    import_steps,
    imports,
    installation,
    issues,
    login,
    look,
    making,
    opml,
    own_account,
    own_codes,
    passwords,
    preview,
    reader,
    reader_changes,
    reader_choices,
    reader_data,
    recipients,
    report,
    section_settings,
    segmenting,
    sending,
    settings,
    source_form,
    sources,
    subscribers,
    tagging,
    tokens,
    users,
    webhooks,
)

__all__ = [
    "adding",
    "admin",
    "audit",
    "compose",
    "control",
    "copies",
    "correcting",
    "desk",
    "drafting",
    "home",
    "import_steps",
    "imports",
    "installation",
    "issues",
    "login",
    "look",
    "making",
    "opml",
    "own_account",
    "own_codes",
    "passwords",
    "preview",
    "reader",
    "reader_changes",
    "reader_choices",
    "reader_data",
    "recipients",
    "report",
    "section_settings",
    "segmenting",
    "sending",
    "settings",
    "source_form",
    "sources",
    "subscribers",
    "tagging",
    "tokens",
    "users",
    "webhooks",
]

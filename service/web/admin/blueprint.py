"""The blueprint that the views hang themselves on: everything under it needs a login."""

from __future__ import annotations

from flask import Blueprint
from flask_login import current_user

from service.web.admin.team.accounts import ask_for_login

admin = Blueprint("admin", __name__, url_prefix="/admin")
admin.before_request(ask_for_login)
admin.context_processor(lambda: {"current_user": current_user})

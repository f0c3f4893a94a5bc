"""The blueprint that the views hang themselves on."""

from __future__ import annotations

from flask import Blueprint

public = Blueprint("public", __name__)

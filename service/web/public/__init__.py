"""What anyone may see, and what a reader does with the links in their mail."""

from __future__ import annotations

from flask import Blueprint

public = Blueprint("public", __name__)

# The views hang themselves on the blueprint.
from service.web.public import (  # noqa: E402
    address,
    archive,
    confirm,
    feeds,
    landing,
    my_data,
    preferences,
    sign_up,
    test_copy,
    unsubscribe,
)

__all__ = [
    "address",
    "archive",
    "confirm",
    "feeds",
    "landing",
    "my_data",
    "preferences",
    "public",
    "sign_up",
    "test_copy",
    "unsubscribe",
]

"""What anyone may see, and what a reader does with the links in their mail."""

from __future__ import annotations

# Each hangs its views on the blueprint.
from service.web.public import (
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
from service.web.public.blueprint import public

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

"""``/api/v1``: what a program may do here with a token.

``doors`` is the way of every request, the modules beside it the resources, ``document`` what the
OpenAPI document says of them. Everything is done by the functions that the pages call.
"""

from __future__ import annotations

# Each hangs its views on the blueprint.
from service.web.api import (
    copies,
    enrolling,
    issues,
    newsletters,
    reading,
    sending,
    stats,
    steps,
    subscribers,
    subscriptions,
    suppressions,
)
from service.web.api.blueprint import api

__all__ = [
    "api",
    "copies",
    "enrolling",
    "issues",
    "newsletters",
    "reading",
    "sending",
    "stats",
    "steps",
    "subscribers",
    "subscriptions",
    "suppressions",
]

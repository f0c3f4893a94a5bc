"""The sample that stands beside each message's templates, as values."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from service.models.document import Document
from service.rendering.issue import Identity
from service.rendering.theme import load_theme

NONCE = "5f3a9c0de1b24788"


def sample(message: str) -> dict[str, Any]:
    path = files("email_templates").joinpath(message, "sample.json")
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def sample_document(message: str = "daily") -> Document:
    return Document.model_validate(sample(message)["document"])


def sample_identity(message: str = "daily") -> Identity:
    given = sample(message)["identity"]
    return Identity(**{**given, "timezone": ZoneInfo(given["timezone"])}, theme=load_theme({}))

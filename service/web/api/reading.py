"""The document for programs, and a page of our own for people."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flask import Blueprint, Response, jsonify, render_template

from service.config import settings
from service.staff.tokens import EXPLAINED
from service.web.api.blueprint import api
from service.web.api.document import document_of
from service.web.api.outline import outline_of, shapes_of
from service.web.problems import ADVICE, KINDS

reading = Blueprint("api_reading", __name__, url_prefix="/api/v1")


@lru_cache(maxsize=1)
def document(base_url: str) -> dict[str, Any]:
    return document_of(api, base_url)


@reading.get("/openapi.json")
def openapi() -> Response:
    """For programs that write programs; the same for everybody."""
    response = jsonify(document(settings().base_url))
    response.cache_control.public = True
    response.cache_control.max_age = 300
    return response


@reading.get("/docs")
def docs() -> str:
    said = document(settings().base_url)
    return render_template(
        "api/docs.html",
        parts=outline_of(said),
        shapes=shapes_of(said),
        scopes=EXPLAINED,
        kinds=KINDS,
        advice=ADVICE,
        base_url=settings().base_url,
    )

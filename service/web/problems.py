"""What went wrong, as ``application/problem+json`` (RFC 9457): which field, and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import structlog
from flask import Response, request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from werkzeug.exceptions import HTTPException, InternalServerError

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
ABOUT = "/api/v1/docs#problem-"
"""A problem's ``type`` leads to the words about it."""


@dataclass(frozen=True)
class Kind:
    """A problem that programs may tell from others, by the last word of its ``type``."""

    name: str
    status: int
    title: str


UNREADABLE = Kind("unreadable", 400, "The request cannot be read")
NO_TOKEN = Kind("no-token", 401, "A token is needed")
NOT_ALLOWED = Kind("not-allowed", 403, "This token may not do that")
NOT_FOUND = Kind("not-found", 404, "There is nothing here")
NO_SUCH_METHOD = Kind("no-such-method", 405, "This address takes no such request")
NOT_POSSIBLE = Kind("not-possible", 409, "That is not possible as things stand")
AUDIENCE_CHANGED = Kind("audience-changed", 409, "The audience is not the expected one")
UNDER_WAY = Kind("under-way", 409, "The first request with this key is still under way")
CHANGED_MEANWHILE = Kind("changed-meanwhile", 412, "It was changed meanwhile")
TOO_LARGE = Kind("too-large", 413, "That is too large")
NOT_JSON = Kind("not-json", 415, "Send JSON")
INVALID = Kind("invalid", 422, "Some of it cannot be accepted")
KEY_USED = Kind("key-used", 422, "This key was used for another request")
TOO_MANY = Kind("too-many", 429, "Too many requests")
BROKEN = Kind("broken", 500, "Something broke on our side")

KINDS = (
    UNREADABLE,
    NO_TOKEN,
    NOT_ALLOWED,
    NOT_FOUND,
    NO_SUCH_METHOD,
    NOT_POSSIBLE,
    AUDIENCE_CHANGED,
    UNDER_WAY,
    CHANGED_MEANWHILE,
    TOO_LARGE,
    NOT_JSON,
    INVALID,
    KEY_USED,
    TOO_MANY,
    BROKEN,
)

ADVICE: dict[str, str] = {
    "unreadable": "The body is not JSON, or a header is malformed.",
    "no-token": "Send “Authorization: Bearer” and a token. An owner makes one under API tokens.",
    "not-allowed": "The token lacks the scope that the request needs. Make one that has it.",
    "not-found": "The address or the id in it is wrong, or what it named was deleted.",
    "no-such-method": "The header Allow names the methods that this address takes.",
    "not-possible": "The state of things does not allow it; the detail says which does.",
    "audience-changed": "Readers joined or left. Ask for the audience again, then send.",
    "under-way": "Wait for a moment and repeat the request with the same key.",
    "changed-meanwhile": "Read it again, and send your change with the new ETag in If-Match.",
    "too-large": "A body may have 1 MiB.",
    "not-json": "Send the header “Content-Type: application/json”.",
    "invalid": "Each of the errors names a field and what to do about it.",
    "key-used": "Use a new Idempotency-Key for each new request.",
    "too-many": "Wait for as many seconds as Retry-After says.",
    "broken": "It has been noted. Try again in a while, with the same Idempotency-Key.",
}


class FieldError(BaseModel):
    """What is wrong with one field of the request."""

    model_config = ConfigDict(extra="forbid")

    field: str = Field(description="Path to the field, such as `tags.0`.")
    message: str


class ProblemDetails(BaseModel):
    """What went wrong and what to do about it (RFC 9457)."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(description="Tells problems apart; leads to words about it.")
    title: str
    status: int
    detail: str
    errors: list[FieldError] = Field(description="By field, where it is about fields.")


class Problem(Exception):
    """Ends a request; nothing that it did is kept."""

    def __init__(
        self,
        kind: Kind,
        detail: str = "",
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail or kind.title)
        self.kind = kind
        self.detail = detail or ADVICE[kind.name]
        self.errors = list(errors)
        self.headers = dict(headers or {})

    def response(self) -> Response:
        said = ProblemDetails(
            type=f"{ABOUT}{self.kind.name}",
            title=self.kind.title,
            status=self.kind.status,
            detail=self.detail,
            errors=self.errors,
        )
        return Response(
            said.model_dump_json(),
            status=self.kind.status,
            content_type=MEDIA_TYPE,
            headers=self.headers,
        )


def bad_field(field: str, message: object) -> Problem:
    """One field is wrong in a way that its schema cannot say."""
    said = str(message)
    return Problem(INVALID, f"{field}: {said}", errors=[FieldError(field=field, message=said)])


def invalid(error: ValidationError, where: str = "") -> Problem:
    """What a model refused, field by field."""
    errors = [
        FieldError(field=_path(one["loc"]) or where, message=_sentence(one))
        for one in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    first = errors[0]
    return Problem(INVALID, f"{first.field}: {first.message}", errors=errors)


def _path(loc: tuple[int | str, ...]) -> str:
    return ".".join(str(step) for step in loc)


def _sentence(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        return "There is no such field here: leave it out, or look for how it is spelled."
    if error["type"] == "missing":
        return "This field is needed."
    said = str(error["msg"]).removeprefix("Value error, ")
    return said if said.endswith((".", "!", "?")) else f"{said}."


def by_status(error: HTTPException) -> Response:
    """The problem that stands for what routing or reading the request raised."""
    status = error.code or 500
    kind = next((kind for kind in KINDS if kind.status == status), None)
    if kind is None:
        phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Error"
        kind = Kind(UNREADABLE.name if status < 500 else BROKEN.name, status, phrase)
    if isinstance(error, InternalServerError):
        log.error("api.failed", route=str(request.url_rule), exc_info=error.original_exception)
    headers = {}
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
    return Problem(kind, headers=headers).response()


def is_ours() -> bool:
    """Whether the request is to the API, so that its errors are for a program."""
    return request.path.startswith("/api/")

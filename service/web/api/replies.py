"""What a view answers, and how it goes over the wire."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from flask import Response, request
from pydantic import BaseModel

from service.web.problems import CHANGED_MEANWHILE, Problem

JSON = "application/json"


@dataclass(frozen=True)
class Reply:
    """``value`` None is an empty answer. *location* is the address of what was made."""

    value: BaseModel | None
    status: int = 200
    location: str | None = None
    tagged: bool = False
    """It has an ETag, by which a change can say what it was made of."""


def response_of(reply: Reply) -> Response:
    """The response; a 304 where the asker has it already."""
    if reply.value is None:
        return Response(status=204)
    response = Response(reply.value.model_dump_json(), status=reply.status, content_type=JSON)
    if reply.location is not None:
        response.headers["Location"] = reply.location
    if reply.tagged:
        response.set_etag(etag_of(reply.value))
        if reply.status == 200 and request.method in {"GET", "HEAD"}:
            response.make_conditional(request)
    return response


def etag_of(value: BaseModel) -> str:
    return hashlib.sha256(value.model_dump_json().encode()).hexdigest()[:32]


def require_unchanged(value: BaseModel) -> None:
    """412 when the request was made of another state than *value* (``If-Match``, RFC 9110).

    A weak tag will do: ours are of the value and not of its bytes, and a proxy that compresses
    makes each of them weak.
    """
    if request.if_match and not request.if_match.contains_weak(etag_of(value)):
        raise Problem(CHANGED_MEANWHILE)

"""The OpenAPI 3.1 document of what hangs on the blueprint."""

from __future__ import annotations

from typing import Any

from flask_openapi3.models import APISpec
from flask_openapi3.models.components import Components
from flask_openapi3.models.info import Info
from flask_openapi3.models.server import Server
from pydantic import BaseModel

from service.web.api.doors import Api
from service.web.api.once import HEADER
from service.web.problems import ProblemDetails

ABOUT = """\
What a program may do with a Broadsheet installation. Every request carries a token
(`Authorization: Bearer bsk_…`), which an owner makes under *API tokens*.

Bodies are JSON. Errors are `application/problem+json` (RFC 9457) and name the fields they are
about. A POST with an `Idempotency-Key` is done once, however often it is sent within 24 hours.
Lists come in pages: give the `next` of one as the `cursor` of the following.
"""

ORDER = ("Newsletters", "Subscribers", "Subscriptions", "Issues", "Suppressions", "Stats")
"""Of the tags."""

KEY_PARAMETER = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Any text of your own; the same request with the same key is done once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}

MATCH_PARAMETER = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of what you change; 412 when it is not that any more.",
    "schema": {"type": "string"},
}


def document_of(api: Api, base_url: str) -> dict[str, Any]:
    """The document as JSON values."""
    spec = APISpec(
        openapi="3.1.0",
        info=Info(title="Broadsheet", version="1", description=ABOUT),
        servers=[Server(url=base_url)],
        tags=sorted(api.tags, key=lambda tag: ORDER.index(tag.name)),
        paths=api.paths,
        components=Components(schemas=api.components_schemas),
    )
    said: dict[str, Any] = spec.model_dump(
        mode="json", by_alias=True, exclude_unset=True, warnings=False
    )
    schemas = {
        **said["components"].get("schemas", {}),
        **_schemas(ProblemDetails),
    }
    said["components"]["schemas"] = {name: _plain(schemas[name]) for name in sorted(schemas)}
    said["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    for item in said["paths"].values():
        for method, operation in item.items():
            _add_headers(method, operation)
    return said


def _add_headers(method: str, operation: dict[str, Any]) -> None:
    parameters = operation.setdefault("parameters", [])
    if method == "post":
        parameters.append(KEY_PARAMETER)
    if "412" in operation["responses"]:
        parameters.append(MATCH_PARAMETER)


def _schemas(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    inner: dict[str, Any] = schema.pop("$defs", {})
    return {**inner, model.__name__: schema}


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """A component without the copies of others that pydantic puts into it."""
    return {name: value for name, value in schema.items() if name != "$defs"}

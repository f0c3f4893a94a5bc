"""A request as one would type it, made up from what the OpenAPI document says of it. Pure."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

IN_PATH = {"newsletter": "the-report", "tag": "customer"}
NUMBER = "12"
BY_NAME: dict[str, Any] = {
    "newsletter": "the-report",
    "subject": "A note from the desk",
    "markdown": "Good *morning*.",
    "reason": "The numbers were wrong.",
    "why": "Wrote again and asked for it.",
    "detail": "Asked by letter.",
    "expected_audience": 4120,
}
BY_FORMAT: dict[str, Any] = {
    "email": "ann@example.org",
    "date": "2026-11-22",
    "date-time": "2026-11-22T07:00:00Z",
}
BY_TYPE: dict[str, Any] = {"integer": 1, "boolean": True, "object": {}, "string": "some words"}


def command(method: str, path: str, base_url: str, body: Any) -> str:
    """The request for ``curl``; *body* None is a request without one."""
    address = re.sub(r"\{(\w+)\}", lambda name: IN_PATH.get(name[1], NUMBER), base_url + path)
    lines = [f"curl {'' if method == 'GET' else f'-X {method} '}{address}"]
    lines.append('  -H "Authorization: Bearer bsk_…"')
    if body is not None:
        lines.append('  -H "Content-Type: application/json"')
        lines.append(f"  -d {shlex.quote(json.dumps(body, ensure_ascii=False))}")
    return " \\\n".join(lines)


def body_of(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """What must be given, or one field of what may be."""
    fields = schema.get("properties", {})
    names = schema.get("required") or list(fields)[:1]
    return {name: _value(name, fields[name], schemas) for name in names}


def _value(name: str, schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    if given := schema.get("examples") or schema.get("enum"):
        return given[0]
    if name in BY_NAME:
        return BY_NAME[name]
    if reference := schema.get("$ref"):
        return _value(name, schemas[reference.rpartition("/")[2]], schemas)
    if "anyOf" in schema:
        return _value(name, schema["anyOf"][0], schemas)
    if schema.get("type") == "array":
        return [_value("", schema["items"], schemas)]
    return BY_FORMAT.get(schema.get("format", "")) or BY_TYPE[schema["type"]]

"""The OpenAPI document as a page shows it: by part, each operation with its fields. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from service.web.api.sample import body_of, command
from service.web.problems import KINDS, Kind

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Field:
    name: str
    kind: str
    shape: str
    """Name of the shape that its kind names; '' for none."""
    needed: bool
    said: str


@dataclass(frozen=True)
class Answer:
    status: str
    said: str
    shape: str
    """Name of the shape; '' for none."""


@dataclass(frozen=True)
class Operation:
    name: str
    method: str
    path: str
    summary: str
    said: list[str]
    """Paragraphs."""
    sample: str
    parameters: list[Field]
    fields: list[Field]
    """Of the body."""
    answers: list[Answer]
    problems: list[Kind]


@dataclass(frozen=True)
class Named:
    """A shape by its name."""

    name: str
    said: str
    fields: list[Field]


@dataclass(frozen=True)
class Part:
    name: str
    said: str
    operations: list[Operation]


def outline_of(document: dict[str, Any]) -> list[Part]:
    schemas = document["components"]["schemas"]
    base_url = document["servers"][0]["url"]
    found: dict[str, list[Operation]] = {tag["name"]: [] for tag in document["tags"]}
    for path, item in document["paths"].items():
        for method in METHODS:
            if operation := item.get(method):
                one = _operation(path, method, operation, schemas, base_url)
                found[operation["tags"][0]].append(one)
    return [
        Part(tag["name"], tag.get("description", ""), found[tag["name"]])
        for tag in document["tags"]
    ]


def shapes_of(document: dict[str, Any]) -> list[Named]:
    """Every shape that has fields, by name."""
    schemas = document["components"]["schemas"]
    return [
        Named(name, schema.get("description", ""), fields_of(schema, schemas))
        for name, schema in schemas.items()
        if schema.get("properties")
    ]


def _operation(
    path: str, method: str, operation: dict[str, Any], schemas: dict[str, Any], base_url: str
) -> Operation:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    body = schemas[name_of(content["schema"])] if content else None
    answers = sorted(operation["responses"].items())
    return Operation(
        name=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        said=[part for part in operation.get("description", "").split("\n\n") if part],
        sample=command(
            method.upper(), path, base_url, None if body is None else body_of(body, schemas)
        ),
        parameters=[
            _field(
                one["name"],
                {"description": one.get("description", ""), **one["schema"]},
                bool(one.get("required")),
                schemas,
            )
            for one in operation.get("parameters", [])
        ],
        fields=[] if body is None else fields_of(body, schemas),
        answers=[
            Answer(status, answer.get("description", ""), _shape_of(answer))
            for status, answer in answers
            if status < "400"
        ],
        problems=[
            kind
            for status, answer in answers
            for kind in KINDS
            if str(kind.status) == status and kind.title in answer["description"].split("; ")
        ],
    )


def fields_of(schema: dict[str, Any], schemas: dict[str, Any]) -> list[Field]:
    needed = set(schema.get("required", []))
    return [
        _field(name, one, name in needed, schemas)
        for name, one in schema.get("properties", {}).items()
    ]


def _field(name: str, schema: dict[str, Any], needed: bool, schemas: dict[str, Any]) -> Field:
    kind = kind_of(schema, schemas)
    shape = next((word for word in kind.split() if word in schemas), "")
    return Field(name, kind, shape, needed, schema.get("description", ""))


def kind_of(schema: dict[str, Any], schemas: dict[str, Any]) -> str:
    """A schema in a few words: ``string``, ``integer or null``, ``list of SectionShown``."""
    if name := name_of(schema):
        # The values say more than the name that they have together.
        return kind_of(schemas[name], schemas) if "enum" in schemas[name] else name
    if "anyOf" in schema:
        return " or ".join(kind_of(one, schemas) for one in schema["anyOf"])
    if "const" in schema:
        return str(schema["const"]).lower()
    if "enum" in schema:
        return " | ".join(str(one) for one in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {kind_of(schema.get('items', {}), schemas)}"
    kind = str(schema.get("type", "any"))
    return f"{kind} ({schema['format']})" if "format" in schema else kind


def name_of(schema: dict[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _shape_of(answer: dict[str, Any]) -> str:
    content = answer.get("content", {})
    return next((name_of(one.get("schema", {})) for one in content.values()), "")

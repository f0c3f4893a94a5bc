"""The OpenAPI document as a page shows it: by part, each operation with its fields. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Field:
    name: str
    kind: str
    needed: bool
    said: str


@dataclass(frozen=True)
class Answer:
    status: str
    said: str
    kind: str
    """Name of the shape; '' for none."""


@dataclass(frozen=True)
class Operation:
    name: str
    method: str
    path: str
    summary: str
    said: list[str]
    """Paragraphs."""
    parameters: list[Field]
    body: str
    """Name of the shape; '' for none."""
    fields: list[Field]
    answers: list[Answer]


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
    found: dict[str, list[Operation]] = {tag["name"]: [] for tag in document["tags"]}
    for path, item in document["paths"].items():
        for method in METHODS:
            if operation := item.get(method):
                found[operation["tags"][0]].append(_operation(path, method, operation, schemas))
    return [
        Part(tag["name"], tag.get("description", ""), found[tag["name"]])
        for tag in document["tags"]
    ]


def shapes_of(document: dict[str, Any]) -> list[Named]:
    """Every shape that has fields, by name."""
    return [
        Named(name, schema.get("description", ""), fields_of(schema))
        for name, schema in document["components"]["schemas"].items()
        if schema.get("properties")
    ]


def _operation(
    path: str, method: str, operation: dict[str, Any], schemas: dict[str, Any]
) -> Operation:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    shape = name_of(body.get("schema", {}))
    return Operation(
        name=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        said=[part for part in operation.get("description", "").split("\n\n") if part],
        parameters=[
            Field(
                one["name"],
                kind_of(one["schema"]),
                bool(one.get("required")),
                one.get("description") or one["schema"].get("description", ""),
            )
            for one in operation.get("parameters", [])
        ],
        body=shape,
        fields=fields_of(schemas[shape]) if shape else [],
        answers=[
            Answer(status, answer.get("description", ""), _answer(answer))
            for status, answer in sorted(operation["responses"].items())
        ],
    )


def fields_of(schema: dict[str, Any]) -> list[Field]:
    needed = set(schema.get("required", []))
    return [
        Field(name, kind_of(one), name in needed, one.get("description", ""))
        for name, one in schema.get("properties", {}).items()
    ]


def kind_of(schema: dict[str, Any]) -> str:
    """A schema in a few words: ``string``, ``integer or null``, ``list of SectionShown``."""
    if name := name_of(schema):
        return name
    if "anyOf" in schema:
        return " or ".join(kind_of(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(str(one) for one in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {kind_of(schema.get('items', {}))}"
    kind = str(schema.get("type", "any"))
    return f"{kind} ({schema['format']})" if "format" in schema else kind


def name_of(schema: dict[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _answer(answer: dict[str, Any]) -> str:
    content = answer.get("content", {})
    return next((name_of(one.get("schema", {})) for one in content.values()), "")

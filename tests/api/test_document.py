"""The OpenAPI document against the API: programs written by it must work.

schemathesis makes requests from the document, good ones and bad ones, and holds each answer
against what the document says of it.
"""

from __future__ import annotations

import json
import shlex
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest
import schemathesis
from flask import Flask
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from redis import Redis
from schemathesis.config import (
    ChecksConfig,
    GenerationConfig,
    PositiveDataAcceptanceConfig,
    ProjectConfig,
    ProjectsConfig,
    SchemathesisConfig,
)
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder
from werkzeug.serving import WSGIRequestHandler, make_server

from service import config
from service.audience.addresses import parse_address
from service.audience.joining import Reader, add_confirmed
from service.db import session_scope
from service.issues.approve import compose_manual
from service.models import Newsletter
from service.web.api import api, copies
from service.web.api.document import document_of
from service.web.api.outline import outline_of, shapes_of
from tests.api.conftest import Program, one_database

EXAMPLES = 15
"""Of each operation and phase."""

SEED = 20261121

ACCEPTED = PositiveDataAcceptanceConfig(
    # What a schema cannot say: which newsletters and tags there are, that a moment is to come,
    # that an ETag is that of the row, that a key was used before.
    expected_statuses=["2xx", "404", "409", "412", "422"]
)


@pytest.fixture
def something(newsletter: Newsletter, now: datetime) -> None:
    """A few rows, so that some of what is asked for is there."""
    with session_scope() as session:
        found = session.get_one(Newsletter, newsletter.id)
        for name in ("ann", "ben", "cem"):
            add_confirmed(session, found, Reader(parse_address(f"{name}@example.org")), now)
        compose_manual(session, found, "A note", "Good *morning*.", now)


def test_it_is_a_valid_openapi_document() -> None:
    validate(document_of(api, "https://news.example.org"))


def test_it_shows_samples_that_the_document_allows() -> None:
    document = document_of(api, "https://news.example.org")
    shown = {one.name: one for part in outline_of(document) for one in part.operations}
    tried = set()
    for item in document["paths"].values():
        for operation in item.values():
            sample = shlex.split(shown[operation["operationId"]].sample.replace("\\\n", ""))
            assert sample[0] == "curl"
            if body := operation.get("requestBody"):
                schema = body["content"]["application/json"]["schema"]
                Draft202012Validator({**schema, "components": document["components"]}).validate(
                    json.loads(sample[-1])
                )
                tried.add(operation["operationId"])
    assert {"create_subscriber", "create_issue", "send_issue", "lift_suppression"} <= tried


def test_it_shows_the_values_of_a_field_and_not_the_name_of_their_list() -> None:
    shapes = {one.name: one for one in shapes_of(document_of(api, "https://news.example.org"))}
    kinds = {field.name: (field.kind, field.shape) for field in shapes["SegmentAsked"].fields}
    assert kinds["cadences"] == ("list of daily | weekdays | weekly", "")
    asked = {field.name: field for field in shapes["NewIssue"].fields}
    assert (asked["segment"].kind, asked["segment"].shape) == (
        "SegmentAsked or null",
        "SegmentAsked",
    )
    assert asked["subject"].needed


@one_database
@pytest.mark.timeout(300)
def test_it_answers_whatever_is_asked_as_the_document_says(
    redis: Redis,
    app: Flask,
    something: None,
    program: Program,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BROADSHEET_API_RATE", "1000000")
    for limit in ("ADDRESS", "DOMAIN", "NETWORK"):
        monkeypatch.setenv(f"BROADSHEET_SIGN_UPS_PER_{limit}", "0")
    monkeypatch.setattr(copies, "MOST_IN_AN_HOUR", 0)
    config.settings.cache_clear()
    app.testing = False  # what breaks is answered with a 500, as it would be
    with listening(app) as base:
        told, asked = run(base, program)
    assert not told, "\n\n".join(told)
    document = app.test_client().get("/api/v1/openapi.json").json
    assert document
    operations = {
        f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item
    }
    assert {label for label, _ in asked} == operations
    worked = {label for label, answered in asked if answered == 2}
    assert len(worked) > 0.8 * len(operations), sorted(operations - worked)


@contextmanager
def listening(app: Flask) -> Iterator[str]:
    """The application on a socket; its address."""
    server = make_server("127.0.0.1", 0, app, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        return


def run(base: str, program: Program) -> tuple[list[str], Counter[tuple[str, int]]]:
    """What schemathesis finds wrong, in words, and each operation's answers by hundred."""
    project = ProjectConfig(
        headers={"Authorization": f"Bearer {program.token}"},
        continue_on_failure=True,
        generation=GenerationConfig(max_examples=EXAMPLES, deterministic=True, no_shrink=True),
        checks=ChecksConfig(positive_data_acceptance=ACCEPTED),
        base_url=base,
    )
    schema = schemathesis.openapi.from_url(
        f"{base}/api/v1/openapi.json",
        config=SchemathesisConfig(seed=SEED, projects=ProjectsConfig(default=project)),
    )
    told: dict[str, str] = {}
    asked: Counter[tuple[str, int]] = Counter()
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError):
            told[f"{event.label} {event.value!r}"] = f"{event.label}: {event.value!r}"
        if isinstance(event, events.FatalError):
            raise event.exception
        if isinstance(event, events.ScenarioFinished):
            asked.update(
                (case.value.operation.label, answer.response.status_code // 100)
                for number, case in event.recorder.cases.items()
                if (answer := event.recorder.interactions.get(number)) and answer.response
            )
            told.update(failures(event.recorder))
    return list(told.values()), asked


def failures(recorder: ScenarioRecorder) -> dict[str, str]:
    """By operation and check: the words about what it held against an answer."""
    return {
        f"{recorder.label} {check.name} {failed.failure.title}": (
            f"{recorder.label}: {check.name}: {failed.failure.title}\n"
            f"{failed.failure.message}\n{failed.code_sample}"
        )
        for checks in recorder.checks.values()
        for check in checks
        if (failed := check.failure_info) is not None
    }

"""The one way into the API: what happens to each request, in its order.

Who asks (401); not too often (429); may they (403); what is asked, read strictly (400, 413, 415,
422); once only where a key says so (409, 422); then the view, in one transaction. A view is a
function of ``session`` and of what it declares: ``path``, ``query`` and ``body``, each a model of
pydantic. Its declaration is also its part of the OpenAPI document.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar, get_type_hints

from flask import Request, Response, g, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ValidationError

from service.db import read_scope, session_scope
from service.staff.tokens import Scope
from service.web.again import once_more
from service.web.api import once, rates
from service.web.api.callers import caller_of, insist_on
from service.web.api.replies import Reply, response_of
from service.web.asking import now
from service.web.problems import (
    BROKEN,
    INVALID,
    MEDIA_TYPE,
    NO_TOKEN,
    NOT_ALLOWED,
    NOT_FOUND,
    NOT_JSON,
    TOO_LARGE,
    TOO_MANY,
    UNDER_WAY,
    UNREADABLE,
    FieldError,
    Kind,
    Problem,
    invalid,
)

LARGEST_BODY = 1024 * 1024
READING = frozenset({"GET", "HEAD"})

View = TypeVar("View", bound=Callable[..., Reply])


@dataclass(frozen=True)
class Shape:
    """What a view takes."""

    path: type[BaseModel] | None
    query: type[BaseModel] | None
    body: type[BaseModel] | None

    @classmethod
    def of(cls, view: Callable[..., Reply]) -> Shape:
        hints = get_type_hints(view)
        return cls(hints.get("path"), hints.get("query"), hints.get("body"))


class Api(APIBlueprint):
    """A blueprint whose routes name the scope that they need and all that they may answer."""

    def at(
        self,
        asked: str,
        *,
        tag: Tag,
        needs: Scope,
        answers: Mapping[int, type[BaseModel] | None],
        fails: Sequence[Kind] = (),
    ) -> Callable[[View], View]:
        """Answer *asked*, such as ``GET /newsletters``, as the view below does.

        *fails* are the problems besides those that any such request may end with.
        """
        method, _, rule = asked.partition(" ")

        def hang(view: View) -> View:
            summary, _, description = (inspect.getdoc(view) or "").partition("\n\n")
            shape = Shape.of(view)
            register = getattr(self, method.lower())
            register(
                rule,
                tags=[tag],
                summary=" ".join(summary.split()),
                description=_described(description, needs),
                operation_id=view.__name__,
                security=[{"token": []}],
                responses={
                    **{str(status): model for status, model in answers.items()},
                    **_failures([*_usual(method, shape), *fails]),
                },
            )(_guarded(view, shape, needs))
            return view

        return hang


def _guarded(view: Callable[..., Reply], shape: Shape, needs: Scope) -> Callable[..., Response]:
    @once_more
    def done(given: Mapping[str, BaseModel], claim: once.Claim | None = None) -> Response:
        with session_scope() as session:
            response = response_of(view(session=session, **given))
            if claim is not None:
                once.keep(session, claim, response)
        return response

    @wraps(view)
    def answer(**in_path: Any) -> Response:
        at = now()
        caller = caller_of(request, at)
        g.caller = caller
        g.rate = rates.count(caller.token_id, at)
        if g.rate is not None and g.rate.over:
            raise Problem(TOO_MANY, headers={"Retry-After": str(g.rate.seconds)})
        insist_on(caller, needs)
        given = _read(request, shape, in_path)
        if request.method in READING:
            with read_scope() as session:
                return response_of(view(session=session, **given))
        key = once.key_of(request) if request.method == "POST" else None
        if key is None:
            return done(given)
        with once.claimed(caller.token_id, key, once.fingerprint(request), at) as claim:
            return claim.answer or done(given, claim)

    # flask-openapi3's own mark of a view that reads its request by itself.
    vars(answer)["__delay_validate_request__"] = True
    return answer


def _read(request: Request, shape: Shape, in_path: Mapping[str, Any]) -> dict[str, BaseModel]:
    """The view's arguments; raises a :class:`Problem` that names what is wrong."""
    given: dict[str, BaseModel] = {}
    if shape.path is not None:
        try:
            given["path"] = shape.path.model_validate(in_path)
        except ValidationError as error:
            raise Problem(NOT_FOUND) from error
    asked = request.args
    if shape.query is not None:
        if twice := [name for name in asked if len(asked.getlist(name)) > 1]:
            raise Problem(
                INVALID, errors=[FieldError(field=name, message="Give it once.") for name in twice]
            )
        try:
            given["query"] = shape.query.model_validate(asked.to_dict())
        except ValidationError as error:
            raise invalid(error) from error
    if shape.body is not None:
        given["body"] = _body(request, shape.body)
    return given


def _body(request: Request, model: type[BaseModel]) -> BaseModel:
    if request.mimetype != "application/json":
        raise Problem(NOT_JSON)
    request.max_content_length = LARGEST_BODY
    try:
        return model.model_validate_json(request.get_data(), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "json_invalid":
            raise Problem(UNREADABLE, f"The body is not JSON: {first['msg']}.") from error
        raise invalid(error, "body") from error


def _usual(method: str, shape: Shape) -> list[Kind]:
    """The problems that any such request may end with."""
    kinds = [NO_TOKEN, NOT_ALLOWED, TOO_MANY, BROKEN]
    if shape.path is not None:
        kinds.append(NOT_FOUND)
    if shape.query is not None or shape.body is not None:
        kinds.append(INVALID)
    if shape.body is not None:
        kinds += [UNREADABLE, TOO_LARGE, NOT_JSON]
    if method == "POST":
        kinds += [UNREADABLE, UNDER_WAY, INVALID]
    return kinds


def _failures(kinds: Sequence[Kind]) -> dict[str, Any]:
    """The OpenAPI response objects for *kinds*, one a status."""
    titles: dict[int, list[str]] = {}
    for kind in kinds:
        said = titles.setdefault(kind.status, [])
        if kind.title not in said:
            said.append(kind.title)
    schema = {"$ref": "#/components/schemas/ProblemDetails"}
    return {
        str(status): {
            "description": "; ".join(said),
            "content": {MEDIA_TYPE: {"schema": dict(schema)}},
        }
        for status, said in sorted(titles.items())
    }


def _described(text: str, needs: Scope) -> str:
    return "\n\n".join(part for part in (text.strip(), f"Needs the scope `{needs.value}`.") if part)

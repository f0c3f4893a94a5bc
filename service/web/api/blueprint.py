"""The blueprint that the views hang themselves on, and the parts of the API."""

from __future__ import annotations

from flask import Response, g
from flask_openapi3.models.tag import Tag
from werkzeug.exceptions import HTTPException

from service.web.api.doors import Api
from service.web.problems import Problem, by_status
from service.web.security import csrf

NEWSLETTERS = Tag(name="Newsletters", description="What there is to subscribe to.")
SUBSCRIBERS = Tag(name="Subscribers", description="People with a mailbox.")
SUBSCRIPTIONS = Tag(
    name="Subscriptions", description="A subscriber's standing with one newsletter."
)
ISSUES = Tag(name="Issues", description="Write, schedule, send and stop.")
SUPPRESSIONS = Tag(name="Suppressions", description="Addresses that nothing is sent to.")
STATS = Tag(name="Stats", description="Counts.")

api = Api("api", __name__, url_prefix="/api/v1")
csrf.exempt(api)  # a token in a header is no cookie: no other site can make a browser send it


@api.errorhandler(Problem)
def _problem(problem: Problem) -> Response:
    return problem.response()


@api.errorhandler(HTTPException)
def _failed(error: HTTPException) -> Response:
    return by_status(error)


@api.after_request
def _headers(response: Response) -> Response:
    rate = g.get("rate")
    if rate is not None:
        response.headers.update(rate.headers())
    if not response.cache_control.public:
        response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response

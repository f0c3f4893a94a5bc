"""A request that lost its rows to another one is tried once more.

Two people press two buttons at one moment: one deletes their data while the other signs up at that
address. PostgreSQL lets one of the two through and takes the other's transaction back. Nothing of
it was done and nothing is wrong with what was asked, so it is asked again, of what there is now.
"""

from __future__ import annotations

import structlog
from flask import Flask, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DBAPIError, NoResultFound
from sqlalchemy.orm.exc import ObjectDeletedError, StaleDataError

log = structlog.get_logger(__name__)

TAKEN_BACK = frozenset(
    {
        "23503",  # foreign_key_violation: what it is about is gone
        "23505",  # unique_violation: somebody else has just added it
        "40001",  # serialization_failure
        "40P01",  # deadlock_detected
    }
)
"""https://www.postgresql.org/docs/current/errcodes-appendix.html"""


def came_between(error: BaseException) -> bool:
    """Whether *error* may be of what somebody else did meanwhile: then a second try may do."""
    if isinstance(error, DBAPIError):
        return getattr(error.orig, "sqlstate", None) in TAKEN_BACK
    return isinstance(error, NoResultFound | ObjectDeletedError | StaleDataError)


class AskingAgain(Flask):
    """An application whose views are called a second time when somebody came between."""

    def dispatch_request(self) -> ResponseReturnValue:
        try:
            return super().dispatch_request()
        except (DBAPIError, NoResultFound, ObjectDeletedError, StaleDataError) as error:
            # A file was read by the first try, and is not there for a second one.
            if not came_between(error) or request.files:
                raise
            log.info("web.once_more", route=str(request.url_rule), error=type(error).__name__)
        return super().dispatch_request()

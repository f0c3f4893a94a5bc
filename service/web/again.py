"""What lost its rows to another request is tried once more.

Two people press two buttons at one moment: one deletes their data while the other signs up at that
address. PostgreSQL lets one of the two through and takes the other's transaction back. Nothing of
it was done and nothing is wrong with what was asked, so it is asked again, of what there is now.

Only for what is one transaction, or may be done twice: nothing that the first try did stands.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import structlog
from flask import request
from sqlalchemy.exc import DBAPIError, NoResultFound, SQLAlchemyError
from sqlalchemy.orm.exc import ObjectDeletedError, StaleDataError

log = structlog.get_logger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

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


def once_more(do: Callable[P, R]) -> Callable[P, R]:
    """*do*, which is one transaction, and is done a second time when somebody came between."""

    @wraps(do)
    def tried(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return do(*args, **kwargs)
        except SQLAlchemyError as error:
            if not came_between(error):
                raise
            log.info("web.once_more", route=str(request.url_rule), error=type(error).__name__)
        return do(*args, **kwargs)

    return tried

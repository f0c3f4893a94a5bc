"""The blueprint that the views hang themselves on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from flask import Blueprint
from flask.typing import ResponseReturnValue, RouteCallable

from service.web.again import once_more


class OneTransactionEach(Blueprint):
    """Views that are asked once more when another request took their rows.

    None of them opens a second transaction, or leaves something in the session.
    """

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: RouteCallable | None = None,
        provide_automatic_options: bool | None = None,
        **options: Any,
    ) -> None:
        if view_func is not None:
            view = cast("Callable[..., ResponseReturnValue]", view_func)  # none of ours is async
            view_func = once_more(view)
        super().add_url_rule(rule, endpoint, view_func, provide_automatic_options, **options)


public = OneTransactionEach("public", __name__)

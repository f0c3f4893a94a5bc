"""Error pages: what happened, and what to do."""

from __future__ import annotations

import structlog
from flask import Flask, Response, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError, TooManyRequests

from service.languages import gettext, later, ngettext
from service.web.problems import by_status, is_ours

log = structlog.get_logger(__name__)

SAID: dict[int, tuple[str, str]] = {
    400: (
        later("We could not read that"),
        later("Go back, reload the page and send the form again."),
    ),
    403: (
        later("You may not do that"),
        later("Your account does not have this right. Ask an owner of this newsletter for it."),
    ),
    404: (
        later("There is nothing here"),
        later("The link may be cut off or mistyped. Open it from the mail again, in full."),
    ),
    405: (
        later("This address takes no such request"),
        later("Go back and use the button on the page."),
    ),
    413: (
        later("That is too large"),
        later("Shorten what you are sending and try again."),
    ),
    429: (
        later("Too many tries"),
        later("Wait for an hour and try again. Nothing you sent before is lost."),
    ),
    500: (
        later("Something broke on our side"),
        later("It has been noted. Try again in a few minutes; nothing was half done."),
    ),
}


OF_THE_ADMIN: dict[int, tuple[str, str]] = {
    404: (
        "There is no such page",
        "What stood here may have been removed, or the address is mistyped.",
    ),
}
"""Said to editors, who come by no mail; the admin speaks English."""


def register(app: Flask) -> None:
    app.register_error_handler(HTTPException, _page)
    app.register_error_handler(CSRFError, _stale_form)


def _page(error: HTTPException) -> tuple[str, int] | HTTPException | Response:
    code = error.code or 500
    if code < 400:
        return error  # a redirect that routing raised
    if is_ours():
        return by_status(error)
    if isinstance(error, InternalServerError):
        # Never the path itself: a token in it is a key, and logs are read by many.
        log.error("web.failed", route=str(request.url_rule), exc_info=error.original_exception)
    title, advice = map(gettext, SAID.get(code, SAID[400 if code < 500 else 500]))
    in_admin = request.path.startswith("/admin/")
    if in_admin and code in OF_THE_ADMIN:
        title, advice = OF_THE_ADMIN[code]
    page = render_template(
        "error.html", code=code, title=title, advice=_when(error) or advice, in_admin=in_admin
    )
    return Response(page, code, _kept_headers(error))


def _when(error: HTTPException) -> str:
    """When to come back, where that is known."""
    if not isinstance(error, TooManyRequests) or not isinstance(error.retry_after, int):
        return ""
    minutes = -(-error.retry_after // 60)
    return ngettext(
        "Come back in %(num)s minute and try again. Nothing you sent before is lost.",
        "Come back in %(num)s minutes and try again. Nothing you sent before is lost.",
        minutes,
    )


def _kept_headers(error: HTTPException) -> dict[str, str]:
    """What a program reads: which methods there are (405), when to come back (429)."""
    return {name: value for name, value in error.get_headers() if name in {"Allow", "Retry-After"}}


def _stale_form(error: CSRFError) -> tuple[str, int]:
    title = gettext("This form is stale")
    advice = gettext(
        "The form was open for too long, or your browser refuses our cookie. "
        "Go back, reload the page and send it again."
    )
    return render_template("error.html", code=400, title=title, advice=advice), 400

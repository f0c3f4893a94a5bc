"""What a request leaves to be done when its answer is out."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from werkzeug.wsgi import ClosingIterator

from service import doorbell

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class RingAfterwards:
    """Rings for the workers once the visitor has the answer.

    To publish takes as long as three statements, and up to seconds while Redis is away; nothing of
    it changes what the visitor sees. A server closes an answer when it has sent it (PEP 3333).
    """

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with doorbell.holding() as rings:
            answer = self._app(environ, start_response)
        return ClosingIterator(answer, partial(doorbell.publish_all, rings))

"""The language of a page: its reader's, else its newsletter's; where it has neither, the browser's.

A newsletter's pages are the same for everybody, so that caches may keep them: what the browser
prefers counts only on pages that belong to no newsletter. The admin and the API speak English.
"""

from __future__ import annotations

from typing import Protocol

from flask import Flask, Response, request

from service.languages import current, speak
from service.languages.texts import raw, raw_plural
from service.models import Newsletter, Subscriber

OURS = frozenset({"public", "static", None})
"""Blueprints whose pages readers see; None is an address where there is nothing."""


def register(app: Flask) -> None:
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    app.jinja_env.install_gettext_callables(raw, raw_plural, newstyle=True)  # type: ignore[attr-defined]  # the extension adds it
    app.jinja_env.globals["current_language"] = current
    app.before_request(_begin)
    app.after_request(_say)
    app.teardown_request(lambda _: speak())


class Speaking(Protocol):
    @property
    def language(self) -> str: ...


def speak_of(newsletter: Speaking) -> None:
    """This page is of *newsletter*."""
    if request.blueprint in OURS:
        speak(newsletter.language)


def speak_to(subscriber: Subscriber, newsletter: Newsletter) -> None:
    """This page is for one reader of *newsletter*."""
    if request.blueprint in OURS:
        speak(subscriber.language, newsletter.language)


def _begin() -> None:
    wanted = request.accept_languages.values() if request.blueprint in OURS else ()
    speak(*wanted)


def _say(response: Response) -> Response:
    if response.mimetype == "text/html":
        response.headers.setdefault("Content-Language", current())
    return response

"""The web application: ``gunicorn 'service.web.app:serve()'``."""

from __future__ import annotations

import gc
from datetime import timedelta
from types import TracebackType

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from service.config import settings
from service.log import set_up_logging
from service.web import errors, filters, fresh, language, security
from service.web.admin import admin
from service.web.admin.readers.imports import let_files_in
from service.web.admin.team.accounts import logins
from service.web.after import RingAfterwards
from service.web.api import api
from service.web.api.reading import reading
from service.web.converters import Slug
from service.web.health import health
from service.web.hooks import hooks
from service.web.public import public

LARGEST_FORM = 1024 * 1024


class Site(Flask):
    def log_exception(
        self,
        exc_info: tuple[type, BaseException, TracebackType] | tuple[None, None, None],
    ) -> None:
        """Nothing: ``service.web.errors`` logs it without the path, in which a key may stand."""


def serve() -> Flask:
    """The application of a process of its own, which logs as the workers do."""
    set_up_logging()
    app = create_app()
    app.wsgi_app = RingAfterwards(app.wsgi_app)  # type: ignore[method-assign]  # Werkzeug's documented way
    # What is loaded by now stays. A collection that looks through it all each time takes a tenth
    # of a second, in which nobody is answered.
    gc.collect()
    gc.freeze()
    return app


def create_app() -> Flask:
    """A new application, set up by :func:`service.config.settings`."""
    app = Site(__name__)
    app.config.update(
        SECRET_KEY=settings().secret,
        SESSION_COOKIE_NAME="broadsheet",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings().base_url.startswith("https://"),
        # Longer than any login (service.staff.sessions), which ends by its row and not by this.
        PERMANENT_SESSION_LIFETIME=timedelta(days=15),
        # Else the answer to a live page's poll, begun before a redirect, would bring back the
        # cookie of then, and what the redirect had to say would never be shown.
        SESSION_REFRESH_EACH_REQUEST=False,
        MAX_CONTENT_LENGTH=LARGEST_FORM,
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM,
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(hours=1),
        # A page may stay open for days: its token is good for as long as the cookie is.
        WTF_CSRF_TIME_LIMIT=None,
        SIGN_UP_SECONDS=1.0,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    if settings().trusted_proxies:
        count = settings().trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=0)  # type: ignore[method-assign]  # Werkzeug's documented way
    app.session_interface = fresh.Sessions()
    app.url_map.converters["slug"] = Slug
    let_files_in(app)
    security.guard(app)
    # Its own context processor would ask for the user on public pages too, in a second
    # transaction while the page's own is open: two writers that wait for each other.
    logins.init_app(app, add_context_processor=False)
    filters.register(app)
    language.register(app)
    errors.register(app)
    for part in (public, admin, api, reading, hooks, health):
        app.register_blueprint(part)
    return app

"""The application, made once a process: its 190 routes take longer than most tests of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from flask import Flask

from service.config import settings
from service.web.app import create_app


@contextmanager
def shared() -> Iterator[Flask]:
    """The application of these settings; what a test changes in its configuration is undone."""
    now = settings()
    app = _made(now.secret, now.base_url, now.trusted_proxies)
    before = app.config.copy()
    app.testing = True
    yield app
    app.config.clear()
    app.config.update(before)


@lru_cache
def _made(*_what_it_reads_when_made: object) -> Flask:
    return create_app()

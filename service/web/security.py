"""CSRF on every form, and headers that let a page run and load what is ours and nothing else."""

from __future__ import annotations

from urllib.parse import urlsplit

import structlog
from flask import Flask, Response, g, request
from flask_login import current_user
from flask_wtf.csrf import CSRFError, CSRFProtect

from service.config import settings

log = structlog.get_logger(__name__)
csrf = CSRFProtect()

LARGEST_OF_ANYBODY = 64 * 1024
"""Bytes of a form that somebody sends who is not logged in: a megabyte of empty fields takes half a
second to read, for nothing."""

PAGE_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "frame-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

MAIL_POLICY = "; ".join(
    (
        # A mail styles itself inline. It may run nothing, send nothing and reach no cookie.
        "sandbox",
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "img-src https: data:",
        "frame-ancestors 'self'",
    )
)
"""For a mail shown inside a page of ours."""


def guard(app: Flask) -> None:
    app.before_request(_only_small_forms)  # before whatever looks into forms
    # Its own check of where a form comes from refuses every browser that keeps the Referer back,
    # and every one behind a proxy that passes another Host.
    app.config["WTF_CSRF_SSL_STRICT"] = False
    csrf.init_app(app)
    app.before_request(_only_from_here)
    app.after_request(_headers)


def is_from_here(site: str | None, referrer: str | None, *ours: str) -> bool:
    """Whether a form is of this very site, by Sec-Fetch-Site, which no page can set, or where a
    browser is too old for that by the Referer; *ours* are our addresses. Pure."""
    if site is not None:
        return site in {"same-origin", "none"}  # none: a reader's own doing, as a tab restored
    return bool(referrer) and _origin(referrer or "") in {_origin(url) for url in ours}


def _only_small_forms() -> None:
    of_editors = request.blueprint == "admin" and request.method == "POST"
    if request.blueprint == "public" or (of_editors and not current_user.is_authenticated):
        request.max_content_length = LARGEST_OF_ANYBODY


def _only_from_here() -> None:
    """By HTTPS a second lock on each form: who can set a cookie for a whole domain could plant one
    with a token of their own."""
    if not (request.is_secure and g.get("csrf_valid", False)):
        return
    site = request.headers.get("Sec-Fetch-Site")
    if not is_from_here(site, request.referrer, settings().base_url, request.host_url):
        log.warning("web.form_from_elsewhere", site=site, host=request.host)
        raise CSRFError("The form is not of this site.")


def _origin(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", ""
    return parts.scheme, parts.netloc


def as_mail(response: Response) -> Response:
    """Let a page of ours, and only such a page, show this response in a frame."""
    response.headers["Content-Security-Policy"] = MAIL_POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


def _headers(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", PAGE_POLICY)
    headers.setdefault("X-Frame-Options", "DENY")
    headers["X-Content-Type-Options"] = "nosniff"
    # The tokens in our paths are keys: another site never learns where its visitor came from.
    headers["Referrer-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
    if response.mimetype == "text/html":
        # With a form in it, a page is one browser's: kept by nobody else, and asked for anew.
        headers.setdefault("Cache-Control", "private, no-cache")
    if settings().base_url.startswith("https://"):
        headers["Strict-Transport-Security"] = "max-age=31536000"
    if request.blueprint in {"admin", "hooks"} or (request.view_args or {}).get("token"):
        headers["Cache-Control"] = "no-store"
        headers["X-Robots-Tag"] = "noindex, nofollow"
    return response

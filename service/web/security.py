"""CSRF on every form, and headers that let a page run and load what is ours and nothing else."""

from __future__ import annotations

from flask import Flask, Response, request
from flask_wtf.csrf import CSRFProtect

from service.config import settings

csrf = CSRFProtect()

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
    csrf.init_app(app)
    app.after_request(_headers)


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

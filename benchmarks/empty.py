"""The least that Flask can do: the yardstick of our pages."""

from __future__ import annotations

from flask import Flask


def create_app() -> Flask:
    app = Flask(__name__)

    @app.get("/")
    def nothing() -> str:
        return ""

    return app

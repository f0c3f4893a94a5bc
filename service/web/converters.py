"""What may stand in a path; anything else is a 404 before a view or the database sees it."""

from __future__ import annotations

from werkzeug.routing import BaseConverter


class Slug(BaseConverter):
    """A newsletter's or a section's short name."""

    regex = "[a-z0-9][a-z0-9-]{0,62}"

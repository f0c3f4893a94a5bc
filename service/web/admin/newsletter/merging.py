"""Two who have one form open: each keeps what they alone changed, and nobody undoes in silence.

A form carries what it showed. What its sender left alone follows what is stored by now; what both
changed is theirs to see before it is saved.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from service.web.admin.newsletter.changing import Faults

WAS = "was"
"""The field of a form that holds what it showed."""

Values = Mapping[str, Any]


def shown_as(values: Values) -> str:
    """What the field :data:`WAS` of a form holds that shows *values*."""
    return json.dumps({name: _plain(value) for name, value in values.items()}, ensure_ascii=False)


def merge(was: str, typed: Values, stored: Values) -> tuple[dict[str, Any], Faults]:
    """What is to be saved, and the fields that somebody else changed meanwhile to something else.

    *was* is the form's field :data:`WAS`; of one that has none, all that was typed is saved. Pure.
    """
    seen = _read(was)
    values, clashes = dict(typed), {}
    for name, value in typed.items():
        before, now = seen.get(name), _plain(stored.get(name))
        if name not in seen or now in (before, _plain(value)):
            continue
        if _plain(value) == before:
            values[name] = stored[name]
        else:
            made = f"made this “{now[:200]}”" if now else "emptied this"
            clashes[name] = f"Somebody {made} meanwhile. Save again to put yours there."
    return values, Faults(clashes)


def _read(was: str) -> dict[str, str]:
    try:
        seen = json.loads(was)
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in seen.items()} if isinstance(seen, dict) else {}


def _plain(value: Any) -> str:
    """As one line of text, whatever a form or a description makes of it."""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    if value is None or value is False:
        return ""
    return " ".join(str(value).split())

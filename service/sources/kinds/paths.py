"""Paths into a JSON document, such as ``prices.input`` or ``boards[name=Verified].rows``.

A step is a field's name, ``[n]`` for the n-th of a list from 0, or ``[field=value]`` for the first
of a list whose field is that text.
"""

from __future__ import annotations

import re
from typing import Any

_STEP = re.compile(
    r"\.?(?P<name>[^.\[\]]+)|\[(?P<index>\d{1,6})\]|\[(?P<field>[^\[\]=]+)=(?P<value>[^\[\]]*)\]"
)


def check_path(path: str) -> str:
    """*path* itself; raises ValueError when it cannot be read."""
    end = 0
    for step in _STEP.finditer(path):
        if step.start() != end:
            break
        end = step.end()
    if not path or end != len(path):
        raise ValueError(f"'{path}' is no path; write it like 'a.b', 'a[0].b' or 'a[name=X].b'")
    return path


def find(document: Any, path: str) -> Any:
    """What stands at *path*; None when nothing does. '' is the document itself."""
    if not path or (isinstance(document, dict) and path in document):
        return document[path] if path else document  # a CSV's header may hold dots and brackets
    for step in _STEP.finditer(path):
        document = _child(document, step)
    return document


def _child(parent: Any, step: re.Match[str]) -> Any:
    if step["name"] is not None:
        return parent.get(step["name"]) if isinstance(parent, dict) else None
    if not isinstance(parent, list):
        return None
    if step["index"] is not None:
        index = int(step["index"])
        return parent[index] if index < len(parent) else None
    return next(
        (
            child
            for child in parent
            if isinstance(child, dict) and str(child.get(step["field"])) == step["value"]
        ),
        None,
    )

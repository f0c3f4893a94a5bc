"""Plain values to TOML (toml.io/en/v1.0.0); reading it back is ``tomllib``'s part."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_NARROW = 80


def document(values: Mapping[str, Any]) -> str:
    """*values* as a file: fields first, then tables, then lists of tables. None is left out."""
    return "\n".join(_table(values, "")).strip() + "\n"


def _table(values: Mapping[str, Any], prefix: str) -> Iterator[str]:
    tables: list[tuple[str, Any]] = []
    for name, value in values.items():
        if isinstance(value, Mapping) or (not prefix and _is_tables(value)):
            tables.append((name, value))
        elif value is not None:
            yield f"{_key(name)} = {_value(value)}"
    for name, value in tables:
        path = f"{prefix}{_key(name)}"
        if isinstance(value, Mapping):
            yield from ("", f"[{path}]", *_table(value, f"{path}."))
            continue
        for part in value:
            yield from ("", f"[[{path}]]", *_table(part, f"{path}."))


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, Mapping) for v in value)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, Mapping):
        pairs = (f"{_key(name)} = {_value(v)}" for name, v in value.items() if v is not None)
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list | tuple):
        parts = [_value(part) for part in value]
        if _is_tables(value) or sum(map(len, parts)) > _NARROW:
            return "[\n" + "".join(f"    {part},\n" for part in parts) + "]"
        return f"[{', '.join(parts)}]"
    return repr(value)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _string(name)


def _string(text: str) -> str:
    # JSON escapes what TOML's basic strings do, save DEL.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")

"""The themes that there are, and a newsletter's own as what it changes of one of them."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from service.rendering.environment import TEMPLATES
from service.rendering.theme import load_theme

Plain = dict[str, Any]


def theme_names() -> list[str]:
    """As a newsletter's file calls them."""
    folder = files(TEMPLATES).joinpath("themes")
    names = (path.name for path in folder.iterdir())
    return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


def whole(chosen: Mapping[str, Any]) -> Plain:
    """The theme as plain values, with what *chosen* changes; ValueError when it is none."""
    return load_theme(chosen).model_dump(mode="json")


def own(name: str, wanted: Mapping[str, Any], drawn_for: str) -> Plain:
    """What a newsletter's file has to say to look as *wanted*.

    Where the form was drawn for another theme, what still is as in that one was not chosen.
    """
    base = whole({"name": name})
    shown = base if drawn_for == name else whole({"name": drawn_for})
    changed: Plain = {"name": name}
    for key, value in wanted.items():
        if isinstance(value, Mapping):
            inner = {k: v for k, v in value.items() if v not in (base[key][k], shown[key][k])}
            if inner:
                changed[key] = inner
        elif value not in (base[key], shown[key]):
            changed[key] = value
    return changed

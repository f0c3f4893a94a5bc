"""A newsletter's look as data: colours for light and dark, type, width.

Themes are files in ``email_templates/themes``; a newsletter names one and may change its colours.
Every value ends up in CSS, so each is checked to be no more than a colour or a list of fonts.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from service.models.document import Value
from service.rendering.environment import TEMPLATES

DEFAULT = "broadsheet"

Colour = Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]
# Names of several words stand unquoted: a quote would not survive an attribute.
Fonts = Annotated[str, Field(pattern=r"^[A-Za-z0-9 ,-]+$")]


class Palette(Value):
    """Colours by what they are for."""

    page: Colour
    sheet: Colour
    ink: Colour
    muted: Colour
    """Captions; at least 4.5 : 1 on the sheet and on the panel."""
    rule: Colour
    accent: Colour
    on_accent: Colour
    panel: Colour
    """Quoted posts, the footer."""


class Type(Value):
    display: Fonts
    """Titles and headings."""
    serif: Fonts
    """Text to read; a theme may set it without serifs."""
    sans: Fonts
    """Captions, tables, buttons."""
    mono: Fonts


class Theme(Value):
    width: int = Field(ge=320, le=800)
    """Pixels."""
    masthead: Literal["left", "center"] = "center"
    """Where an issue's title stands."""
    fonts: Type
    light: Palette
    dark: Palette


@lru_cache(maxsize=16)
def _file(name: str) -> dict[str, Any]:
    path = files(TEMPLATES).joinpath("themes", f"{name}.toml")
    if not name.isidentifier() or not path.is_file():
        raise ValueError(f"there is no theme {name!r} in {TEMPLATES}/themes/")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def load_theme(chosen: Mapping[str, Any]) -> Theme:
    """The theme of a newsletter: ``{"name": …, "light": {"accent": "#9b2226"}, …}``.

    ValueError says what is wrong when it names no theme or changes a colour to something else.
    """
    base = _file(str(chosen.get("name", DEFAULT)))
    merged = dict(base)
    for key, value in chosen.items():
        if key == "name":
            continue
        nested = isinstance(value, Mapping) and isinstance(base.get(key), dict)
        merged[key] = {**base[key], **value} if nested else value
    try:
        return Theme.model_validate(merged)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"the newsletter's theme: {where}: {first['msg']}") from error

"""Jinja environments for mail: MJML is autoescaped, text is not, an unknown name is an error.

Flask escapes by the ending of a file's name and does not know ``.mjml``: mail has its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jinja2 import (
    Environment,
    PackageLoader,
    StrictUndefined,
    TemplateNotFound,
    TemplateSyntaxError,
    UndefinedError,
    select_autoescape,
)
from markupsafe import Markup

from service.languages import dates
from service.languages.texts import raw, raw_plural
from service.rendering import filters, latex
from service.rendering.posts import post_lines

TEMPLATES = "email_templates"


class TemplateError(ValueError):
    """A template cannot be used; the message names it and says where the fault is."""


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The environment of this process, its templates compiled at first use."""
    made = Environment(
        loader=PackageLoader(TEMPLATES, ""),
        autoescape=select_autoescape(disabled_extensions=("txt.j2",), default=True),
        undefined=StrictUndefined,
        finalize=_clean,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,  # the MJML compiler wants a line end between some elements
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    made.policies["ext.i18n.trimmed"] = True
    made.install_gettext_callables(raw, raw_plural, newstyle=True)  # type: ignore[attr-defined]  # the extension adds it
    made.globals["no_figure"] = filters.NO_FIGURE
    made.filters.update(
        aligned=filters.aligned,
        bullet=filters.bullet,
        clock=filters.clock,
        latex=latex.readable,
        line=filters.one_space,
        link=filters.web_link,
        long_date=dates.long_date,
        post_lines=post_lines,
        place=filters.place,
        thousands=dates.number,
        wrap=filters.wrap,
        wrap_lines=filters.wrap_lines,
    )
    return made


def render(name: str, context: Mapping[str, Any]) -> str:
    """Template *name* with *context*, in the language of the moment.

    TemplateError when it is missing, wrong, or lacks a value.
    """
    try:
        return environment().get_template(name).render(context)
    except TemplateNotFound as error:
        raise TemplateError(f"there is no template {error.name} in {TEMPLATES}/") from error
    except TemplateSyntaxError as error:
        raise TemplateError(f"{error.name}, line {error.lineno}: {error.message}") from error
    except UndefinedError as error:
        raise TemplateError(f"{name}: {error.message}") from error


def _clean(value: object) -> object:
    """What Jinja shows for *value*: a stranger's text without control characters."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return filters.printable(value)
    return value

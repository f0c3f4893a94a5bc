"""Every text that readers read, found where it stands in code and templates."""

from __future__ import annotations

from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir

ROOT = Path(__file__).parent.parent.parent
FOLDERS = ("service", "email_templates")
METHODS = [
    ("**/templates/admin/**", "ignore"),
    ("**.py", "python"),
    ("**/templates/**.html", "jinja2.ext.babel_extract"),
    ("**/templates/**.xml", "jinja2.ext.babel_extract"),
    ("**.j2", "jinja2.ext.babel_extract"),
]
JINJA = {
    "extensions": "jinja2.ext.i18n",
    "trimmed": "true",
    "trim_blocks": "true",
    "lstrip_blocks": "true",
    "silent": "false",
}
OPTIONS = {pattern: JINJA for pattern, method in METHODS if method.startswith("jinja2")}
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "later": None}
FOR_TRANSLATORS = "Translators:"


def extracted() -> Catalog:
    """What a catalog should hold."""
    found = Catalog(charset="utf-8")
    for folder in FOLDERS:
        for path, _, message, comments, context in extract_from_dir(
            ROOT / folder,
            method_map=METHODS,
            options_map=OPTIONS,
            keywords=KEYWORDS,
            comment_tags=(FOR_TRANSLATORS,),
            strip_comment_tags=True,
        ):
            found.add(
                message,
                None,
                [(f"{folder}/{path}", 0)],
                auto_comments=comments,
                context=context,
            )
    return found


def forms(text: object) -> tuple[str, ...]:
    """A message's text, or its forms for one and for many."""
    if isinstance(text, list | tuple):
        return tuple(str(form or "") for form in text)
    return (str(text or ""),)

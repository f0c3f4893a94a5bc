"""The small pages behind the links, so that every one of them resolves."""

from __future__ import annotations

from html import escape

from .entries import Entry

_REST = (
    "<p>The full piece would follow here. This page belongs to an invented newsroom: its people, "
    "companies and figures do not exist.</p>"
)


def body_of(entry: Entry) -> str:
    """An entry's full text as HTML."""
    return f"<p>{entry.summary}</p>\n{_REST}"


def page(title: str, body: str) -> bytes:
    """A whole page. *body* is HTML."""
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{escape(title)}</title>\n"
        '<meta name="viewport" content="width=device-width">\n'
        '<meta name="color-scheme" content="light dark">\n'
        "<style>body{font:1.1rem/1.6 Georgia,serif;max-width:38rem;margin:3rem auto;"
        "padding:0 1rem}h1{line-height:1.2}a{color:inherit}</style>\n"
        f"</head>\n<body>\n<article>\n<h1>{escape(title)}</h1>\n{body}\n</article>\n</body>\n</html>\n"
    ).encode()

"""What every page of the inbox has around it."""

from __future__ import annotations

from html import escape

_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Crect width='16' height='16' rx='4' fill='%23b4442d'/%3E"
    "%3Cpath d='M3.5 5h9v6.500h-9z M3.5 5l4.500 3.500L12.500 5' fill='none' stroke='%23fff'/%3E"
    "%3C/svg%3E"
)


def whole(title: str, body: str, here: str = "") -> str:
    """A whole page. *body* is HTML; *here* is the entry of the navigation that is open."""
    links = (("/inbox", "Inbox"), ("/news/", "Newsroom"), ("/control/faults", "Faults"))
    navigation = "".join(
        f'<a href="{path}"{" aria-current=page" if name == here else ""}>{name}</a>'
        for path, name in links
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{escape(title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="{_ICON}">
<link rel="stylesheet" href="/inbox/style.css">
</head>
<body>
<header class="top">
<a class="brand" href="/">Sandbox</a>
<nav aria-label="Main">{navigation}</nav>
</header>
<main>
{body}
</main>
</body>
</html>
"""


def chip(kind: str, label: str) -> str:
    """A small label whose colour follows its kind."""
    return f'<span class="chip {escape(kind.lower())}">{escape(label)}</span>'

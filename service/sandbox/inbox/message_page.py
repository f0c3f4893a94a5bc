"""One message, under tabs that are links."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import NamedTuple

from ..clock import stamp
from ..ses.mime import mime
from .frame import chip, whole
from .mail import Mail, happenings

_TABS = {
    "desktop": "Desktop",
    "phone": "Phone",
    "text": "Text",
    "headers": "Headers",
    "events": "Events",
    "source": "Source",
}


class Asked(NamedTuple):
    """Which tab, and which colours in the frame."""

    view: str
    scheme: str


def page(mail: Mail, asked: Asked) -> str:
    """The page of a message; a tab that there is not is the first one."""
    view = asked.view if asked.view in _TABS else "desktop"
    scheme = "dark" if asked.scheme == "dark" else "light"
    message = mail.message
    tabs = "".join(
        f'<a href="?view={name}&amp;scheme={scheme}"{" aria-current=page" if name == view else ""}>'
        f"{label}</a>"
        for name, label in _TABS.items()
    )
    body = f"""<p class="back"><a href="/inbox">← Inbox</a></p>
<h1 class="subject">{escape(mail.subject) or "(no subject)"}</h1>
{_summary(mail)}
<nav class="tabs" aria-label="Views">{tabs}</nav>
{_VIEWS[view](mail, Asked(view, scheme))}"""
    return whole(f"{mail.subject} · message {message.seq}", body, "Inbox")


def _summary(mail: Mail) -> str:
    message = mail.message
    facts = [
        ("From", escape(mail.header("From"))),
        ("To", escape(", ".join(message.destination.everyone))),
        ("Sent", escape(stamp(message.origin.at)[:19].replace("T", " ") + " UTC")),
        ("Unsubscribe", _unsubscribe(mail)),
        ("Tags", "".join(chip("tag", f"{name} {value}") for name, value in message.tags.items())),
    ]
    rows = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts if value)
    return f'<dl class="facts">{rows}</dl>'


def _unsubscribe(mail: Mail) -> str:
    links = " ".join(
        f'<a class="long" rel="noreferrer" href="{escape(u)}">{escape(u)}</a>'
        if u.startswith(("http://", "https://", "mailto:"))
        else escape(u)
        for u in mail.unsubscribe
    )
    return links + (" " + chip("tag", "one-click") if links and mail.one_click else "")


def _html(mail: Mail, asked: Asked) -> str:
    if mail.html is None:
        return '<p class="empty">This message has no HTML part.</p>'
    other = "light" if asked.scheme == "dark" else "dark"
    return f"""<p class="switch"><span>{asked.scheme.capitalize()} colours</span>
<a href="?view={asked.view}&amp;scheme={other}">Show {other}</a></p>
<div class="stage {asked.scheme}"><iframe class="{asked.view}" title="The message as HTML"
 sandbox="allow-popups allow-popups-to-escape-sandbox" referrerpolicy="no-referrer"
 src="/inbox/{mail.message.seq}/html?scheme={asked.scheme}"></iframe></div>"""


def _text(mail: Mail, _asked: Asked) -> str:
    if mail.text is None:
        return '<p class="empty">This message has no text part.</p>'
    return f'<pre class="paper">{escape(mail.text)}</pre>'


def _source(mail: Mail, _asked: Asked) -> str:
    source = mime(mail.message)
    size = f"{len(source) / 1024:.1f} KB"
    download = f'<a href="/inbox/{mail.message.seq}.eml">Open as .eml</a>'
    text = escape(source.decode("utf-8", "replace").replace("\r\n", "\n"))
    return f'<p class="switch"><span>{size}</span>{download}</p><pre class="code">{text}</pre>'


def _headers(mail: Mail, _asked: Asked) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>'
        for name, value in mail.headers
    )
    return f'<table class="headers">{rows}</table>'


def _events(mail: Mail, _asked: Asked) -> str:
    rows = "".join(
        f"<li>{chip(event.kind, event.kind)}<time>{escape(event.at[11:23])}</time>"
        f"<span>{escape(event.recipient)}</span></li>"
        for event in happenings(mail.message)
    )
    configuration_set = mail.message.origin.configuration_set
    note = (
        f"Published through the configuration set “{escape(configuration_set)}”, "
        "as far as the faults in force allowed."
        if configuration_set
        else "None was published: the send named no configuration set."
    )
    return f'<ol class="events">{rows}</ol><p class="note">{note}</p>'


_VIEWS: dict[str, Callable[[Mail, Asked], str]] = {
    "desktop": _html,
    "phone": _html,
    "text": _text,
    "headers": _headers,
    "events": _events,
    "source": _source,
}

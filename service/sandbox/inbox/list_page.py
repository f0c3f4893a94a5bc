"""The list of messages, newest first."""

from __future__ import annotations

from html import escape
from urllib.parse import urlencode

from ..clock import stamp
from ..store import Message
from .frame import chip, whole
from .mail import subject_of

SIZE = 25
_SAID = {
    "Send": "sent",
    "Delivery": "delivered",
    "Bounce": "bounced",
    "Bounce:suppressed": "suppressed",
    "Bounce:account": "suppressed",
    "Bounce:ooto": "away",
    "Complaint": "complained",
}


def page(rows: list[Message], wanted: str, number: int, total: int) -> str:
    """*rows* holds one more than a page when there is another page."""
    shown = rows[:SIZE]
    search = (
        '<form class="search" action="/inbox" role="search">'
        f'<input type="search" name="q" value="{escape(wanted)}" aria-label="Recipient" '
        'placeholder="Search by recipient"><button>Search</button></form>'
    )
    count = f"{total:,} accepted" if total else "Nothing was sent yet"
    head = f'<div class="head"><h1>Inbox</h1><p>{count}</p>{search}</div>'
    if not shown:
        said = f"No message to “{escape(wanted)}”." if wanted else "Messages appear here once sent."
        return whole("Inbox", f'{head}<p class="empty">{said}</p>', "Inbox")
    items = "\n".join(_row(message) for message in shown)
    pages = _pages(wanted, number, more=len(rows) > SIZE)
    return whole("Inbox", f'{head}<ol class="mails">{items}</ol>{pages}', "Inbox")


def _row(message: Message) -> str:
    everyone = message.destination.everyone
    to = everyone[0] if len(everyone) == 1 else f"{everyone[0]} and {len(everyone) - 1} more"
    at = stamp(message.origin.at)
    end = message.plan[-1].kind
    marks = chip(end.replace(":", " "), _SAID[end]) + chip("kind", message.origin.kind)
    return (
        f'<li><a href="/inbox/{message.seq}"><span class="subject">'
        f"{escape(subject_of(message)) or '(no subject)'}</span>"
        f'<span class="to">{escape(to)}</span>'
        f'<span class="marks">{marks}</span>'
        f'<time datetime="{at}">{at[:10]} {at[11:19]}</time></a></li>'
    )


def _pages(wanted: str, number: int, *, more: bool) -> str:
    def link(to: int, label: str) -> str:
        query = urlencode({"page": to, **({"q": wanted} if wanted else {})})
        return f'<a href="/inbox?{query}">{label}</a>'

    newer = link(number - 1, "← Newer") if number > 1 else "<span></span>"
    older = link(number + 1, "Older →") if more else "<span></span>"
    return f'<nav class="pages" aria-label="Pages">{newer}<span>Page {number}</span>{older}</nav>'

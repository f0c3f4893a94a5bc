"""The front page: what the sandbox is, and where things are."""

from __future__ import annotations

from html import escape

from ..newsroom.directory import BROKEN, SOURCES
from .frame import whole


def page(messages: int) -> str:
    """*messages* is how many were accepted so far."""
    sources = "".join(
        f'<li><a href="{escape(s.path)}">{escape(s.title)}</a> <span>{s.kind}</span></li>'
        for s in SOURCES
    )
    bad = " ".join(f'<a href="/news/broken/{name}">{name}</a>' for name in BROKEN)
    count = "No message yet" if not messages else f"{messages:,} accepted"
    return whole(
        "Sandbox",
        f"""<h1>The sandbox</h1>
<p class="lead">It stands in for the world outside: the feeds that are read, and the Amazon SES
that messages are sent through. Nothing that is sent here leaves this machine.</p>
<div class="cards">
<a class="card" href="/inbox"><strong>Inbox</strong><span>Every message as its reader would get it.
</span><em>{count}</em></a>
<a class="card" href="/news/"><strong>Newsroom</strong><span>Invented labs, press, papers
and tables, over several days.</span><em>{len(SOURCES)} sources</em></a>
<a class="card" href="/control/faults"><strong>Faults</strong><span>What goes wrong on
purpose: throttling, lost answers, late and doubled events.</span><em>JSON</em></a>
</div>
<h2>Sources</h2>
<ul class="sources">{sources}</ul>
<h2>Sources that misbehave</h2>
<p class="words">{bad}</p>
<h2>For programs</h2>
<dl class="facts">
<dt>SES v2</dt><dd><code>AWS_ENDPOINT_URL_SESV2</code> set to this address; any credentials do</dd>
<dt>SQS</dt><dd><code>AWS_ENDPOINT_URL_SQS</code> set to this address,
queue <code>broadsheet-events</code></dd>
<dt>Ledger</dt><dd><a href="/control/ledger">/control/ledger</a>,
<a href="/control/messages">/control/messages</a></dd>
<dt>Queues and topic</dt><dd><a href="/control/queues">/control/queues</a>,
<a href="/control/sns">/control/sns</a></dd>
<dt>Start again</dt><dd><code>POST /control/reset</code></dd>
</dl>""",
    )

"""Where the reader's links of a test copy lead: nobody's subscription hangs on them."""

from __future__ import annotations

from flask import render_template

from service.db import read_scope
from service.web.asking import newsletter_or_404
from service.web.public.blueprint import public


@public.get("/test-copy/<slug:newsletter>/<any(unsubscribe,preferences):link>")
def test_copy(newsletter: str, link: str) -> str:
    with read_scope() as session:
        found = newsletter_or_404(session, newsletter)
        return render_template("public/test_copy.html", newsletter=found, link=link)

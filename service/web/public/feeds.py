"""The issues as feeds: RSS 2.0, Atom (RFC 4287) and JSON Feed 1.1, each with the full text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from flask import Response, render_template
from sqlalchemy.orm import Session

from service.audience.choices import section_specs
from service.db import read_scope
from service.models import Newsletter
from service.rendering.issue import FULLEST, choose
from service.web import fresh
from service.web.asking import newsletter_or_404
from service.web.filters import absolute
from service.web.public import editions
from service.web.public.archive import LIST_SECONDS
from service.web.public.blueprint import public

ISSUES = 20

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""XML 1.0 § 2.2: what a document may not hold even when it is escaped."""


@dataclass(frozen=True)
class Item:
    issue: editions.Listing
    url: str
    html: str


@public.get("/n/<slug:newsletter>/feed.xml")
def rss(newsletter: str) -> Response:
    return _feed(newsletter, _rss, "application/rss+xml; charset=utf-8")


@public.get("/n/<slug:newsletter>/atom.xml")
def atom(newsletter: str) -> Response:
    return _feed(newsletter, _atom, "application/atom+xml; charset=utf-8")


@public.get("/n/<slug:newsletter>/feed.json")
def json_feed(newsletter: str) -> Response:
    return _feed(newsletter, _json, "application/feed+json; charset=utf-8")


def _feed(slug: str, write: Callable[[Newsletter, list[Item]], str], content_type: str) -> Response:
    with read_scope() as session:
        newsletter = newsletter_or_404(session, slug)
        issues = editions.listed(session, newsletter, ISSUES)
        return fresh.answer(
            newsletter,
            [issue.stamp for issue in issues],
            lambda: write(newsletter, _items(session, newsletter, issues)),
            seconds=LIST_SECONDS,
            content_type=content_type,
        )


def _items(session: Session, newsletter: Newsletter, issues: list[editions.Listing]) -> list[Item]:
    documents = editions.documents(session, [issue.id for issue in issues])
    full_pages = {spec.slug for spec in section_specs(newsletter)}
    return [
        Item(
            issue,
            absolute("public.issue", newsletter=newsletter.slug, number=issue.number),
            render_template(
                "public/feeds/content.html",
                newsletter=newsletter,
                issue=choose(documents[issue.id], FULLEST),
                full_pages=full_pages,
            ),
        )
        for issue in issues
    ]


def _rss(newsletter: Newsletter, items: list[Item]) -> str:
    return _xml("public/feeds/rss.xml", newsletter, items)


def _atom(newsletter: Newsletter, items: list[Item]) -> str:
    return _xml("public/feeds/atom.xml", newsletter, items)


def _xml(template: str, newsletter: Newsletter, items: list[Item]) -> str:
    text = render_template(template, newsletter=newsletter, items=items)
    return _NOT_IN_XML.sub("", text)


def _json(newsletter: Newsletter, items: list[Item]) -> str:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": newsletter.name,
        "home_page_url": absolute("public.landing", newsletter=newsletter.slug),
        "feed_url": absolute("public.json_feed", newsletter=newsletter.slug),
        "description": newsletter.description,
        "language": newsletter.language,
        "items": [
            {
                "id": item.url,
                "url": item.url,
                "title": item.issue.subject,
                "summary": item.issue.preheader,
                "content_html": item.html,
                "date_published": item.issue.began_at.isoformat(timespec="seconds"),
            }
            for item in items
        ],
    }
    return json.dumps(feed, ensure_ascii=False)

"""Announcements in the form of arXiv's RSS. https://info.arxiv.org/help/rss_specifications.html"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta, timezone
from email.utils import format_datetime
from html import escape

from .papers import Paper, announced

EASTERN = timezone(timedelta(hours=-5))


def write(categories: list[str], anchor: date, day: int, base: str) -> bytes:
    """One day's announcements in these categories."""
    joined = "+".join(categories)
    when = datetime.combine(anchor + timedelta(days=day), time(0, tzinfo=EASTERN))
    address = f"{base}/news/arxiv/rss/{joined}"
    lines = [
        "<?xml version='1.0' encoding='UTF-8'?>",
        '<rss xmlns:arxiv="http://arxiv.org/schemas/atom"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:atom="http://www.w3.org/2005/Atom"'
        ' xmlns:content="http://purl.org/rss/1.0/modules/content/" version="2.0">',
        "  <channel>",
        f"    <title>{joined} updates on arXiv.org</title>",
        f"    <link>{address}</link>",
        f"    <description>{joined} updates on the arXiv.org e-print archive.</description>",
        f'    <atom:link href="{address}" rel="self" type="application/rss+xml"/>',
        "    <docs>http://www.rssboard.org/rss-specification</docs>",
        "    <language>en-us</language>",
        f"    <lastBuildDate>{format_datetime(when)}</lastBuildDate>",
        "    <managingEditor>rss-help@arxiv.org</managingEditor>",
        f"    <pubDate>{format_datetime(when)}</pubDate>",
        "    <skipDays><day>Sunday</day><day>Saturday</day></skipDays>",
        *(_item(p, when, base) for p in selected(announced(anchor, day), categories)),
        "  </channel>",
        "</rss>",
    ]
    return "\n".join(lines).encode()


def selected(papers: list[Paper], categories: list[str]) -> list[Paper]:
    """Those in the categories; a paper whose primary one was not asked for is a cross-listing."""
    chosen = [p for p in papers if set(p.categories) & set(categories)]
    return [p if p.categories[0] in categories else replace(p, kind=_crossed(p)) for p in chosen]


def _crossed(paper: Paper) -> str:
    return "cross" if paper.kind == "new" else "replace-cross"


def _item(paper: Paper, when: datetime, base: str) -> str:
    version = f"{paper.number}v{paper.version}"
    fields = [
        f"<title>{escape(paper.title, quote=False)}</title>",
        f"<link>{base}/news/arxiv/abs/{paper.number}</link>",
        f"<description>arXiv:{version} Announce Type: {paper.kind} \n"
        f"Abstract: {escape(paper.abstract, quote=False)}</description>",
        f'<guid isPermaLink="false">oai:arXiv.org:{version}</guid>',
        *(f"<category>{category}</category>" for category in paper.categories),
        f"<pubDate>{format_datetime(when)}</pubDate>",
        f"<arxiv:announce_type>{paper.kind}</arxiv:announce_type>",
        "<dc:rights>http://creativecommons.org/licenses/by/4.0/</dc:rights>",
        f"<dc:creator>{escape(', '.join(paper.authors))}</dc:creator>",
    ]
    inner = "\n".join(f"      {field}" for field in fields)
    return f"    <item>\n{inner}\n    </item>"

"""Exports of posts into one shape: the ``tweets.js`` of an X archive, and answers of API v2.

An archive is a script, ``window.YTD.tweets.part0 = [{"tweet": {…}}]``; of the API it is the answer
of a timeline or a search, with its authors and quoted posts in ``includes``
(docs.x.com/x-api/fundamentals/data-dictionary).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from service.sources.kinds.base import BadFeed, Page, read_json
from service.sources.kinds.dates import formatted_moment, iso_moment
from service.sources.text import one_line

_SCRIPT = re.compile(rb"\s*window\.YTD\.tweets?\.part\d+\s*=\s*")
_STATUS = re.compile(r"https?://(?:www\.|mobile\.)?(?:x|twitter)\.com/\w{1,20}/status/(\d{1,20})")
_MEDIA = re.compile(_STATUS.pattern + r"/(?:photo|video)/\d+")
_ARCHIVE_DATE = "%a %b %d %H:%M:%S %z %Y"


@dataclass(frozen=True)
class RawPost:
    """A post as it was written: its text still holds entities and short links."""

    id: str
    text: str
    published_at: datetime | None
    author: str = ""
    handle: str = ""
    """Without '@'; '' when the export does not say."""
    links: tuple[tuple[str, str], ...] = ()
    """Short links of the text, with where they lead; '' stands for a picture of the post."""
    quoted: str = ""
    """Id of the post that it quotes."""
    repost: bool = False
    reply: bool = False
    """It answers somebody else."""


@dataclass(frozen=True)
class Export:
    posts: tuple[RawPost, ...]
    known: Mapping[str, RawPost]
    """Every post that the export holds, by id: those above and those that they quote."""
    skipped: tuple[str, ...] = ()


def read_export(page: Page, handle: str) -> Export:
    """The posts of either shape; *handle* is the owner of an archive, which does not say it."""
    script = _SCRIPT.match(page.body)
    if script:
        page = replace(page, body=page.body[script.end() :].rstrip(b"; \t\r\n"))
    document = read_json(page)
    skipped: list[str] = []
    if isinstance(document, list):
        posts = tuple(_each(document, skipped, lambda raw: _of_archive(raw, handle)))
        return Export(posts, {post.id: post for post in posts}, tuple(skipped))
    if not isinstance(document, dict) or not ("data" in document or "meta" in document):
        raise BadFeed(f"The answer is no export of posts{_complaint(document)}")
    includes = _object(document.get("includes"))
    users = {_text(user, "id"): user for user in _objects(includes.get("users"))}
    found = document.get("data")
    entries = found if isinstance(found, list) else [found] if found else []
    posts = tuple(_each(entries, skipped, lambda raw: _of_api(raw, users)))
    quoted = tuple(_each(includes.get("tweets") or [], [], lambda raw: _of_api(raw, users)))
    return Export(posts, {post.id: post for post in (*quoted, *posts)}, tuple(skipped))


def _each(entries: Any, skipped: list[str], read: Any) -> Iterator[RawPost]:
    for raw in entries if isinstance(entries, list) else ():
        post = read(_object(raw))
        if post.id and post.text:
            yield post
        else:
            skipped.append(f"a post without {'a text' if post.id else 'an id'}")


def _of_archive(entry: Mapping[str, Any], handle: str) -> RawPost:
    raw = _object(entry.get("tweet", entry))
    text = _text(raw, "full_text") or _text(raw, "text")
    links = _links(raw)
    leads = (_STATUS.match(target) for _, target in reversed(links))
    return RawPost(
        id=_text(raw, "id_str") or _text(raw, "id"),
        text=text,
        published_at=formatted_moment(_text(raw, "created_at"), _ARCHIVE_DATE),
        handle=handle,
        links=links,
        quoted=next((found[1] for found in leads if found), ""),
        repost=text.startswith("RT @"),
        reply=_text(raw, "in_reply_to_screen_name").lower() not in {"", handle.lower()},
    )


def _of_api(raw: Mapping[str, Any], users: Mapping[str, Mapping[str, Any]]) -> RawPost:
    whole = _object(raw.get("note_tweet"))  # of a long post, `text` is the beginning only
    writer = users.get(_text(raw, "author_id"), {})
    refers = {_text(to, "type"): _text(to, "id") for to in _objects(raw.get("referenced_tweets"))}
    return RawPost(
        id=_text(raw, "id"),
        text=_text(whole, "text") or _text(raw, "text"),
        published_at=iso_moment(_text(raw, "created_at")),
        author=one_line(_text(writer, "name"), 100),
        handle=one_line(_text(writer, "username"), 50),
        links=(*_links(raw), *_links(whole)),
        quoted=refers.get("quoted", ""),
        repost="retweeted" in refers,
        reply=_text(raw, "in_reply_to_user_id") not in {"", _text(raw, "author_id")},
    )


def _links(raw: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    entities = _object(raw.get("entities"))
    pictures = [*_objects(entities.get("media"))]
    pictures += _objects(_object(raw.get("extended_entities")).get("media"))
    found = [
        (_text(link, "url"), _text(link, "expanded_url")) for link in _objects(entities.get("urls"))
    ]
    pairs = [(url, "" if _MEDIA.match(target) else target or url) for url, target in found]
    pairs += [(_text(picture, "url"), "") for picture in pictures]
    return tuple((url, target) for url, target in pairs if url)


def _complaint(document: Any) -> str:
    said = _object(document)
    first = next(iter(_objects(said.get("errors"))), {})
    reason = _text(said, "detail") or _text(first, "detail") or _text(first, "message")
    return f": {one_line(reason)}" if reason else "."


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


def _text(raw: Mapping[str, Any], name: str) -> str:
    value = raw.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 10**20 else ""
    return value if isinstance(value, str) else ""

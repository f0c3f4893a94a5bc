"""A source tried, added and edited."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import PurePosixPath

from flask import flash, render_template, request
from sqlalchemy import Select, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.db import read_scope, session_scope
from service.doorbell import Bell, ring
from service.models import Newsletter, Source
from service.models.document import SectionSpec
from service.newsletters import toml
from service.newsletters.edit import BadEdit, Raw
from service.newsletters.opml import free_slug
from service.newsletters.problems import Place
from service.newsletters.spec import ONLY_IN
from service.sources.care import hurry
from service.sources.collect import RECENT
from service.sources.discover import NothingThere, discover
from service.sources.identity import canonical_url
from service.sources.kinds import KINDS
from service.sources.uploads import SCHEME, keep_upload
from service.web.admin.blueprint import admin
from service.web.admin.newsletter.changing import Faults, apply, faults_of, newsletter_to_change
from service.web.admin.newsletter.merging import WAS, merge, shown_as
from service.web.admin.newsletter.sources import source_or_404, sources_page, to_list
from service.web.admin.team.accounts import editors_only
from service.web.asking import field, newsletter_or_404, now

Answer = str | Response | tuple[str, int]

FIELDS = ("slug", "kind", "name", "url", "section", "interval_minutes", "config", "upload")
BY_FILE = ("table", "posts")
"""Kinds that may be read from a file."""
ENDINGS = (".csv", ".tsv", ".json", ".jsonl", ".js", ".txt")
SHOWN = 12

KIND_WORDS = {
    "feed": "RSS, Atom or JSON Feed",
    "arxiv": "arXiv categories",
    "table": "A table: CSV or JSON",
    "github": "GitHub repositories",
    "page": "A web page without a feed, by selectors",
    "posts": "Posts, from an export or a server",
    "manual": "Written by hand in its configuration",
}


@admin.post("/sources/<slug:newsletter>/try")
@editors_only
def try_feed(newsletter: str) -> Answer:
    """Ask the address once, outside of any transaction, and show what it would give."""
    typed = field("address", 2000).strip()
    if not typed:
        return _not_found(newsletter, typed, "Paste the address of a feed, or of a site with one.")
    try:
        found = discover(typed, now())
    except NothingThere as error:
        return _not_found(newsletter, typed, str(error))
    with read_scope() as session:
        owner = newsletter_or_404(session, newsletter)
        known = session.execute(
            select(Source.slug, Source.name, Source.url).where(Source.newsletter_id == owner.id)
        ).all()
        canonical = canonical_url(found.url)
        same = [name for _, name, url in known if url and canonical_url(url) == canonical]
        items = found.parsed.items
        return render_template(
            "admin/newsletter/try_source.html",
            newsletter=owner,
            found=found,
            items=items[:SHOWN],
            fresh=sum(
                i.published_at is not None and i.published_at > now() - RECENT for i in items
            ),
            same=same,
            sections=_sections_for("feed", owner),
            slug=free_slug(found.title or found.url, [slug for slug, _, _ in known]),
        )


@admin.route("/sources/<slug:newsletter>/new", methods=["GET", "POST"])
@editors_only
def new_source(newsletter: str) -> Answer:
    if request.method != "POST":
        with read_scope() as session:
            owner = newsletter_or_404(session, newsletter)
            blank = {"kind": request.args.get("kind", "feed"), "interval_minutes": "60"}
            return _form(owner, None, blank)
    with session_scope() as session:
        owner = newsletter_to_change(session, newsletter)
        typed = _typed()
        if not typed["slug"]:
            taken = list(session.scalars(of_owner(owner)))
            typed["slug"] = free_slug(typed["name"] or "source", taken)
        number = len(session.scalars(of_owner(owner)).all())
        try:
            source = _described(typed, owner, ("sources", number))
            _refuse_twice(session, owner, source, number)
            apply(
                session,
                owner,
                lambda raw: raw["sources"].append(source),
                "source.add",
                f"source {typed['slug']}",
            )
        except BadEdit as error:
            return _form(owner, None, typed, faults_of(error, ("sources", number), FIELDS)), 400
        _keep_file(source["url"])
        row = source_or_404(session, owner, typed["slug"])
        ring(session, Bell.COLLECT, row.id)
        flash(f"{row.name} was added, and is being read for the first time.", "done")
    return to_list(newsletter, typed["slug"])


@admin.route("/sources/<slug:newsletter>/of/<slug:source>", methods=["GET", "POST"])
@editors_only
def edit_source(newsletter: str, source: str) -> Answer:
    if request.method != "POST":
        with read_scope() as session:
            owner = newsletter_or_404(session, newsletter)
            row = source_or_404(session, owner, source)
            return _form(owner, row, _shown(row))
    with session_scope() as session:
        owner = newsletter_to_change(session, newsletter)
        row = source_or_404(session, owner, source)
        typed, clashes = merge(
            field(WAS, 200_000), {**_typed(), "slug": row.slug, "kind": row.kind}, _shown(row)
        )
        if clashes:
            return _form(owner, row, typed, clashes), 409
        number = list(session.scalars(of_owner(owner))).index(row.slug)
        try:
            described = _described(typed, owner, ("sources", number))
            changed = apply(
                session,
                owner,
                lambda raw: raw["sources"][number].update(described),
                "source.edit",
                f"source {row.slug}",
            )
        except BadEdit as error:
            return _form(owner, row, typed, faults_of(error, ("sources", number), FIELDS)), 400
        if _keep_file(described["url"]):
            hurry(row)
        if row.next_check_at is None:
            ring(session, Bell.COLLECT, row.id)
        flash(f"{row.name} was {'saved' if changed else 'left as it was'}.", "done")
    return to_list(newsletter, source if changed else "")


def of_owner(owner: Newsletter) -> Select[str]:
    """The slugs of a newsletter's sources in the order of its description."""
    return select(Source.slug).where(Source.newsletter_id == owner.id).order_by(Source.id)


def _typed() -> dict[str, str]:
    """The form's fields as they came."""
    most = {"config": 100_000, "url": 2000}
    return {name: field(name, most.get(name, 300)).strip() for name in FIELDS if name != "upload"}


def _described(typed: Mapping[str, str], owner: Newsletter, place: Place) -> Raw:
    """The fields as a part of a description; raises ``BadEdit`` for what is not even a value."""
    upload = request.files.get("upload")
    url = typed["url"]
    if upload is not None and upload.filename:
        ending = PurePosixPath(upload.filename).suffix.lower()
        if ending not in ENDINGS:
            raise BadEdit({(*place, "upload"): f"must end in one of {', '.join(ENDINGS)}"})
        url = f"{SCHEME}{owner.slug}.{typed['slug']}"[:90] + ending
    try:
        config = tomllib.loads(typed["config"].replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as error:
        raise BadEdit({(*place, "config"): f"this is not TOML: {error}"}) from error
    interval = typed["interval_minutes"]
    if not interval.isdecimal():
        raise BadEdit({(*place, "interval_minutes"): "must be a whole number of minutes"})
    return {
        "slug": typed["slug"],
        "kind": typed["kind"],
        "name": typed["name"],
        "url": url,
        "section": typed["section"],
        "interval_minutes": int(interval),
        "config": config,
    }


def _refuse_twice(session: Session, owner: Newsletter, source: Raw, number: int) -> None:
    """The same read the same way twice brings everything twice: a second click, or a slip."""
    rows = session.scalars(
        select(Source).where(Source.newsletter_id == owner.id, Source.kind == source["kind"])
    )
    url = source["url"] and canonical_url(source["url"])
    for row in rows:
        if url and canonical_url(row.url) == url and row.config == source["config"]:
            raise BadEdit({("sources", number, "url"): f"is read already, as {row.name}"})


def _keep_file(address: str) -> bool:
    """Put the file that was chosen, if one was, where *address* finds it."""
    upload = request.files.get("upload")
    if upload is None or not upload.filename:
        return False
    keep_upload(address.removeprefix(SCHEME), upload.read())
    return True


def _shown(row: Source) -> dict[str, str]:
    """The fields of a source that is there, as a form shows them."""
    return {
        "slug": row.slug,
        "kind": row.kind,
        "name": row.name,
        "url": row.url,
        "section": row.section,
        "interval_minutes": str(row.interval_minutes),
        "config": toml.document(row.config) if row.config else "",
    }


def _form(
    owner: Newsletter, row: Source | None, typed: Mapping[str, str], faults: Faults | None = None
) -> str:
    kind = typed.get("kind", "feed")
    return render_template(
        "admin/newsletter/source_form.html",
        newsletter=owner,
        source=row,
        typed=typed,
        was=shown_as(_shown(row)) if row else "",
        faults=faults or Faults(),
        kinds={name: KIND_WORDS.get(name, name) for name in KINDS},
        sections=_sections_for(kind if row else "", owner),
        takes_file=row is None or kind in BY_FILE,
        endings=",".join(ENDINGS),
    )


def _sections_for(kind: str, owner: Newsletter) -> list[SectionSpec]:
    """Those that can show a source of *kind*; all for ''."""
    specs = [SectionSpec.model_validate(spec) for spec in owner.sections]
    if not kind:
        return specs
    if kind in ONLY_IN:
        return [spec for spec in specs if spec.kind == ONLY_IN[kind]]
    return [spec for spec in specs if spec.kind not in ONLY_IN.values()]


def _not_found(newsletter: str, typed: str, problem: str) -> Answer:
    with read_scope() as session:
        owner = newsletter_or_404(session, newsletter)
        return sources_page(session, owner, typed=typed, problem=problem), 422

"""An issue and a reader's choice → the three parts of a mail."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from service.audience.choices import Wanted
from service.languages import best, speaking
from service.message.slots import mark
from service.models.audience import MailFormat
from service.models.content import Newsletter
from service.models.document import AnyEntry, Document, Section, SectionSpec, TableEntry
from service.models.editorial import retold
from service.rendering import markdown
from service.rendering.clip import fitted
from service.rendering.environment import render
from service.rendering.filters import one_space
from service.rendering.mjml import compile_mjml
from service.rendering.theme import Theme, load_theme

RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur", "yi"})


FULLEST = Wanted()
"""Every section, every topic, as HTML."""


@dataclass(frozen=True)
class Identity:
    """Whose mail it is, as every part of it says."""

    slug: str
    name: str
    description: str
    postal_address: str
    language: str
    timezone: ZoneInfo
    base_url: str
    theme: Theme

    @classmethod
    def of(cls, newsletter: Newsletter, base_url: str) -> Identity:
        """The identity of *newsletter*, its public pages under *base_url*."""
        return cls(
            slug=newsletter.slug,
            name=newsletter.name,
            description=newsletter.description,
            postal_address=newsletter.postal_address,
            language=newsletter.language,
            timezone=ZoneInfo(newsletter.timezone),
            base_url=base_url,
            theme=load_theme(newsletter.theme),
        )

    def in_words_for(self, *languages: str | None) -> Identity:
        """For mail that is all our own words: in the first of *languages* that there is, else the
        newsletter's, else English.
        """
        return replace(self, language=best(*languages, self.language))

    @property
    def home_url(self) -> str:
        return f"{self.base_url}/n/{self.slug}/"

    @property
    def direction(self) -> str:
        return "rtl" if self.language.partition("-")[0] in RIGHT_TO_LEFT else "ltr"


@dataclass(frozen=True)
class Parts:
    """A rendering: three texts in which *nonce* marks the slots."""

    nonce: str
    subject: str
    html: str | None
    text: str


def choose(document: Document, wanted: Wanted) -> Document:
    """*document* as the reader wants it: sections, topics, and each section's limit.

    A section without entries stays when it has something to say about that. A stand-in for an
    editorial is made anew where the reader gets less than was frozen; what an editor wrote stays.
    """
    kept = _kept(document, wanted)
    chosen = document.model_copy(update={"sections": kept})
    return chosen if kept == _kept(document, FULLEST) else retold(chosen)


def _kept(document: Document, wanted: Wanted) -> tuple[Section, ...]:
    chosen = (
        _chosen(section, frozenset(wanted.topics))
        for section in document.sections
        if wanted.sections is None
        or section.spec.slug in wanted.sections
        or not section.spec.optional
    )
    return tuple(section for section in chosen if section.entries or section.spec.empty)


def _chosen(section: Section, topics: frozenset[str]) -> Section:
    spec, entries = section.spec, section.entries
    if focus := topics & frozenset(spec.topics):
        entries = tuple(entry for entry in entries if focus & frozenset(entry.topics))
        spec = spec.model_copy(update={"heading": spec.focused_heading or spec.heading})
    return Section(spec=spec, entries=_limited(entries, spec))


def _limited(entries: tuple[AnyEntry, ...], spec: SectionSpec) -> tuple[AnyEntry, ...]:
    if spec.kind != "tables":
        return entries[: spec.limit]
    return tuple(
        entry.model_copy(update={"rows": entry.rows[: spec.limit]})
        if isinstance(entry, TableEntry)
        else entry
        for entry in entries
    )


def render_issue(document: Document, wanted: Wanted, identity: Identity, nonce: str) -> Parts:
    """The mail of *document* for readers who chose *wanted*.

    HTML is kept under Gmail's clip: what does not fit is left out with a line that says where
    it is, from the text part as well, so that both say the same. Our own words in it are in the
    newsletter's language, whoever reads it: what it tells is written in that one anyway, and
    one rendering serves all who chose alike.
    """
    with speaking(identity.language):
        document = choose(document, wanted)
        if wanted.mail_format is MailFormat.TEXT:
            return _parts(document, frozenset(), identity, nonce, html=None)
        fit = fitted(document, lambda fewer, cut: _html(_told(fewer, cut), cut, identity, nonce))
        return _parts(_told(fit.document, fit.cut), fit.cut, identity, nonce, html=fit.html)


def _told(document: Document, cut: frozenset[str]) -> Document:
    return retold(document) if cut else document


def _parts(
    document: Document, cut: frozenset[str], identity: Identity, nonce: str, *, html: str | None
) -> Parts:
    context = _context(document, cut, identity, nonce)
    editorial = markdown.to_text(document.editorial)
    return Parts(
        nonce,
        one_space(render(f"{document.kind}/subject.txt.j2", context)),
        html,
        render(f"{document.kind}/text.txt.j2", {**context, "editorial": editorial}),
    )


def _html(document: Document, cut: frozenset[str], identity: Identity, nonce: str) -> str:
    source = compose_mjml(document, cut, identity, nonce)
    return compile_mjml(source, f"{document.kind}/html.mjml.j2")


def compose_mjml(document: Document, cut: frozenset[str], identity: Identity, nonce: str) -> str:
    """The MJML of *document* as it stands, its slots marked by *nonce*."""
    editorial = markdown.to_html(document.editorial, identity.theme, identity.language)
    context = {**_context(document, cut, identity, nonce), "editorial": editorial}
    with speaking(identity.language):
        return render(f"{document.kind}/html.mjml.j2", context)


def _context(
    document: Document, cut: frozenset[str], identity: Identity, nonce: str
) -> dict[str, Any]:
    return {
        **identity_context(identity, nonce),
        "issue": document,
        "cut": cut,
        "issue_url": f"{identity.home_url}issues/{document.number}",
        "section_url": lambda slug: f"{identity.home_url}{slug}",
    }


def identity_context(identity: Identity, nonce: str) -> dict[str, Any]:
    """What every template is given: whose mail it is, its look, and its slots."""
    return {
        "identity": identity,
        "theme": identity.theme,
        "light": identity.theme.light,
        "dark": identity.theme.dark,
        "fonts": identity.theme.fonts,
        "slot": partial(mark, nonce),
    }

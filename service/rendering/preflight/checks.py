"""The checks themselves: pure, from a rendering to findings."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from service.message.headers import Mailing, issue_headers
from service.message.mail import Mail
from service.models.document import Document, TableEntry
from service.rendering.clip import LIMIT
from service.rendering.filters import one_space, web_link
from service.rendering.issue import Identity, Parts
from service.rendering.preflight.finding import Finding, failure, warning
from service.rendering.preflight.page import Link, Page

LONGEST_SUBJECT = 78
"""Characters; most mailboxes cut the line before that."""
SHORTEST_PREHEADER, LONGEST_PREHEADER = 20, 150
SLOTS = ("unsubscribeUrl", "preferencesUrl")
FEWEST_WORDS = 10

_PLACEHOLDER = re.compile(r"\{\{|%7B%7B|\*\||%7C\*|\[\[|<%", re.IGNORECASE)


def check(parts: Parts, document: Document, identity: Identity) -> list[Finding]:
    """What is wrong with the mail of *parts*; failures first.

    *document* is what it was rendered from, *identity* whose mail it is.
    """
    mail = Mail.of(parts.nonce, parts.subject, parts.html, parts.text)
    if unknown := sorted(mail.names - set(SLOTS)):
        return [failure("slots", f"Nothing fills the slot {unknown[0]}: correct the template.")]
    filled = mail.fill(sample_values(identity.base_url))
    found = [
        *_subject(filled.subject),
        *_preheader(document.preheader),
        *_slots(mail),
        *_text(filled.text),
        *_postal_address("text", " ".join(filled.text.split()), identity),
        *_one_click(document, identity),
        *_base_url(identity.base_url),
        *_entries(document),
    ]
    if filled.html is not None:
        page = Page(filled.html)
        found += [
            *_size(filled.html),
            *_active(page),
            *_links(page),
            *_images(page),
            *_postal_address("HTML", page.words, identity),
        ]
    return sorted(found, key=lambda finding: not finding.blocks)


def sample_values(base_url: str) -> dict[str, str]:
    """A reader's links, as long as real ones."""
    token = "x" * 64
    return {
        "unsubscribeUrl": f"{base_url}/unsubscribe/{token}",
        "preferencesUrl": f"{base_url}/preferences/{token}",
    }


def _size(html: str) -> Iterator[Finding]:
    if (size := len(html.encode())) > LIMIT:
        yield failure(
            "size",
            f"The mail has {size:,} bytes of HTML and Gmail cuts it off: leave out entries until "
            f"it has at most {LIMIT:,}.",
        )


def _subject(subject: str) -> Iterator[Finding]:
    if not subject.strip():
        yield failure("subject", "The subject is empty: write one.")
    elif len(subject) > LONGEST_SUBJECT:
        yield warning(
            "subject",
            f"The subject has {len(subject)} characters, and mailboxes cut it off: put what "
            f"matters first, or keep to {LONGEST_SUBJECT}.",
        )


def _preheader(preheader: str) -> Iterator[Finding]:
    length = len(one_space(preheader))
    if not length:
        yield warning(
            "preheader",
            "The preheader is empty, and a mailbox shows the first words of the mail in its "
            "place: write one.",
        )
    elif not SHORTEST_PREHEADER <= length <= LONGEST_PREHEADER:
        yield warning(
            "preheader",
            f"The preheader has {length} characters: between {SHORTEST_PREHEADER} and "
            f"{LONGEST_PREHEADER} are shown well.",
        )


def _slots(mail: Mail) -> Iterator[Finding]:
    parts = {"text": mail.text} | ({"HTML": mail.html} if mail.html else {})
    for name, part in parts.items():
        for slot in SLOTS:
            if slot not in part.names:
                what = "unsubscribe link" if slot == "unsubscribeUrl" else "link to preferences"
                yield failure(
                    "slots",
                    f"The {name} part has no {what}: put {{{{ slot({slot!r}) }}}} back into its "
                    "template.",
                )


def _text(text: str) -> Iterator[Finding]:
    if len(text.split()) < FEWEST_WORDS:
        yield failure(
            "text", "The text part is missing or says nothing: correct the text template."
        )


def _postal_address(name: str, words: str, identity: Identity) -> Iterator[Finding]:
    lines = [one_space(line) for line in identity.postal_address.splitlines()]
    if not any(lines):
        yield failure(
            "postal address",
            f"{identity.name} has no postal address, which the law asks for in every issue: set "
            "postal_address in its file and load it again.",
        )
    elif not all(line in words for line in lines):
        yield failure(
            "postal address",
            f"The {name} part does not show the postal address: put it back into the template.",
        )


def _one_click(document: Document, identity: Identity) -> Iterator[Finding]:
    mailing = Mailing(
        identity.base_url, identity.slug, identity.name, document.kind, document.number
    )
    try:
        issue_headers(mailing, sample_values(identity.base_url)["unsubscribeUrl"])
    except ValueError as error:
        yield failure(
            "headers",
            f"The headers for one-click unsubscribing cannot be made ({error}): correct "
            "BROADSHEET_BASE_URL.",
        )


def _base_url(base_url: str) -> Iterator[Finding]:
    url = urlsplit(base_url)
    if is_local(url.hostname or ""):
        yield warning(
            "base URL",
            f"Links lead to {url.hostname}, which only this machine can open: set "
            "BROADSHEET_BASE_URL to your public address.",
        )
    elif url.scheme != "https":
        yield warning(
            "base URL",
            "One-click unsubscribing needs HTTPS, and Gmail and Yahoo ask for it: set "
            "BROADSHEET_BASE_URL to an https:// address.",
        )


def is_local(host: str) -> bool:
    """Whether *host* is this machine or its own network."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host in ("", "localhost") or host.endswith((".localhost", ".local", ".internal"))


def _active(page: Page) -> Iterator[Finding]:
    for what in sorted(set(page.active)):
        if what.startswith("<mj-"):
            yield failure("MJML", f"{what} is left in the HTML: correct its place in the template.")
        else:
            yield failure("script", f"{what} can act in a reader's mail: take it out.")


def _links(page: Page) -> Iterator[Finding]:
    for link in page.links:
        yield from _link(link)


def _link(link: Link) -> Iterator[Finding]:
    href, shown = (link.href or "").strip(), one_space(link.words)[:60] or "without words"
    if not href or href == "#":
        yield failure(
            "links", f"The link “{shown}” leads nowhere: give it a web address, or take it out."
        )
    elif href.startswith("mailto:"):
        return
    elif not web_link(href):
        yield failure("links", f"The link “{shown}” is no web address ({href[:80]}): correct it.")
    elif _PLACEHOLDER.search(href):
        yield warning("links", f"The link “{shown}” holds a placeholder that nothing fills.")


def _images(page: Page) -> Iterator[Finding]:
    for image in page.images:
        source = (image.get("src") or "")[:80]
        if not source:
            yield failure("images", "An image has no address: correct it, or take it out.")
        elif source.startswith("http:"):
            yield warning("images", f"The image {source} is not on HTTPS: some mailboxes hide it.")
        if not (image.get("alt") or "").strip():
            yield warning(
                "alt texts",
                f"The image {source} has no alt text: say what it shows, as in ![a chart](…).",
            )


def _entries(document: Document) -> Iterator[Finding]:
    local = []
    for section in document.sections:
        for entry in section.entries:
            if isinstance(entry, TableEntry):
                continue
            url = getattr(entry, "url", "")
            name = one_space(str(getattr(entry, "title", "") or getattr(entry, "name", "")))[:60]
            if entry.kind != "post" and not web_link(url):
                yield warning(
                    "links", f"“{name}” in {section.spec.heading} has no web address to link to."
                )
            elif url and is_local(urlsplit(web_link(url)).hostname or ""):
                local.append(name)
    if local:  # together: where a whole installation is tried out, every entry is
        more = f" and {len(local) - 1} more link" if len(local) > 1 else " links"
        yield warning("links", f"“{local[0]}”{more} to an address that readers cannot open.")

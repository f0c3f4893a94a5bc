"""Another newsletter is a file: its own theme and sections, from the templates of the first."""

from __future__ import annotations

import re
from datetime import datetime
from importlib.resources import files
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from service.models import Newsletter, NoticeKind
from service.models.document import AnyEntry, Document, Headline, Repository, Section, SectionSpec
from service.newsletters.file import load_newsletter
from service.newsletters.problems import read_spec
from service.rendering.issue import FULLEST, Identity, Parts, render_issue
from service.rendering.notices import render_notice
from service.rendering.preflight.checks import check
from service.rendering.theme import load_theme
from service.sources.kinds import check_config
from tests.rendering.html import Page
from tests.rendering.samples import NONCE, sample, sample_html

EXAMPLE = files("service.newsletters") / "examples" / "python-notebook.toml"
BASE_URL = "https://notebook.example.org"


@pytest.fixture(scope="module")
def newsletter() -> Newsletter:
    spec = read_spec(EXAMPLE.read_text(encoding="utf-8"))
    return Newsletter(
        slug=spec.slug,
        name=spec.name,
        description=spec.description,
        postal_address=spec.postal_address,
        language=spec.language,
        timezone=spec.schedule.timezone,
        theme=spec.theme,
        sections=[section.model_dump(mode="json") for section in spec.sections],
    )


def test_it_loads(session: Session, now: datetime) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    load_newsletter(session, text, now, check_source=check_config, check_theme=load_theme)
    assert load_newsletter(session, text, now, check_source=check_config).unchanged


def entry(spec: SectionSpec, now: datetime) -> AnyEntry:
    """Something of the kind that section *spec* shows."""
    name, url = f"Something of {spec.heading}", f"https://a.example/{spec.slug}"
    if spec.kind == "repos":
        return Repository(name=name, url=url, stars=1200, gained=90)
    return Headline(title=name, url=url, source="A Source", published_at=now)


def document(newsletter: Newsletter, now: datetime) -> Document:
    specs = [SectionSpec.model_validate(spec) for spec in newsletter.sections]
    return Document(
        newsletter=newsletter.slug,
        title=newsletter.name,
        kind="daily",
        number=1,
        issue_date=now.date(),
        subject="A first page",
        preheader="What came out, what was said of it, and what to try.",
        editorial="A quiet week for **the core**.",
        editorial_origin="editor",
        sections=tuple(Section(spec=spec, entries=(entry(spec, now),)) for spec in specs),
    )


def rendered(newsletter: Newsletter, now: datetime) -> Parts:
    identity = Identity.of(newsletter, BASE_URL)
    return render_issue(document(newsletter, now), FULLEST, identity, NONCE)


def colours(html: str) -> set[str]:
    return set(re.findall(r"#[0-9a-f]{6}\b", html))


def test_it_has_sections_of_its_own(newsletter: Newsletter, now: datetime) -> None:
    parts = rendered(newsletter, now)
    assert parts.html is not None
    headings = Page(parts.html).headings
    assert headings == [
        "From the Core Team",
        "Packaging and Security",
        "Read This Week",
        "Worth a Star",
    ]
    for heading in headings:
        assert heading.upper() in parts.text
        assert f"Something of {heading}" in Page(parts.html).words


def test_it_shares_no_colour_and_no_display_type_with_the_first(
    newsletter: Newsletter, now: datetime
) -> None:
    html = rendered(newsletter, now).html or ""
    first, own = load_theme({}), load_theme(newsletter.theme)
    assert own.fonts.display != first.fonts.display
    title = html[html.index("<h1") :].partition(">")[0]
    assert f"font-family:{own.fonts.display};" in title
    assert first.fonts.display not in html
    assert own.light.accent in html
    # White on a button is anybody's.
    assert colours(html) & colours(sample_html("daily")) <= {"#ffffff"}


def test_it_sets_its_nameplate_and_its_width_as_its_theme_says(
    newsletter: Newsletter, now: datetime
) -> None:
    html = rendered(newsletter, now).html or ""
    before_title = html[: html.index("<h1")]
    assert "text-align:left" in before_title[before_title.rindex("<div") :]
    assert "max-width:640px" in html
    assert "max-width:600px" not in html


@pytest.mark.parametrize("kind", [kind for kind in NoticeKind if kind is not NoticeKind.TEST])
def test_it_dresses_service_mail_the_same_way(newsletter: Newsletter, kind: NoticeKind) -> None:
    identity = Identity.of(newsletter, BASE_URL)
    html = render_notice(kind, identity).fill(sample(kind.value)["values"]).html or ""
    assert newsletter.name in Page(html).words
    assert load_theme({}).light.accent not in html
    assert identity.theme.light.accent in html


def test_it_passes_the_check_before_a_send(newsletter: Newsletter, now: datetime) -> None:
    identity = Identity.of(newsletter, BASE_URL)
    assert identity.timezone == ZoneInfo("Europe/Amsterdam")
    assert check(rendered(newsletter, now), document(newsletter, now), identity) == []

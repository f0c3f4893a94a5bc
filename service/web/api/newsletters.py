"""Newsletters: what there is to subscribe to, and how each grows."""

from __future__ import annotations

from datetime import date

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.audience.choices import section_specs
from service.audience.growth import DAYS, growth
from service.models import Newsletter
from service.staff.tokens import Scope
from service.web.api.blueprint import NEWSLETTERS, STATS, api
from service.web.api.replies import Reply
from service.web.api.shapes import InQuery, Shape, Slug
from service.web.asking import now
from service.web.problems import NOT_FOUND, Problem


class SectionShown(Shape):
    """A section of a newsletter, which readers may choose."""

    slug: str
    heading: str
    optional: bool = Field(description="Whether a reader may switch it off.")
    topics: list[str] = Field(description="Topics among which a reader may choose.")


class NewsletterShown(Shape):
    """A newsletter of this installation."""

    slug: str
    name: str
    description: str
    language: str
    timezone: str
    archived: bool = Field(description="It takes no readers, and nothing is sent of it.")
    weekly: bool = Field(description="Whether there is a weekly digest.")
    sections: list[SectionShown]


class NewsletterList(Shape):
    """Every newsletter, by name."""

    items: list[NewsletterShown]


class NewsletterPath(Shape):
    newsletter: Slug


class GrowthAsked(Shape):
    days: InQuery = Field(default=DAYS, ge=1, le=366, description="How far back.")


class GrowthDay(Shape):
    """A day of the readership, by UTC."""

    on: date
    readers: int = Field(description="Confirmed readers at the end of the day.")
    joined: int
    left: int


class Growth(Shape):
    """The readership of a newsletter, day by day, oldest first."""

    newsletter: str
    days: list[GrowthDay]


@api.at(
    "GET /newsletters",
    tag=NEWSLETTERS,
    needs=Scope.SUBSCRIBERS_READ,
    answers={200: NewsletterList},
)
def list_newsletters(session: Session) -> Reply:
    """List the newsletters"""
    found = session.scalars(select(Newsletter).order_by(Newsletter.name, Newsletter.id))
    return Reply(NewsletterList(items=[shown(newsletter) for newsletter in found]))


@api.at(
    "GET /newsletters/<newsletter>",
    tag=NEWSLETTERS,
    needs=Scope.SUBSCRIBERS_READ,
    answers={200: NewsletterShown},
)
def get_newsletter(session: Session, path: NewsletterPath) -> Reply:
    """Get one newsletter"""
    return Reply(shown(_newsletter(session, path.newsletter)), tagged=True)


@api.at(
    "GET /newsletters/<newsletter>/growth",
    tag=STATS,
    needs=Scope.STATS_READ,
    answers={200: Growth},
)
def get_growth(session: Session, path: NewsletterPath, query: GrowthAsked) -> Reply:
    """Get the readership day by day

    Counted back from today by who confirmed and who left; readers who deleted their data are in
    none of the days.
    """
    newsletter = _newsletter(session, path.newsletter)
    days = [
        GrowthDay(on=day.on, readers=day.readers, joined=day.joined, left=day.left)
        for day in growth(session, newsletter.id, now(), query.days)
    ]
    return Reply(Growth(newsletter=newsletter.slug, days=days))


def shown(newsletter: Newsletter) -> NewsletterShown:
    return NewsletterShown(
        slug=newsletter.slug,
        name=newsletter.name,
        description=newsletter.description,
        language=newsletter.language,
        timezone=newsletter.timezone,
        archived=newsletter.archived_at is not None,
        weekly=newsletter.weekly_day is not None,
        sections=[
            SectionShown(
                slug=spec.slug,
                heading=spec.heading,
                optional=spec.optional,
                topics=list(spec.topics),
            )
            for spec in section_specs(newsletter)
        ],
    )


def _newsletter(session: Session, slug: str) -> Newsletter:
    found = session.scalars(select(Newsletter).where(Newsletter.slug == slug)).one_or_none()
    if found is None:
        raise Problem(NOT_FOUND, f"There is no newsletter “{slug}”.")
    return found

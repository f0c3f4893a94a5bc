"""To whom alone an issue goes, as programs ask for it and read it."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from service.audience.segment import BadSegment, Segment, read_segment
from service.models import Cadence, Issue, IssueKind, MailFormat, Newsletter
from service.web.api.shapes import Shape, Text
from service.web.problems import NOT_POSSIBLE, Problem, bad_field


class SegmentAsked(Shape):
    """To whom alone an issue goes. All that is named must hold; of one list, one is enough."""

    sections: list[Text] = Field(default=[], max_length=50, description="Slugs.")
    topics: list[Text] = Field(default=[], max_length=50)
    cadences: list[Cadence] = Field(default=[], max_length=3)
    mail_format: MailFormat | None = None
    tags: list[Text] = Field(default=[], max_length=50)
    without_tags: list[Text] = Field(default=[], max_length=50)
    joined_since: date | None = None
    joined_before: date | None = Field(default=None, description="That day is not in it.")
    opened_since: date | None = Field(default=None, description="As people do, not machines.")


class SegmentShown(SegmentAsked):
    """To whom alone an issue goes."""

    corrects: int | None = Field(
        description="The issue that it corrects: only who got that gets it."
    )


def segment_of(newsletter: Newsletter, asked: SegmentAsked | None) -> Segment | None:
    """What is kept with an issue; None for every reader. A 422 for what cannot be."""
    if asked is None:
        return None
    try:
        segment = read_segment(newsletter, asked.model_dump(mode="json", exclude_defaults=True))
    except BadSegment as error:
        raise bad_field("segment", error) from error
    return None if segment.is_everyone else segment


def change_segment(issue: Issue, asked: SegmentAsked | None) -> None:
    """Let a draft go to others."""
    if issue.kind is not IssueKind.MANUAL:
        raise Problem(NOT_POSSIBLE, "Only an issue that was written by hand goes to a segment.")
    shown = segment_shown(issue)
    if shown is not None and shown.corrects is not None:
        raise Problem(NOT_POSSIBLE, "A correction goes to those who got what it corrects.")
    segment = segment_of(issue.newsletter, asked)
    issue.segment = None if segment is None else segment.model_dump(mode="json")


def segment_shown(issue: Issue) -> SegmentShown | None:
    if issue.segment is None:
        return None
    kept = Segment.model_validate(issue.segment)
    return SegmentShown(
        sections=list(kept.sections),
        topics=list(kept.topics),
        cadences=list(kept.cadences),
        mail_format=kept.mail_format,
        tags=list(kept.tags),
        without_tags=list(kept.without_tags),
        joined_since=kept.joined_since,
        joined_before=kept.joined_before,
        opened_since=kept.opened_since,
        corrects=None if kept.held is None else kept.held.issue,
    )

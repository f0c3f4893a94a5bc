"""What programs give of a reader, read: address, language, tags. A 422 names what cannot be."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field
from sqlalchemy.orm import Session

from service.audience.addresses import Address, BadAddress, parse_address
from service.audience.tags import BadTag, clean_tag, tag, tags_of
from service.models import Subscriber
from service.web.api.shapes import Text
from service.web.problems import bad_field

Language = Annotated[
    str, Field(max_length=16, pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", examples=["de"])
]
Name = Annotated[Text, Field(max_length=200), AfterValidator(lambda text: " ".join(text.split()))]
Tags = Annotated[list[Annotated[Text, Field(min_length=1, max_length=64)]], Field(max_length=50)]


def put_on(session: Session, subscriber: Subscriber, tags: list[str]) -> None:
    """Put clean *tags* on a subscriber, besides those that they have."""
    has = set(tags_of(session, [subscriber.id]).get(subscriber.id, []))
    try:
        tag(session, subscriber.id, [one for one in tags if one not in has])
    except BadTag as error:
        raise bad_field("tags", error) from error


def clean(tags: list[str]) -> list[str]:
    """Tags as they are kept, each once."""
    found = set()
    for place, text in enumerate(tags):
        try:
            found.add(clean_tag(text))
        except BadTag as error:
            raise bad_field(f"tags.{place}", error) from error
    return sorted(found)


def tag_of(text: str) -> str:
    """A tag in a query as it is kept, so that ``Beta`` finds what has ``beta``."""
    try:
        return clean_tag(text)
    except BadTag as error:
        raise bad_field("tag", error) from error


def parsed(text: str, field: str = "email") -> Address:
    try:
        return parse_address(text)
    except BadAddress as error:
        raise bad_field(field, error) from error

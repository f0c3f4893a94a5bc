"""The columns of other services' exports, and what they mean.

Names as the exports have them: Substack's ``email_list.….csv`` and its dashboard's CSV, Mailchimp's
``subscribed_``, ``unsubscribed_``, ``cleaned_`` and ``nonsubscribed_members_export_….csv``, Ghost's
members CSV, listmonk's ``subscribers.csv`` (``cmd/subscribers.go``) and Buttondown's subscribers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.audience.imports.plan import Means, Standing


@dataclass(frozen=True)
class Preset:
    """One service: the columns by which its files are known, and what its columns mean."""

    name: str
    title: str
    known_by: tuple[frozenset[str], ...]
    columns: Mapping[str, Means]
    how: str
    """Where its export is found."""


PRESETS: tuple[Preset, ...] = (
    Preset(
        "substack",
        "Substack",
        (
            frozenset({"email", "active_subscription", "expiry"}),
            frozenset({"email", "stripe plan", "start date"}),
        ),
        {
            "email": Means.EMAIL,
            "name": Means.NAME,
            "email_disabled": Means.MAIL_OFF,
            "created_at": Means.JOINED,
            "start date": Means.JOINED,
        },
        "Settings, Exports, “Create new export”; in the archive it is email_list.….csv.",
    ),
    Preset(
        "mailchimp",
        "Mailchimp",
        (frozenset({"leid", "euid"}), frozenset({"email address", "member_rating"})),
        {
            "email address": Means.EMAIL,
            "first name": Means.FIRST_NAME,
            "last name": Means.LAST_NAME,
            "optin_time": Means.JOINED,
            "confirm_time": Means.CONFIRMED,
            "optin_ip": Means.IP,
            "unsub_time": Means.LEFT,
            "unsub_reason": Means.REASON,
            "clean_time": Means.BOUNCED,
            "tags": Means.TAGS,
        },
        "Audience, All contacts, Export audience; bring each file of the archive in its turn.",
    ),
    Preset(
        "ghost",
        "Ghost",
        (frozenset({"email", "subscribed_to_emails"}),),
        {
            "email": Means.EMAIL,
            "name": Means.NAME,
            "subscribed_to_emails": Means.WANTS_MAIL,
            "created_at": Means.JOINED,
            "deleted_at": Means.LEFT,
            "labels": Means.TAGS,
        },
        "Members, the gear, “Export all members”.",
    ),
    Preset(
        "listmonk",
        "listmonk",
        (frozenset({"uuid", "email", "attributes", "status"}),),
        {
            "email": Means.EMAIL,
            "name": Means.NAME,
            "status": Means.STATUS,
            "created_at": Means.JOINED,
        },
        "Subscribers, choose a list, Export. It names no list and nobody who left one: "
        "export each group by a query of its own.",
    ),
    Preset(
        "buttondown",
        "Buttondown",
        (
            frozenset({"email", "creation_date"}),
            frozenset({"email_address", "creation_date"}),
            frozenset({"email", "subscriber_type"}),
        ),
        {
            "email": Means.EMAIL,
            "email_address": Means.EMAIL,
            "type": Means.STATUS,
            "subscriber_type": Means.STATUS,
            "creation_date": Means.JOINED,
            "unsubscription_date": Means.LEFT,
            "unsubscription_reason": Means.REASON,
            "tags": Means.TAGS,
            "ip_address": Means.IP,
        },
        "Settings, Exports, Subscribers.",
    ),
    Preset(
        "broadsheet",
        "Broadsheet",
        (frozenset({"email", "cadence", "state"}),),
        {
            "email": Means.EMAIL,
            "name": Means.NAME,
            "state": Means.STATUS,
            "since": Means.JOINED,
            "confirmed": Means.CONFIRMED,
            "unsubscribed": Means.LEFT,
            "reason": Means.REASON,
            "language": Means.LANGUAGE,
            "tags": Means.TAGS,
            "cadence": Means.CADENCE,
            "sections": Means.SECTIONS,
            "topics": Means.TOPICS,
            "format": Means.FORMAT,
            "timezone": Means.TIMEZONE,
            "hour": Means.HOUR,
            "paused_until": Means.PAUSED,
            "tracked": Means.TRACKED,
            "suppressed": Means.SUPPRESSED,
        },
        "broadsheet export NEWSLETTER, or the page of the subscribers.",
    ),
)

BY_NAME = {preset.name: preset for preset in PRESETS}

_ANYWHERE: Mapping[str, Means] = {
    **dict.fromkeys(("email", "e-mail", "email address", "e-mail address", "mail"), Means.EMAIL),
    **dict.fromkeys(("email_address", "emailaddress", "e-mail-adresse"), Means.EMAIL),
    **dict.fromkeys(("name", "full name", "full_name", "fullname"), Means.NAME),
    **dict.fromkeys(("first name", "first_name", "firstname", "vorname"), Means.FIRST_NAME),
    **dict.fromkeys(("last name", "last_name", "lastname", "surname"), Means.LAST_NAME),
    **dict.fromkeys(("status", "state", "subscription status"), Means.STATUS),
    **dict.fromkeys(("created_at", "created", "joined", "subscribed_at", "since"), Means.JOINED),
    **dict.fromkeys(("signed up", "signup_date", "subscribed at", "date added"), Means.JOINED),
    **dict.fromkeys(("confirmed_at", "confirmed", "confirm_time"), Means.CONFIRMED),
    **dict.fromkeys(("unsubscribed_at", "unsubscribed", "unsub_time"), Means.LEFT),
    **dict.fromkeys(("tags", "labels", "tag", "groups"), Means.TAGS),
    **dict.fromkeys(("ip", "ip_address", "optin_ip", "ip address"), Means.IP),
    **dict.fromkeys(("language", "lang", "locale"), Means.LANGUAGE),
    **dict.fromkeys(("timezone", "time zone", "time_zone"), Means.TIMEZONE),
    "cadence": Means.CADENCE,
    "sections": Means.SECTIONS,
    "topics": Means.TOPICS,
    "format": Means.FORMAT,
    "hour": Means.HOUR,
    "paused_until": Means.PAUSED,
    "tracked": Means.TRACKED,
}


def recognised(columns: Sequence[str]) -> Preset | None:
    """The service whose file has these columns, or None."""
    there = {name.strip().lower() for name in columns}
    for preset in PRESETS:
        if any(known <= there for known in preset.known_by):
            return preset
    return None


def meanings(
    columns: Sequence[str], preset: Preset | None, rows: Sequence[Sequence[str]] = ()
) -> dict[int, Means]:
    """What each column most likely holds; one that looks like no other is left out.

    By its name, the preset's names first; where none is the address, the first *rows* tell.
    """
    names = preset.columns if preset else _ANYWHERE
    found: dict[int, Means] = {}
    for place, name in enumerate(columns):
        means = names.get(name.strip().lower())
        if means is not None and means not in found.values():
            found[place] = means
    if Means.EMAIL not in found.values():
        for place in range(len(columns)):
            if rows and all("@" in row[place] for row in rows):
                return {**found, place: Means.EMAIL}
    return found


def standing_by_name(file_name: str) -> Standing:
    """What a file's own name says about its rows: Mailchimp puts each kind in a file."""
    name = file_name.lower()
    if name.startswith("nonsubscribed"):
        return Standing.UNCONFIRMED
    if name.startswith(("unsubscribed", "unsubscribers")):
        return Standing.LEFT
    return Standing.BOUNCED if name.startswith("cleaned") else Standing.SUBSCRIBED

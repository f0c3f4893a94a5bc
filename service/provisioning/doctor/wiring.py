"""The way of events from SES to our database: as it is configured, and as it works. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

from service.delivery.transports import Outcome, Verdict
from service.provisioning.doctor.finding import Finding, Unread, failed, ok, unknown, warning
from service.provisioning.setup.found import ConfigurationSet
from service.provisioning.setup.wanted import EVENT_TYPES, TRACKING

SETUP = "Run `broadsheet ses setup`."


@dataclass(frozen=True)
class Listening:
    """What the settings name for events to come by."""

    queue_url: str
    topics: Set[str]


@dataclass(frozen=True)
class RoundTrip:
    """A message to SES's mailbox simulator, and the seconds after which each event was stored."""

    outcome: Outcome
    events: Mapping[str, float]
    waited: float
    by_us: bool = False
    """The doctor had to take it from the queue itself."""


def judge_configuration_set(
    name: str, found: ConfigurationSet | Unread | None, listening: Listening, *, tracking: bool
) -> Finding:
    check = f"configuration set {name}" if name else "configuration set"
    if isinstance(found, Unread):
        return unknown(check, found)
    if not name:
        said = "None is set, so nothing is known of a message beyond that SES took it."
        return failed(check, said, f"Set BROADSHEET_SES_CONFIGURATION_SET. {SETUP}")
    if found is None:
        return failed(check, "There is none: SES refuses every message.", SETUP)
    if not found.sending_enabled:
        return failed(check, "Sending is switched off in it.", "Enable it in the SES console.")
    return _judge_destinations(check, found, listening, tracking=tracking)


def _judge_destinations(
    check: str, found: ConfigurationSet, listening: Listening, *, tracking: bool
) -> Finding:
    to_topics = [d for d in found.destinations if d.enabled and d.topic_arn]
    if not to_topics:
        return failed(check, "It sends events to no topic.", SETUP)
    if not listening.queue_url and not listening.topics:
        said = "Nothing of ours listens to its events."
        return failed(check, said, f"{SETUP} Then put into .env what it prints.")
    ours = [d for d in to_topics if not listening.topics or d.topic_arn in listening.topics]
    if not ours:
        said = f"Its events go to {to_topics[0].topic_arn}, which our settings do not name."
        return failed(check, said, f"{SETUP} Then put into .env what it prints.")
    types = frozenset[str]().union(*(d.types for d in ours))
    wanted = frozenset(EVENT_TYPES.values()) - (frozenset() if tracking else TRACKING)
    if missing := sorted(wanted - types):
        option = " (with --tracking)" if set(missing) & TRACKING else ""
        return warning(check, f"It leaves out {', '.join(missing)}.", SETUP[:-1] + option + ".")
    return ok(check, f"{len(wanted)} kinds of events go to {ours[0].topic_arn}.")


def judge_round_trip(wanted: str, found: RoundTrip | Unread) -> Finding:
    """*wanted* is ``Delivery`` or ``Bounce``, the event that ends the trip."""
    check = f"events ({wanted.lower()})"
    if isinstance(found, Unread):
        return unknown(check, found)
    reason = found.outcome.reason or ""
    if found.outcome.verdict is Verdict.UNKNOWN:
        return unknown(check, Unread(f"Nobody knows whether SES took the message. {reason}"))
    if found.outcome.verdict is not Verdict.ACCEPTED:
        return failed(check, "SES did not take a message to its simulator.", reason)
    return _judge_events(check, wanted, found)


def _judge_events(check: str, wanted: str, found: RoundTrip) -> Finding:
    if wanted in found.events:
        said = f"A message to SES's simulator came back in {found.events[wanted]:.0f} s."
        if not found.by_us:
            return ok(check, said)
        said += " Nobody else took it from the queue."
        return warning(check, said, "Start `broadsheet events`, or `broadsheet up`.")
    waited = f"within {found.waited:.0f} s"
    if found.events:
        said = f"{', '.join(sorted(found.events))} came, {wanted} did not {waited}."
        return warning(check, said, "Wait a minute and look again; a longer --timeout helps.")
    said = f"SES took a message to its simulator, and no event came {waited}."
    todo = f"{SETUP} Then look whether another program takes from the queue."
    return failed(check, said, todo)

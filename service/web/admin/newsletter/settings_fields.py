"""The forms of a newsletter's settings as data: which field stands where in its description."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from werkzeug.datastructures import MultiDict

from service.newsletters.edit import BadEdit, Raw
from service.newsletters.spec import DAYS
from service.web.admin.newsletter.changing import Faults, sentence

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DAY_CHOICES = tuple(zip(DAYS, WEEKDAYS, strict=True))


@dataclass(frozen=True)
class Field:
    """One field: its name in the form, its place in the description, how it is shown."""

    name: str
    path: tuple[str, ...]
    label: str
    kind: Literal["line", "text", "time", "zone", "number", "tick", "days", "choose", "radio"] = (
        "line"
    )
    hint: str = ""
    choices: Sequence[tuple[str, str]] = ()
    absent: bool = False
    """Empty means that there is none."""
    unit: str = ""


IDENTITY = (
    Field("name", ("name",), "Name"),
    Field("description", ("description",), "What it is, in a sentence or two", "text",
          "Stands on its page, above the form to sign up."),
    Field("byline", ("byline",), "Byline", hint="Whose words the editorial is; may be empty."),
    Field("sender_name", ("sender", "name"), "Sender's name",
          hint="Empty: the newsletter's name."),
    Field("sender_address", ("sender", "address"), "Sender's address",
          hint="Its domain must be verified in SES: the page Health says whether it is."),
    Field("reply_to", ("sender", "reply_to"), "Answers go to", absent=True,
          hint="Empty: to the sender's address."),
    Field("postal_address", ("postal_address",), "Postal address", "text",
          "The law asks for one in every issue."),
    Field("language", ("language",), "Language", hint="Like en or de. Dates, numbers and our own "
          "words in mail and on public pages follow it."),
)  # fmt: skip

SCHEDULE = (
    Field("timezone", ("schedule", "timezone"), "Time zone", "zone"),
    Field("time", ("schedule", "time"), "Time", "time",
          "When the issue is made and, unless an editor approves it, begins to go out."),
    Field("days", ("schedule", "days"), "Days of the daily issue", "days",
          "None: no daily issue is made by itself.", DAY_CHOICES),
    Field("weekly", ("schedule", "weekly"), "Digest for weekly readers", "choose", absent=True,
          choices=(("", "None"), *DAY_CHOICES)),
)  # fmt: skip

SENDING = (
    Field("approval", ("publishing", "approval"), "Who lets an issue go?", "radio", choices=(
        ("auto", "It goes by itself at its hour"),
        ("approve", "It waits until an editor approves it"),
    )),
    Field("hold_hours", ("publishing", "hold_hours"), "It waits for an editor", "number",
          unit="hours"),
    Field("when_unapproved", ("publishing", "when_unapproved"), "and when nobody came by then",
          "radio", choices=(
        ("hold", "it stays a draft, and goes when somebody approves it"),
        ("skip", "nothing is sent that day"),
    )),
    Field("min_items", ("publishing", "min_items"), "Fewest new items for an issue by itself",
          "number", "With fewer, the day is skipped.", unit="items"),
    Field("when_unknown", ("publishing", "when_unknown"),
          "When Amazon never said whether it took a message", "radio",
          "After a crash or a lost connection, for the few messages in flight.", (
        ("skip", "leave it: nobody gets an issue twice, somebody may miss one"),
        ("retry", "send it again: nobody misses one, somebody may get it twice"),
    )),
    Field("canary_percent", ("sending", "canary_percent"), "Send first to", "number",
          "A few readers go ahead; when too many of them bounce or complain, the others get "
          "nothing before an editor looked. 0: nobody goes ahead.", unit="% of the readers"),
    Field("canary_minutes", ("sending", "canary_minutes"), "and the others wait", "number",
          unit="minutes"),
    Field("lateness_hours", ("sending", "lateness_hours"), "Give up on a reader after", "number",
          "So long past their own hour, readers get nothing rather than old news.", unit="hours"),
    Field("tracking", ("sending", "tracking"), "Keep opens and clicks", "tick",
          "Off by default. Each reader can refuse it for themselves, and the privacy page says "
          "that it is done."),
)  # fmt: skip

TABS = {"identity": IDENTITY, "schedule": SCHEDULE, "sending": SENDING}


def shown(fields: Iterable[Field], raw: Raw) -> dict[str, Any]:
    """What the form shows of a description."""
    found = {field.name: _at(raw, field.path) for field in fields}
    return {n: f"{value:g}" if isinstance(value, float) else value for n, value in found.items()}


def typed(fields: Iterable[Field], form: MultiDict[str, str]) -> dict[str, Any]:
    """What came back, by the names of the fields, as it was typed."""
    return {
        field.name: form.getlist(field.name)
        if field.kind == "days"
        else bool(form.get(field.name))
        if field.kind == "tick"
        else _clean(form.get(field.name, ""))
        for field in fields
    }


def put(fields: Iterable[Field], values: Mapping[str, Any], raw: Raw) -> None:
    """Set in a description what was typed; whether it holds is for the description's rules."""
    for field in fields:
        value = values[field.name]
        if isinstance(value, str) and field.kind != "text":
            value = value.strip()
        if field.absent and not value:
            value = None
        part = raw
        for step in field.path[:-1]:
            part = part[step]
        part[field.path[-1]] = value


def faults_at(error: BadEdit, fields: Iterable[Field]) -> Faults:
    """The problems of *error* at the fields of this form; the others above it."""
    by_path = {field.path: field.name for field in fields}
    at: dict[str, str] = {}
    whole: list[str] = []
    for place, said in error.problems.items():
        path = tuple(map(str, place))
        name = by_path.get(path) or by_path.get(path[:2])
        if name:
            at.setdefault(name, sentence(said))
        else:
            whole.append(sentence(f"{'.'.join(path)}: {said}" if path else said))
    return Faults(at, whole)


def _at(raw: Raw, path: tuple[str, ...]) -> Any:
    for step in path:
        raw = raw[step]
    return raw


def _clean(text: str) -> str:
    kept = (char for char in text.replace("\r\n", "\n") if char == "\n" or ord(char) >= 32)
    return "".join(kept)[:5000]

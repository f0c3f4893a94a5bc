"""Configuration sets and their event destinations: which events go to which topics.

https://docs.aws.amazon.com/ses/latest/dg/event-publishing-add-event-destination-sns.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..policies import allows
from ..sns import Topics
from ..sqs import ACCOUNT
from ..topic import Topic
from ..web import Request, Response, as_json
from .errors import SesError, bad_request, not_found

DEFAULT_SET = "broadsheet"
DEFAULT_DESTINATION = "broadsheet-events"
EVENT_TYPES: Mapping[str, str] = {
    "Send": "SEND",
    "Reject": "REJECT",
    "Bounce": "BOUNCE",
    "Complaint": "COMPLAINT",
    "Delivery": "DELIVERY",
    "Open": "OPEN",
    "Click": "CLICK",
    "Rendering Failure": "RENDERING_FAILURE",
    "DeliveryDelay": "DELIVERY_DELAY",
    "Subscription": "SUBSCRIPTION",
}
"""An event's ``eventType`` and what ``MatchingEventTypes`` calls it."""


class Directory:
    """The sets that exist. Any sender may send through them; see ``checks.sender``."""

    def __init__(self, topics: Topics) -> None:
        self._topics = topics
        self._sets: dict[str, dict[str, dict[str, Any]]] = {}
        self._listening: dict[tuple[str, str, int], tuple[Topic, ...]] = {}

    def wire(self, topic: Topic) -> None:
        """A set as an account has it that was set up: all of its events go to *topic*."""
        self._sets[DEFAULT_SET] = {
            DEFAULT_DESTINATION: {
                "Enabled": True,
                "MatchingEventTypes": list(EVENT_TYPES.values()),
                "SnsDestination": {"TopicArn": topic.arn},
            }
        }
        self._listening.clear()

    def listening(self, name: str | None, step: str) -> tuple[Topic, ...]:
        """Topics that hear of a message of the set *name*; *step* is like ``Bounce:suppressed``."""
        key = (name or "", step, self._topics.version)
        found = self._listening.get(key)
        if found is None:
            kind = step.partition(":")[0]
            found = self._listening[key] = tuple(self._find(name or "", kind))
        return found

    def _find(self, name: str, kind: str) -> list[Topic]:
        found = []
        for destination in self._sets.get(name, {}).values():
            wanted = EVENT_TYPES.get(kind) in destination["MatchingEventTypes"]
            topic = self._topics.named(_topic_arn(destination))
            if topic and wanted and destination.get("Enabled") and _may_publish(topic):
                found.append(topic)
        return found

    def require_set(self, name: str | None) -> str | None:
        """The name, or a NotFoundException."""
        if name is not None and name not in self._sets:
            raise not_found(f"Configuration set <{name}> does not exist.")
        return name

    def create_set(self, request: Request) -> Response:
        name = request.document().get("ConfigurationSetName")
        if not name:
            raise bad_request("ConfigurationSetName is missing.")
        if name in self._sets:
            raise SesError("AlreadyExistsException", f"Configuration set <{name}> already exists.")
        self._sets[name] = {}
        return as_json({})

    def get_set(self, request: Request) -> Response:
        name = self.require_set(request.params["name"])
        return as_json({"ConfigurationSetName": name, "SendingOptions": {"SendingEnabled": True}})

    def list_sets(self, _request: Request) -> Response:
        return as_json({"ConfigurationSets": sorted(self._sets)})

    def delete_set(self, request: Request) -> Response:
        self.require_set(request.params["name"])
        del self._sets[request.params["name"]]
        self._listening.clear()
        return as_json({})

    def create_destination(self, request: Request) -> Response:
        name, call = request.params["name"], request.document()
        self.require_set(name)
        called = str(call.get("EventDestinationName") or "")
        if called in self._sets[name]:
            raise SesError("AlreadyExistsException", f"Event destination <{called}> exists.")
        self._sets[name][called] = self._checked(called, call)
        self._listening.clear()
        return as_json({})

    def update_destination(self, request: Request) -> Response:
        name, called = request.params["name"], request.params["destination"]
        self.require_set(name)
        if called not in self._sets[name]:
            raise not_found(f"Event destination <{called}> does not exist.")
        self._sets[name][called] = self._checked(called, request.document())
        self._listening.clear()
        return as_json({})

    def get_destinations(self, request: Request) -> Response:
        name = request.params["name"]
        self.require_set(name)
        rows = [{"Name": called, **kept} for called, kept in self._sets[name].items()]
        return as_json({"EventDestinations": rows})

    def _checked(self, called: str, call: Mapping[str, Any]) -> dict[str, Any]:
        destination = dict(call.get("EventDestination") or {})
        types = destination.get("MatchingEventTypes") or []
        if not called or not types or not set(types) <= set(EVENT_TYPES.values()):
            raise bad_request("Give EventDestinationName, and MatchingEventTypes that exist.")
        topic = self._topics.named(_topic_arn(destination))
        if "SnsDestination" in destination and (topic is None or not _may_publish(topic)):
            raise bad_request(f"Could not publish to SNS topic <{_topic_arn(destination)}>.")
        return {"Enabled": False, **destination}


def _topic_arn(destination: Mapping[str, Any]) -> str:
    return str((destination.get("SnsDestination") or {}).get("TopicArn", ""))


def _may_publish(topic: Topic) -> bool:
    return allows(
        topic.attributes["Policy"],
        service="ses.amazonaws.com",
        action="sns:Publish",
        resource=topic.arn,
        context=(("aws:SourceAccount", ACCOUNT), ("aws:SourceOwner", ACCOUNT)),
    )

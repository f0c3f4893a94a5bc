"""What there is already, as it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Queue:
    url: str
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Topic:
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Subscription:
    """The queue's subscription to the topic."""

    arn: str
    raw: bool


@dataclass(frozen=True)
class Destination:
    """An event destination of the configuration set; *topic_arn* is '' when it is no topic."""

    name: str
    enabled: bool
    types: frozenset[str]
    topic_arn: str


@dataclass(frozen=True)
class ConfigurationSet:
    sending_enabled: bool = True
    destinations: tuple[Destination, ...] = ()


@dataclass(frozen=True)
class Found:
    """None is what does not exist yet."""

    dead_letters: Queue | None = None
    queue: Queue | None = None
    topic: Topic | None = None
    subscription: Subscription | None = None
    configuration_set: ConfigurationSet | None = None

"""kombu's Redis transport, mended: an acknowledgement that fails must not cost a worker its ears.

A worker takes no more messages than it has processes; acknowledging one makes room for the next. In
kombu 5.7 an acknowledgement that meets a Redis which is away is logged and forgotten, and the room
never comes back (kombu's ``redis.QoS.ack`` tells Redis first and keeps its own count second). When
every process of a worker ends its task in that moment, the worker listens to nobody any more, so
that it does not even notice that its connection is gone: it stands still until it is restarted.

The message itself stays in Redis, if Redis kept its data, and is delivered again much later; a ring
that comes twice changes nothing.
"""

from __future__ import annotations

from kombu.transport import redis, virtual
from redis.exceptions import RedisError


class RoomKeeper(redis.QoS):
    """Makes room also when Redis could not be told."""

    def ack(self, delivery_tag: str) -> None:
        try:
            super().ack(delivery_tag)
        except (RedisError, OSError):
            virtual.QoS.ack(self, delivery_tag)
            raise


def keep_room() -> None:
    """Let every channel of this process count so."""
    redis.Channel.QoS = RoomKeeper

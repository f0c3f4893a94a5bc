"""A Redis that is away in the wrong moment costs a worker nothing but time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kombu import Connection, Consumer, Message, Queue
from redis.exceptions import RedisError

from tests.servers.redis import RedisServer
from workers.app import app

ROOM = 2


@pytest.fixture
def mortal() -> Iterator[RedisServer]:
    """A Redis of this test's own, to be killed."""
    server = RedisServer()
    yield server
    server.close()


def connection_to(server: RedisServer) -> Connection:
    options = app.conf.broker_transport_options
    url = server.url.replace("unix://", "redis+socket://")
    return Connection(url, transport_options=options)


def test_it_hears_the_next_ring_after_acknowledging_into_nothing(mortal: RedisServer) -> None:
    queue = Queue("send")
    with connection_to(mortal) as connection:
        taken: list[Message] = []
        producer = connection.Producer()
        for number in range(ROOM):
            producer.publish(number, routing_key="send", declare=[queue])
        channel = connection.channel()
        consumer = Consumer(channel, [queue], on_message=taken.append)
        consumer.qos(prefetch_count=ROOM)
        with consumer:
            while len(taken) < ROOM:
                connection.drain_events(timeout=10)
            assert not channel.qos.can_consume(), "the worker is not busy: the test proves nothing"
            mortal.kill()
            for message in taken:
                with pytest.raises((RedisError, OSError)):
                    message.ack()
            assert channel.qos.can_consume(), "its room is never free again: it stands still"
            mortal.start()


def test_it_takes_no_more_than_it_has_room_for(mortal: RedisServer) -> None:
    queue = Queue("send")
    with connection_to(mortal) as connection:
        taken: list[Message] = []
        producer = connection.Producer()
        for number in range(3):
            producer.publish(number, routing_key="send", declare=[queue])
        channel = connection.channel()
        consumer = Consumer(channel, [queue], on_message=taken.append)
        consumer.qos(prefetch_count=1)
        with consumer:
            for count in range(1, 4):
                while len(taken) < count:
                    connection.drain_events(timeout=10)
                assert not channel.qos.can_consume()
                taken[-1].ack()
                assert channel.qos.can_consume()

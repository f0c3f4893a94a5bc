"""What is done to the stage while an issue goes out. Each act runs beside the others in a round.

Whatever an act takes away it brings back, as an operator's supervisor would: what is proved is that
nothing is lost or doubled meanwhile, not that the service runs on nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import httpx2
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from service import db
from service.audience.subscribe import unsubscribe
from service.config import settings
from service.delivery.addressing import reader_links
from service.issues.approve import resume
from service.models import Issue, IssueState, Subscriber, Subscription
from tests.chaos.cable import Cut
from tests.chaos.crew import BEAT, EVENTS, SECOND_BEAT, WORKERS
from tests.chaos.scene import Scene

Act = Callable[[Scene], None]

LEAVERS = 0.05
ONE_CLICK = "List-Unsubscribe=One-Click"
PARKED_FOR = 301.0
"""Seconds; a little more than for what ``service.delivery.send`` parks an issue."""

IN_FLIGHT, RESTS = 2.0, 2.5
"""Seconds after which no call of before can be under way; more than two ticks."""


def kill_workers(scene: Scene) -> None:
    """A worker with its pool, at random moments; now and then both at once."""
    chance = scene.chance("kill workers")
    for _ in scene.moments(chance, 4):
        names = [name for name in WORKERS if chance.random() < 0.6] or [chance.choice(WORKERS)]
        for name in names:
            scene.crew.kill(name)
            scene.deed("kill -9 of a worker")
        scene.pause(chance.uniform(0, 0.5))
        for name in names:
            scene.crew.start(name)


def kill_pool_processes(scene: Scene) -> None:
    """Single processes of the pools; celery forks others in their place."""
    chance = scene.chance("kill pool processes")
    for _ in scene.moments(chance, 4):
        if scene.crew.kill_one_of(chance.choice(WORKERS), chance.randrange(2)):
            scene.deed("kill -9 of a pool process")


def kill_beat(scene: Scene) -> None:
    chance = scene.chance("kill beat")
    for _ in scene.moments(chance, 3):
        scene.crew.kill(BEAT)
        scene.deed("kill -9 of beat")
        scene.pause(chance.uniform(0, 2))
        scene.crew.start(BEAT)


def kill_events_reader(scene: Scene) -> None:
    chance = scene.chance("kill the reader of events")
    for _ in scene.moments(chance, 2):
        scene.crew.kill(EVENTS)
        scene.deed("kill -9 of the reader of events")
        scene.crew.start(EVENTS)


def stop_workers(scene: Scene) -> None:
    """SIGTERM in mid-batch: what is in hand is finished, and somebody else goes on."""
    chance = scene.chance("stop workers")
    for number in scene.moments(chance, 2):
        name = WORKERS[number % 2]
        scene.deed("SIGTERM of a worker")
        scene.crew.stop(name)
        scene.crew.start(name)


def kill_redis(scene: Scene) -> None:
    """Redis dies and comes back with what it had on its disk."""
    _kill_redis(scene, lose=False)


def lose_redis(scene: Scene) -> None:
    """Redis dies and comes back empty."""
    _kill_redis(scene, lose=True)


def _kill_redis(scene: Scene, *, lose: bool) -> None:
    chance = scene.chance(f"kill redis {lose}")
    for _ in scene.moments(chance, 2):
        scene.stage.kill_redis(lose=lose)
        scene.deed("kill -9 of Redis" + (" and its data" if lose else ""))
        scene.pause(chance.uniform(0.2, 1.5))
        scene.stage.redis.start()


def flush_redis(scene: Scene) -> None:
    chance = scene.chance("flush redis")
    for _ in scene.moments(chance, 4):
        _flush(scene)
        scene.deed("FLUSHALL")


def _flush(scene: Scene) -> None:
    for _ in range(50):
        try:
            with Redis.from_url(scene.stage.redis.url) as client:
                client.flushall()
        except (RedisError, OSError):  # another act has it down at the moment
            time.sleep(0.1)
        else:
            return


def crash_postgres(scene: Scene) -> None:
    """``pg_ctl -m immediate``: every connection is cut, the next start recovers from the WAL.

    The tests' server runs without fsync. That is no weaker here: what a commit wrote is with the
    kernel, which outlives the server; only a machine that loses its power loses it.
    """
    chance = scene.chance("crash postgres")
    for _ in scene.moments(chance, 2):
        scene.stage.postgres.stop("immediate")
        scene.deed("crash of PostgreSQL")
        scene.pause(chance.uniform(0, 1))
        scene.stage.postgres.start()


def cut_network(scene: Scene) -> None:
    """Between us and SES: each kind of cut once, in random order."""
    chance = scene.chance("cut network")
    kinds = chance.sample(list(Cut), len(Cut))
    for number in scene.moments(chance, len(kinds)):
        scene.stage.cable.cut(kinds[number])
        scene.deed("cut of the network")
        scene.pause(chance.uniform(0.3, 2.5))
        scene.stage.cable.heal()


def second_beat(scene: Scene) -> None:
    """Somebody starts the scheduler twice."""
    scene.crew.start(SECOND_BEAT)
    scene.deed("second beat")
    scene.over.wait()
    scene.crew.kill(SECOND_BEAT)


def jump_clocks(scene: Scene) -> None:
    """The clocks of the workers and of beat are set, apart from one another, by up to 5 s."""
    chance = scene.chance("jump clocks")
    for _ in scene.moments(chance, 5):
        scene.crew.set_clock(chance.choice([*WORKERS, BEAT]), chance.uniform(-5, 5))
        scene.deed("jump of a clock")
    for name in (*WORKERS, BEAT):
        scene.crew.set_clock(name, 0)


def unsubscribe_many(scene: Scene) -> None:
    """One in twenty leaves, as fast as it goes: every other one by RFC 8058's one click.

    From the moment of the answer nothing may be marked for them any more.
    """
    chance = scene.chance("unsubscribe")
    with Session(scene.stage.engine) as session:
        found = session.execute(
            select(Subscription.id, Subscriber.email)
            .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
            .where(Subscription.newsletter_id == scene.newsletter_id)
            .order_by(Subscription.id)
        ).all()
    leaving = chance.sample(found, round(len(found) * LEAVERS))
    ways = ((_one_click, "one click"), (_unsubscribe, "unsubscribe"))
    with httpx2.Client(base_url=scene.crew.web_url(), trust_env=False) as client:
        for number in scene.moments(chance, len(leaving)):
            subscription_id, address = leaving[number]
            leave, deed = ways[number % 2]
            if leave(client, subscription_id):
                scene.watcher.has_left(address, time.time())
                scene.deed(deed)
            else:
                time.sleep(0.1)


def hear_of_earlier_ones(scene: Scene) -> None:
    """SES tells what became of the issue before, now that this one is planned and begins to go."""
    while not scene.watcher.share_out() and not scene.over.wait(0.03):
        pass
    scene.stage.control("faults", {"events": {"hold": False}})


def _one_click(client: httpx2.Client, subscription_id: int) -> bool:
    """What a mail program posts; False when the answer says that it came to nothing."""
    links = reader_links(subscription_id, secret=settings().secret, base_url="")
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    try:
        return client.post(links["unsubscribeUrl"], content=ONE_CLICK, headers=kind).is_success
    except httpx2.HTTPError:
        return False


def _unsubscribe(_client: httpx2.Client, subscription_id: int) -> bool:
    """By our function; False when another act has the database down at the moment."""
    try:
        with db.session_scope() as session:
            unsubscribe(session, subscription_id, datetime.now(UTC), how="one_click")
    except OperationalError:
        return False
    return True


def resume_when_halted(scene: Scene) -> None:
    """An operator who mends what the issue says, and resumes it."""
    while not scene.over.wait(0.2):
        if scene.watcher.issue is not IssueState.HELD:
            continue
        scene.stage.control("faults", {"account": {"sending_enabled": True}})
        with Redis.from_url(scene.stage.redis.url) as client:
            client.flushall()  # what GetAccount said is kept for a minute
        with db.session_scope() as session:
            issue = session.get_one(Issue, scene.issue_id)
            if issue.state is IssueState.HELD:
                resume(session, issue, datetime.now(UTC))
        scene.deed("resumed")


def pause_account(scene: Scene) -> None:
    """SES pauses the account in the middle of the issue."""
    for _ in scene.moments(scene.chance("pause account"), 2):
        scene.stage.control("faults", {"account": {"sending_enabled": False}})
        scene.deed("account paused")


def wait_for_quota(scene: Scene) -> None:
    """Each time the quota is used up: see that the issue rests, then let a day go by.

    The sandbox's day, that is, and five minutes of our processes' clocks. What GetAccount said is
    kept in Redis for a minute by Redis's clock, which nobody sets, so that Redis is emptied too.
    """
    wrong = 0.0
    while not scene.over.wait(0.2):
        if not scene.watcher.parked:
            continue
        scene.pause(IN_FLIGHT)
        before = scene.marked()
        scene.pause(RESTS)
        if scene.marked() != before or not scene.watcher.parked:
            scene.watcher.wrong.append("the issue was sent on while the quota was used up")
        scene.stage.control("faults", {"day_seconds": 1})
        scene.pause(1.5)
        _flush(scene)
        wrong += PARKED_FOR
        for name in (*WORKERS, BEAT, EVENTS):
            scene.crew.set_clock(name, wrong)
        if _goes_on(scene):
            scene.deed("daily quota used up, and had room again")
        scene.stage.control("faults", {"day_seconds": 86_400})


def _goes_on(scene: Scene) -> bool:
    """Wait until the issue rests no more; False when the round was over before."""
    while scene.watcher.parked:
        if scene.over.wait(0.1):
            return False
    return True


DEEDS: Mapping[Act, tuple[str, ...]] = {
    kill_workers: ("kill -9 of a worker",),
    kill_pool_processes: ("kill -9 of a pool process",),
    kill_beat: ("kill -9 of beat",),
    kill_events_reader: ("kill -9 of the reader of events",),
    stop_workers: ("SIGTERM of a worker",),
    kill_redis: ("kill -9 of Redis",),
    lose_redis: ("kill -9 of Redis and its data",),
    flush_redis: ("FLUSHALL",),
    crash_postgres: ("crash of PostgreSQL",),
    cut_network: ("cut of the network",),
    second_beat: ("second beat",),
    jump_clocks: ("jump of a clock",),
    unsubscribe_many: ("one click", "unsubscribe"),
    pause_account: ("account paused",),
    resume_when_halted: ("resumed",),
    wait_for_quota: ("daily quota used up, and had room again",),
}
"""By what each act says that it did, so that a round in which it came too late is seen."""

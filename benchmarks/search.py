"""Search over a million subscribers, beside the same over ten thousand, on PostgreSQL.

What the page of subscribers asks, with the questions that an editor types, and the filters. Each
question is asked many times; what counts is the slowest of a hundred.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from benchmarks.stage import a_newsletter, stage
from benchmarks.table import Row, show
from service import migrations
from service.audience.choices import Wanted, row_for
from service.audience.search import Asked, find
from service.db import engine, make_engine
from service.models import Cadence, SubscriptionState

FEW, MANY = (int(size) for size in os.environ.get("SUBSCRIBERS", "10000,1000000").split(","))
TIMES = 300
"""Each kind of question."""
WARM = 10
"""Times before, that are not counted."""

NAMES = [
    "ann", "bob", "carla", "dmitri", "eve", "frank", "grace", "heidi", "ivan", "judy", "kim",
    "lena", "mallory", "nia", "oscar", "peggy",
]  # fmt: skip

SUBSCRIBERS = """
INSERT INTO subscriber (email, email_key, email_hash, domain, language, created_at)
SELECT address, address, md5(address) || md5(address), split_part(address, '@', 2),
       CASE WHEN n % 150 = 0 THEN 'de' END,
       CAST(:now AS timestamptz) - (:last - n) * interval '1 minute'
FROM (
    SELECT n, (CAST(:names AS text[]))[1 + n % 16] || '.' || to_hex(n * 7919 % 16777213) || '@'
        || CASE WHEN n % 3 = 0 THEN 'mail.example' ELSE 'host' || n % 97 || '.example' END
        AS address
    FROM generate_series(1, CAST(:last AS bigint)) AS n
) AS made
"""
"""A third of them at one provider, the others at a hundred hosts."""

SUBSCRIPTIONS = """
INSERT INTO subscription
    (subscriber_id, newsletter_id, state, choice_id, cadence, created_at, confirmed_at)
SELECT id, :newsletter,
       CASE WHEN id % 151 = 0 THEN 'pending' WHEN id % 10 = 0 THEN 'unsubscribed' ELSE 'active' END,
       :choice, CASE WHEN id % 7 = 0 THEN 'weekly' ELSE 'daily' END, created_at, created_at
FROM subscriber WHERE NOT EXISTS (SELECT 1 FROM subscription WHERE subscriber_id = subscriber.id)
"""
TAGS = """
INSERT INTO subscriber_tag (subscriber_id, tag)
SELECT id, 'beta' FROM subscriber WHERE id % 152 = 0
UNION ALL SELECT id, 'reader' FROM subscriber WHERE id % 2 = 0
ON CONFLICT DO NOTHING
"""
SUPPRESSIONS = """
INSERT INTO suppression (email_hash, reason, detail, created_at)
SELECT email_hash, 'bounce', '', CAST(:now AS timestamptz) FROM subscriber WHERE id % 153 = 0
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True)
class Question:
    what: str
    of: Callable[[random.Random, int, datetime], Asked]


ACTIVE = SubscriptionState.ACTIVE

QUESTIONS = (
    Question("the beginning of an address", lambda rnd, most, _: Asked(address(rnd, most)[:8])),
    Question("a whole address", lambda rnd, most, _: Asked(address(rnd, most))),
    Question("one letter", lambda rnd, *_: Asked(rnd.choice(NAMES)[0])),
    Question("a domain", lambda rnd, *_: Asked(f"@host{rnd.randrange(97)}.example")),
    Question("a provider's domain", lambda *_: Asked("@mail.example")),
    Question("nothing: the newest", lambda *_: Asked()),
    Question("one letter, active", lambda rnd, *_: Asked(rnd.choice(NAMES)[0], state=ACTIVE)),
    Question("who is pending", lambda *_: Asked(state=SubscriptionState.PENDING)),
    Question("who left", lambda *_: Asked(state=SubscriptionState.UNSUBSCRIBED)),
    Question("who reads weekly", lambda *_: Asked(cadence=Cadence.WEEKLY)),
    Question("a rare tag", lambda *_: Asked(tag="beta")),
    Question("a tag of half of them", lambda *_: Asked(tag="reader")),
    Question("who is suppressed", lambda *_: Asked(suppressed=True)),
    Question("who is not suppressed", lambda *_: Asked(suppressed=False)),
    Question("a rare language", lambda *_: Asked(language="de")),
    Question("who joined today", lambda _, __, now: Asked(joined_since=now - timedelta(days=1))),
)


def address(rnd: random.Random, most: int) -> str:
    """Of one of the readers that :data:`SUBSCRIBERS` makes."""
    n = 1 + rnd.randrange(most)
    host = "mail.example" if n % 3 == 0 else f"host{n % 97}.example"
    return f"{NAMES[n % 16]}.{n * 7919 % 16777213:x}@{host}"


def run() -> None:
    with stage(), beside() as other:
        here, now = engine(), datetime.now(UTC)
        fill(other, FEW, now)
        fill(here, MANY, now)
        rows, all_few, all_many = [], [], []
        for question in QUESTIONS:
            few, many = in_turns(question, other, here, now)
            rows.append(Row(question.what, p99(many) * 1e6, p99(few) * 1e6, f"among {FEW:,}"))
            all_few += few
            all_many += many
        print(f"\nThe median of all: {median(all_many) * 1e3:.1f} ms")
    show(f"A page of 50 of {MANY:,} subscribers, p99 of {TIMES} (target 0.33)", rows)
    ratio = p99(all_many) / p99(all_few)
    print(f"  p99 of all questions: {ratio:.2f} times that among {FEW:,} (target at most 3)")


@contextmanager
def beside() -> Iterator[Engine]:
    """A second database of the same server, so that both are asked in turns, and a busy moment of
    the machine meets both."""
    with engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CREATE DATABASE beside"))
    found = make_engine(engine().url.set(database="beside").render_as_string(hide_password=False))
    migrations.upgrade(found)
    try:
        yield found
    finally:
        found.dispose()


def fill(engine: Engine, readers: int, now: datetime) -> None:
    """A newsletter and its readers, written by the database itself."""
    with Session(engine) as session, session.begin():
        newsletter = a_newsletter()
        session.add(newsletter)
        session.flush()
        choice = row_for(session, newsletter.id, Wanted())
        values = {
            "names": NAMES, "last": readers, "now": now,
            "newsletter": newsletter.id, "choice": choice.id,
        }  # fmt: skip
        for statement in (SUBSCRIBERS, SUBSCRIPTIONS, TAGS, SUPPRESSIONS):
            session.execute(text(statement), values)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def in_turns(
    question: Question, other: Engine, here: Engine, now: datetime
) -> tuple[list[float], list[float]]:
    """Seconds of each time that the few and the many were asked."""
    few, many = [], []
    for number in range(TIMES + WARM):
        for where, taken, readers in ((other, few, FEW), (here, many, MANY)):
            asked = question.of(random.Random(number), readers, now)  # noqa: S311 (no secret)
            start = time.perf_counter()
            with Session(where) as session:
                find(session, asked, now)
            if number >= WARM:
                taken.append(time.perf_counter() - start)
    return few, many


def p99(taken: list[float]) -> float:
    return quantiles(taken, n=100)[98]

"""One set of stored inputs, put into the database in any order, and the bytes that it gives.

As a program, ``python -m tests.issues.stored SEED``, it does so in a process of its own.
"""

from __future__ import annotations

import random
import sys
from datetime import datetime

from sqlalchemy.orm import Session

from service import db, migrations
from service.issues.approve import approve
from service.issues.build import build_issue
from service.message.slots import new_nonce
from service.models import Issue, IssueKind, Newsletter, Source
from service.models.document import Document
from service.rendering.issue import FULLEST, Identity, render_issue
from tests.issues import rows
from tests.issues.rows import DAY, HOUR, NOW

NONCE = "n" * len(new_nonce())


def bytes_of_three_issues(session: Session, seed: int) -> str:
    """Documents and mails of two days and of the digest; *seed* shuffles what is stored."""
    order = random.Random(seed)
    letter = rows.newsletter(session, weekly_day=4)
    sources = {
        slug: rows.source(session, letter, slug, section)
        for slug, section in (("lab", "labs"), ("rival", "labs"), ("press", "wire"))
    }
    papers = rows.source(session, letter, "arxiv", "papers", kind="arxiv")
    board = rows.source(
        session, letter, "bench", "benchmarks", kind="table", config={"columns": rows.SCORE}
    )
    hub = rows.source(session, letter, "hub", "trending", kind="github")
    writers = [
        *(lambda n=n: _story(session, sources, n) for n in range(40)),
        *(lambda n=n: _paper(session, papers, n) for n in range(12)),
        *(lambda n=n: rows.scores(session, board, NOW - n * DAY, "v1", one=60 - n, two=50) for n in
          range(1, 4)),
        *(lambda n=n: rows.stars(session, hub, NOW - n * DAY, quick=900 - n * 90, slow=800 - n)
          for n in range(1, 4)),
    ]  # fmt: skip
    for write in order.sample(writers, len(writers)):
        write()
    made = [
        _sent(session, letter, NOW - DAY, IssueKind.DAILY),
        _sent(session, letter, NOW, IssueKind.DAILY),
        _sent(session, letter, NOW, IssueKind.WEEKLY),
    ]
    return "\n".join(_bytes(issue) for issue in made)


def _story(session: Session, sources: dict[str, Source], number: int) -> None:
    slug = ("lab", "rival", "press")[number % 3]
    # Four at a time are of one minute: a tie that only their own values can settle.
    seen = NOW - HOUR - (number // 4) * 4 * HOUR
    title = f"{slug.title()} has something to say about subject {number}"
    rows.item(session, sources[slug], title, first_seen=seen)
    if number % 5 == 0:
        rows.item(session, sources["press"], title, identity=f"again-{number}", first_seen=seen)


def _paper(session: Session, source: Source, number: int) -> None:
    topics = [("cs.SE", "cs.LG")[number % 2], "cs.CL"]
    title = f"A study of subject {number}"
    rows.item(session, source, title, first_seen=NOW - 2 * HOUR, topics=topics, summary="We did.")


def _sent(session: Session, letter: Newsletter, at: datetime, kind: IssueKind) -> Issue:
    return approve(session, build_issue(session, letter, at.date(), at, kind), at)


def _bytes(issue: Issue) -> str:
    document = Document.model_validate(issue.document)
    identity = Identity.of(issue.newsletter, "https://news.example.org")
    parts = render_issue(document, FULLEST, identity, NONCE)
    return "\n".join((document.model_dump_json(), parts.subject, parts.html or "", parts.text))


if __name__ == "__main__":
    migrations.upgrade(db.engine())
    with Session(db.engine(), expire_on_commit=False) as new:
        sys.stdout.write(bytes_of_three_issues(new, int(sys.argv[1])))

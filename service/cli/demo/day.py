"""What happens on the demo's day, in order. Every part is the real one; only time is arranged."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from time import monotonic
from typing import TypeVar

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from service import migrations
from service.audience.joining import add_all_confirmed
from service.audience.suppression import suppressed_among
from service.cli.demo import Unsettled
from service.cli.demo.mailbox import Mailbox, Received
from service.cli.demo.readers import sample_readers
from service.cli.demo.stage import Stage
from service.cli.demo.visitor import Visitor
from service.db import engine, read_scope, session_scope
from service.delivery.finish import counts
from service.doorbell import Bell, ring
from service.issues.approve import approve
from service.issues.build import build_issue
from service.models import (
    DeliveryState,
    Issue,
    IssueState,
    Newsletter,
    Role,
    Source,
    Subscriber,
    Timing,
)
from service.newsletters.file import load_newsletter
from service.sources.collect import collect_source
from service.sources.kinds import check_config
from service.staff.users import add_user

PATIENCE = 60.0
"""Seconds for any one thing to come about."""

ADMIN = "editor@inference.example"
NEW_READER = "wanda@readers.example.com"
BAD_MAILBOXES = 3
"""Of the simulator: the one that bounces, the one that complains, the one that is suppressed."""
LEAVES = "ada@readers.example.com"

Found = TypeVar("Found")


class Interrupted(Exception):
    """Ctrl-C."""


class Day:
    """One day of the newsletter, played by :meth:`run`."""

    def __init__(self, stage: Stage, stopping: threading.Event) -> None:
        self.stage = stage
        self.mailbox = Mailbox(stage.sandbox_url)
        self.password = secrets.token_urlsafe(12)
        self.slug = ""
        self.preferences_url = ""
        self._stopping = stopping
        self._now = datetime.now(UTC)

    def run(self) -> None:
        migrations.upgrade(engine())
        self._load()
        self._yesterday()
        self._collect(0, self._now, "Today's news is collected")
        self.stage.open()
        say("The service is up", self.stage.site_url)
        self._wait_until_sent(1)
        self._readers_join()
        self._sign_up()
        self._send_todays_issue()
        self._wait_for_bounces()
        self._leave()
        self._write_by_hand()

    def _load(self) -> None:
        text = (files("service.newsletters") / "examples" / "demo.toml").read_text()
        with session_scope() as session:
            report = load_newsletter(
                session,
                text.replace("{newsroom}", self.stage.sandbox_url),
                self._now,
                check_source=check_config,
            )
        self.slug = report.slug
        say("A newsletter is loaded", f"{report.slug}, {len(report.added)} sources")

    def _yesterday(self) -> None:
        """An issue before the first reader came, so that today has something to differ from."""
        then = (self._now - timedelta(days=1)).replace(hour=7, minute=0, second=0, microsecond=0)
        self._collect(-1, then - timedelta(minutes=30), "Yesterday's news was collected")
        with session_scope() as session:
            issue = build_issue(session, self._newsletter(session), then.date(), then)
            approve(session, issue, then, scheduled_at=then, timing=Timing.NOW)

    def _collect(self, day: int, at: datetime, what: str) -> None:
        self.mailbox.set_newsroom_day(day)
        with read_scope() as session:
            ids = list(session.scalars(select(Source.id).order_by(Source.id)))
        reports = [collect_source(source_id, at, force=True) for source_id in ids]
        for report in reports:
            if report.outcome == "failed":
                raise Unsettled(f"A source of the demo failed: {report}")
        say(what, f"{sum(report.new for report in reports)} new from {len(reports)} sources")

    def _readers_join(self) -> None:
        readers = sample_readers()
        with session_scope() as session:
            add_all_confirmed(session, self._newsletter(session), readers, self._now, "demo")
            add_user(session, ADMIN, self.password, Role.OWNER, self._now)
        say("Sample readers are there", f"{len(readers)}, with choices of their own")

    def _sign_up(self) -> None:
        """By the form, the confirmation mail and its button, to the preferences and one change."""
        with Visitor(self.stage.site_url) as reader:
            form = reader.open(f"/n/{self.slug}/")
            self._pause(1.5)  # a form that comes back in no time is a program's
            reader.submit(form, "/subscribe", {"email": NEW_READER})
            asked = self._mail_to(NEW_READER, 1)
            page = reader.open(asked.link("/confirm/"))
            reader.submit(page, "/confirm/", {})
            welcome = self._mail_to(NEW_READER, 2)
            self.preferences_url = welcome.link("/preferences/")
            choices = reader.open(self.preferences_url)
            reader.submit(choices, "/preferences/", {"topics": ["cs.SE"]})
        say("A reader signed up by the form", "confirmed, and chose a topic")

    def _send_todays_issue(self) -> None:
        now = datetime.now(UTC)
        with session_scope() as session:
            issue = build_issue(session, self._newsletter(session), now.date(), now)
            approve(session, issue, now, scheduled_at=now, timing=Timing.NOW)
            ring(session, Bell.DISPATCH, issue.id)
            number, subject = issue.number, issue.subject
        say("Today's issue is composed", subject)
        self._wait_until_sent(number)
        with read_scope() as session:
            sent = self._issue(session, number)
            say("It is sent", f"{sent.audience_count} messages by SES's bulk call")

    def _wait_for_bounces(self) -> None:
        """The simulator's three bad mailboxes come to be suppressed, by SES's own events."""

        def suppressed() -> int | None:
            with read_scope() as session:
                hashes = list(session.scalars(select(Subscriber.email_hash)))
                count = len(suppressed_among(session, hashes))
                return count if count >= BAD_MAILBOXES else None

        count = self._until(suppressed, "SES's bounces and complaints to be applied")
        say("Bounces and a complaint came back", f"{count} addresses are left alone from now on")

    def _leave(self) -> None:
        mail = self._mail_to(LEAVES, 1)
        url = mail.headers["list-unsubscribe"].strip("<>")
        with Visitor(self.stage.site_url) as provider:
            provider.post(url, {"List-Unsubscribe": "One-Click"})
        say("A reader left with one click", "the button of their mail program (RFC 8058)")

    def _write_by_hand(self) -> None:
        with Visitor(self.stage.site_url) as editor:
            form = editor.open("/admin/login")
            editor.submit(form, "/admin/login", {"email": ADMIN, "password": self.password})
            form = editor.open("/admin/issues/new")
            send = editor.submit(
                form,
                "/issues/new",
                {"subject": "A note from the editor", "markdown": NOTE, "then": "send"},
            )
            last = editor.submit(send, "/send", {"when": "now"})
            editor.submit(last, "/send", {})
        with read_scope() as session:
            number = session.scalars(select(Issue.number).order_by(Issue.id.desc())).first()
        assert number is not None
        self._wait_until_sent(number)
        with read_scope() as session:
            sent = self._issue(session, number)
            say("An editor sent an issue by hand", f"to {sent.audience_count} readers")

    def _wait_until_sent(self, number: int) -> None:
        def sent() -> bool | None:
            with read_scope() as session:
                issue = self._issue(session, number)
                if issue.state is IssueState.HELD:
                    raise Unsettled(f"Issue {number} is held: {issue.reason}")
                # "Sent" is SES's word for having it; wait until it said what became of each.
                open_rows = counts(session, issue.id)[DeliveryState.ACCEPTED]
                return True if issue.state is IssueState.SENT and not open_rows else None

        self._until(sent, f"issue {number} to be sent")

    def _mail_to(self, address: str, count: int) -> Received:
        """The *count*-th message to *address*, once it has come."""

        def arrived() -> Received | None:
            found = self.mailbox.of(address)
            return found[count - 1] if len(found) >= count else None

        return self._until(arrived, f"message {count} to {address}")

    def _until(self, look: Callable[[], Found | None], what: str) -> Found:
        deadline = monotonic() + PATIENCE
        while (found := look()) is None:
            if monotonic() > deadline:
                raise Unsettled(
                    f"Waited {PATIENCE:.0f} s for {what}. The logs are in "
                    f"{self.stage.folder / 'logs'}."
                )
            self._pause(0.2)
        return found

    def _pause(self, seconds: float) -> None:
        if self._stopping.wait(seconds):
            raise Interrupted
        self.stage.supervisor.check()

    def _newsletter(self, session: Session) -> Newsletter:
        return session.scalars(select(Newsletter).where(Newsletter.slug == self.slug)).one()

    def _issue(self, session: Session, number: int) -> Issue:
        return session.scalars(select(Issue).where(Issue.number == number)).one()


NOTE = """\
Good day,

this note was **written by hand** in the admin, in Markdown, and sent to everyone who reads us.

- It has no sections: only what the editor wrote.
- It goes to daily and weekly readers alike.

Thank you for reading."""


def say(what: str, detail: str) -> None:
    """One line of the day."""
    click.echo(f"  {what + ' ':.<38} {detail}")

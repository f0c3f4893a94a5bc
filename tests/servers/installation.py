"""The whole service as real processes: ``broadsheet up`` over a sandbox, loaded with a newsletter.

Time is arranged in two ways only: the newsletter keeps a clock on which it is about noon, so that
no test comes near a midnight or its own hour, and the tick comes every second.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo

import httpx2
import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from service import config, db, migrations
from service.audience.joining import Reader, add_all_confirmed
from service.cli.demo.readers import sample_readers
from service.issues.approve import approve
from service.issues.build import build_issue
from service.models import Issue, IssueKind, IssueState, Newsletter, Role, Source, Timing
from service.newsletters.file import load_newsletter
from service.newsletters.spec import DAYS
from service.sources.collect import collect_source
from service.sources.kinds import check_config
from service.staff.users import add_user
from tests.servers.inbox import Inbox
from tests.servers.leash import Leash
from tests.servers.ports import free_port
from tests.servers.postgres import Postgres
from tests.servers.processes import living_with, until
from tests.servers.redis import RedisServer

EDITOR = "editor@inference.example"
PASSWORD = "a long word for the tests"
SLUG = "inference-report"
SECRET = "a secret for the tests"
DATA_DIR = "BROADSHEET_DATA_DIR"

WEEKEND = (5, 6)
"""arXiv announces nothing on these days, and neither does the newsroom."""

STOP_SECONDS = 60
LOG_LINES = 150


def noon_zone(now: datetime) -> str:
    """A zone of fixed offset where it is between 12:00 and 13:00; it has the date of UTC."""
    ahead = 12 - now.hour
    return f"Etc/GMT{-ahead:+d}"  # POSIX counts the other way: Etc/GMT-3 is three hours ahead


class Installation:
    """:meth:`open` starts everything, :meth:`close` stops it and proves that nothing is left."""

    def __init__(
        self,
        folder: Path,
        *,
        database_url: str = "",
        redis_url: str = "",
        collect_today: bool = True,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self._collect_today = collect_today
        self.site_url = f"http://127.0.0.1:{free_port()}"
        self.sandbox_url = ""
        self.environment = {
            DATA_DIR: str(folder / "data"),
            "BROADSHEET_DATABASE_URL": database_url,
            "BROADSHEET_REDIS_URL": redis_url,
            "BROADSHEET_SECRET_KEY": SECRET,
            "BROADSHEET_BIND": self.site_url.removeprefix("http://"),
            "BROADSHEET_BASE_URL": self.site_url,
            "BROADSHEET_TRANSPORT": "ses",
            "BROADSHEET_SES_MODE": "bulk",
            "BROADSHEET_SES_CONFIGURATION_SET": "broadsheet",
            "BROADSHEET_TICK_SECONDS": "1",
            "BROADSHEET_LEASE_SECONDS": "10",
            "BROADSHEET_GRACE_MINUTES": "0.2",
            "BROADSHEET_UNDO_SECONDS": "0",
            "BROADSHEET_WORKER_PROCESSES": "2",
            "BROADSHEET_ALLOW_PRIVATE_SOURCES": "true",
            "NEWSROOM_API_KEY": "tests",
            "AWS_ACCESS_KEY_ID": "tests",
            "AWS_SECRET_ACCESS_KEY": "tests",
            "AWS_REGION": "us-east-1",
        }
        self.environment |= environment or {}
        self._leash = Leash()
        self._sandbox: subprocess.Popen[bytes] | None = None
        self._service: subprocess.Popen[bytes] | None = None
        self._engine: Engine | None = None
        self._day = 0

    # --- its life ---

    def open(self) -> None:
        """Sandbox, schema, newsletter, yesterday's issue, today's news, readers; then the service.

        When it returns, the worker has sent yesterday's issue (to nobody), so all of it answers.
        """
        (self.folder / "data").mkdir(parents=True)
        try:
            self._start_sandbox()
            with self.inside():
                migrations.upgrade(db.engine())
                self._load()
            self._start_service()
            self.wait_until_sent(1)
        except BaseException as error:
            self._kill()
            error.add_note(self.log())
            raise

    def close(self) -> None:
        """Stop it as Ctrl-C does. An error when it does not end well, or a process outlives it."""
        try:
            code = self._end(self._service)
            self._end(self._sandbox)
            self._leash.let_go()
        except BaseException as error:
            self._kill()
            error.add_note(self.log())
            raise
        finally:
            if self._engine is not None:
                self._engine.dispose()
        left = living_with(DATA_DIR, self.environment[DATA_DIR])
        if code or left:
            raise AssertionError(f"`broadsheet up` ended with {code}, leaving {left}\n{self.log()}")

    def log(self) -> str:
        """The last of what the processes said."""
        parts = []
        for path in sorted(self.folder.glob("*.log")):
            last = path.read_text(errors="replace").splitlines()[-LOG_LINES:]
            parts += [f"--- {path.name} ---", *last]
        return "\n".join(parts)

    # --- what a test asks of it ---

    @property
    def inbox(self) -> Inbox:
        return Inbox(self.sandbox_url)

    @property
    def secret(self) -> bytes:
        return SECRET.encode()

    @contextmanager
    def rows(self) -> Iterator[Session]:
        """A session of its own on the service's database; what it wrote is committed."""
        if self._engine is None:
            url = self.environment["BROADSHEET_DATABASE_URL"]
            self._engine = db.make_engine(url or f"sqlite:///{self.folder}/data/broadsheet.db")
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def inside(self) -> Iterator[None]:
        """This process becomes one of the service's: our functions meet its settings and rows."""
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            for name in ("AWS_SESSION_TOKEN", "AWS_PROFILE"):
                patch.delenv(name, raising=False)
            for name, value in self.environment.items():
                patch.setenv(name, value)
            _forget()
            try:
                yield
            finally:
                _forget()

    def newsletter(self, session: Session) -> Newsletter:
        return session.scalars(select(Newsletter)).one()

    def issue(self, number: int) -> Issue:
        """The issue as it stands now."""
        with self.rows() as session:
            return session.scalars(select(Issue).where(Issue.number == number)).one()

    def wait_until_sent(self, number: int) -> Issue:
        def sent() -> Issue | None:
            assert self._service is not None
            assert self._service.poll() is None, f"`broadsheet up` ended\n{self.log()}"
            issue = self.issue(number)
            assert issue.state is not IssueState.HELD, f"issue {number} is held: {issue.reason}"
            return issue if issue.state is IssueState.SENT else None

        return until(sent, f"issue {number} to be sent")

    def add_readers(self, readers: list[Reader]) -> None:
        """Confirmed already, as an import adds them."""
        with self.inside(), db.session_scope() as session:
            newsletter = self.newsletter(session)
            add_all_confirmed(session, newsletter, readers, datetime.now(UTC), "tests")

    def command(self, *arguments: str) -> str:
        """What ``broadsheet …`` prints, run as an operator would."""
        done = subprocess.run(
            [sys.executable, "-m", "service.cli", *arguments],
            cwd=self.folder,
            env=_clean_environment() | self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def collect(self, day: int) -> None:
        """Let the newsroom print day *day*, and check every source now."""
        self.inbox.set_newsroom_day(day)
        with self.rows() as session:
            sources = list(session.scalars(select(Source.id).order_by(Source.id)))
        with self.inside():
            self._collect(sources, datetime.now(UTC))

    def publish(self, kind: IssueKind) -> int:
        """The news of one more day as an issue that goes at once; its number, once it is sent."""
        number = self.draft(kind)
        with self.inside(), db.session_scope() as session:
            issue = session.scalars(select(Issue).where(Issue.number == number)).one()
            now = datetime.now(UTC)
            approve(session, issue, now, scheduled_at=now, timing=Timing.NOW)
        self.wait_until_sent(number)
        return number

    def draft(self, kind: IssueKind) -> int:
        """The news of one more day as a draft; its number."""
        now = datetime.now(UTC)
        self._day += 1
        while (now.date() + timedelta(days=self._day)).weekday() in WEEKEND:
            self._day += 1
        self.collect(self._day)
        with self.inside(), db.session_scope() as session:
            now = datetime.now(UTC)
            newsletter = self.newsletter(session)
            day = _today(newsletter, now) + timedelta(days=self._day)
            return build_issue(session, newsletter, day, now, kind).number

    # --- how it is put together ---

    def _load(self) -> None:
        """As the demo does: the newsletter, what yesterday printed and sent, today's news."""
        now = datetime.now(UTC)
        zone = noon_zone(now)
        in_three_days = DAYS[(now.astimezone(ZoneInfo(zone)).weekday() + 3) % 7]
        text = (files("service.newsletters") / "examples" / "demo.toml").read_text()
        for old, new in (
            ("{newsroom}", self.sandbox_url),
            ('timezone = "UTC"', f'timezone = "{zone}"'),
            ('weekly = "sun"', f'weekly = "{in_three_days}"'),
        ):
            assert old in text, f"demo.toml no longer says {old}"
            text = text.replace(old, new)
        with db.session_scope() as session:
            load_newsletter(session, text, now, check_source=check_config)
            sources = list(session.scalars(select(Source.id).order_by(Source.id)))
            add_user(session, EDITOR, PASSWORD, Role.OWNER, now)
        then = now - timedelta(days=1)
        self.inbox.set_newsroom_day(-1)
        self._collect(sources, then - timedelta(minutes=30))
        with db.session_scope() as session:
            newsletter = self.newsletter(session)
            issue = build_issue(session, newsletter, _today(newsletter, then), then)
            approve(session, issue, then, scheduled_at=then, timing=Timing.NOW)
        self.inbox.set_newsroom_day(0)
        if self._collect_today:
            self._collect(sources, now)

    def _collect(self, sources: list[int], at: datetime) -> None:
        reports = [collect_source(source, at, force=True) for source in sources]
        failed = [str(report) for report in reports if report.outcome == "failed"]
        assert not failed, f"sources of the newsroom failed: {failed}"

    def _start_sandbox(self) -> None:
        ready = self.folder / "sandbox.url"
        today = datetime.now(UTC).date().isoformat()
        self._sandbox = self._spawn(
            "sandbox", "-m", "service.sandbox", "--ready-file", str(ready), "--date", today
        )
        until(ready.exists, "the sandbox to answer")
        self.sandbox_url = url = ready.read_text().strip()
        self.environment |= {
            "BROADSHEET_SQS_QUEUE_URL": f"{url}/000000000000/broadsheet-events",
            "AWS_ENDPOINT_URL_SESV2": url,
            "AWS_ENDPOINT_URL_SQS": url,
            "AWS_ENDPOINT_URL_SNS": url,
        }

    def _start_service(self) -> None:
        self._service = self._spawn("up", "-m", "service.cli", "up")

        def answers() -> bool:
            assert self._service is not None
            assert self._service.poll() is None, f"`broadsheet up` ended\n{self.log()}"
            try:
                ready = httpx2.get(f"{self.site_url}/readyz", trust_env=False, timeout=5)
            except httpx2.TransportError:
                return False
            return ready.status_code == 200

        until(answers, "the web application to be ready")

    def _spawn(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        log: IO[bytes]
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=self.folder,
                env=_clean_environment() | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._leash.hold(process.pid)
        return process

    def _end(self, process: subprocess.Popen[bytes] | None) -> int:
        assert process is not None, "close() before open()"
        process.send_signal(signal.SIGTERM)
        return process.wait(STOP_SECONDS)

    def _kill(self) -> None:
        """After a failure: the supervisor's undertaker sees to its children."""
        for process in (self._service, self._sandbox):
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()
        self._leash.let_go()


@contextmanager
def installed(
    request: pytest.FixtureRequest,
    folder: Path,
    *,
    collect_today: bool = True,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Installation]:
    """An installation on the database that ``request.param`` names: a fixture's whole body."""
    with ExitStack() as servers:
        database_url = redis_url = ""
        if request.param == "postgresql":
            postgres: Postgres = request.getfixturevalue("postgres")
            database_url = postgres.create()
            servers.callback(postgres.drop, database_url)
            redis = RedisServer()
            servers.callback(redis.close)
            redis_url = redis.url
        place = Installation(
            folder,
            database_url=database_url,
            redis_url=redis_url,
            collect_today=collect_today,
            environment=environment,
        )
        place.open()
        try:
            place.add_readers(sample_readers())
            yield place
        finally:
            place.close()


def attach_log(item: pytest.Item, report: pytest.TestReport) -> None:
    """Show what the processes said under a test that failed."""
    place = getattr(item, "funcargs", {}).get("installation")
    if report.failed and isinstance(place, Installation):
        report.sections.append(("the installation's log", place.log()))


def _today(newsletter: Newsletter, now: datetime) -> date:
    return now.astimezone(ZoneInfo(newsletter.timezone)).date()


def _clean_environment() -> dict[str, str]:
    ours = ("BROADSHEET_", "AWS_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def _forget() -> None:
    db.close_engine()
    config.settings.cache_clear()

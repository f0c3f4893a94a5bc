"""Celery's settings, and that whatever may be rung is answered by somebody."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from celery import Celery

from service.cli.supervisor.children import service_children
from service.config import settings
from service.doorbell import QUEUES, Bell, broker_settings
from workers.schedule import Every

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def app(data_dir: Path) -> Celery:
    from workers.app import app as made

    made.loader.import_default_modules()
    return made


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("task_acks_late", True),
        ("task_reject_on_worker_lost", False),
        ("task_ignore_result", True),
        ("result_backend", None),
        ("worker_prefetch_multiplier", 1),
        ("worker_eta_task_limit", 100),
        ("worker_cancel_long_running_tasks_on_connection_loss", False),
        ("worker_soft_shutdown_timeout", 20),
        ("worker_max_tasks_per_child", 1000),
        ("worker_hijack_root_logger", False),
        ("broker_pool_acquire_timeout", 5),
        ("broker_connection_retry_on_startup", True),
        ("timezone", "UTC"),
    ],
)
def test_it_is_set_up_against_each_pitfall(app: Celery, name: str, value: object) -> None:
    assert app.conf[name] == value


def test_it_gives_a_task_less_time_than_redis_gives_a_ring(app: Celery) -> None:
    visibility = app.conf.broker_transport_options["visibility_timeout"]
    assert app.conf.task_soft_time_limit < app.conf.task_time_limit < visibility
    assert app.conf.broker_transport_options == broker_settings()["broker_transport_options"]


def test_it_gives_redis_bounded_waits(app: Celery) -> None:
    options = app.conf.broker_transport_options
    assert options["socket_connect_timeout"] <= 5
    assert options["socket_timeout"] > options["health_check_interval"]
    assert options["socket_keepalive"]


def test_it_has_a_task_for_every_bell_and_a_bell_for_every_task(app: Celery) -> None:
    tasks = {name for name in app.tasks if not name.startswith("celery.")}
    assert tasks == {bell.value for bell in Bell}


def test_it_has_a_queue_for_every_bell() -> None:
    assert set(QUEUES) == set(Bell)


def listened_to(command: str) -> set[str]:
    """The queues that ``celery worker -Q a,b`` consumes."""
    found = re.search(r"-Q[ =]?(\S+)", command)
    assert found, f"no -Q in {command!r}"
    return set(found.group(1).split(","))


def test_its_worker_consumes_every_queue(data_dir: Path) -> None:
    commands = {child.name: " ".join(child.command) for child in service_children(settings())}
    assert listened_to(commands["worker"]) | listened_to(commands["notices"]) == set(
        QUEUES.values()
    )


def test_it_lets_no_issue_keep_service_mail_waiting(data_dir: Path) -> None:
    commands = {child.name: " ".join(child.command) for child in service_children(settings())}
    assert listened_to(commands["notices"]) == {QUEUES[Bell.NOTICE]}
    assert listened_to(procfile()["notices"]) == {QUEUES[Bell.NOTICE]}


def procfile() -> dict[str, str]:
    lines = (ROOT / "Procfile").read_text().splitlines()
    return dict(re.split(r":\s*", line, maxsplit=1) for line in lines if line.strip())


def test_its_procfile_consumes_every_queue() -> None:
    assert procfile()["worker"].startswith("celery -A workers.app worker ")
    heard = listened_to(procfile()["worker"]) | listened_to(procfile()["notices"])
    assert heard == set(QUEUES.values())


def test_its_operators_are_told_of_every_queue_of_the_workers_line() -> None:
    (unit,) = re.findall(
        r"ExecStart=.*celery.* worker .*", (ROOT / "docs/operators.md").read_text()
    )
    assert listened_to(unit) == listened_to(procfile()["worker"])


def test_its_procfile_names_what_the_supervisor_starts(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROADSHEET_SQS_QUEUE_URL", "https://sqs.example/q")
    settings.cache_clear()
    started = {child.name for child in service_children(settings())}
    assert started == set(procfile()) - {"release"}


def test_its_beat_knows_one_tick_and_nothing_else(app: Celery) -> None:
    [entry] = app.conf.beat_schedule.values()
    assert entry["task"] == Bell.TICK.value
    assert entry["options"]["queue"] == QUEUES[Bell.TICK]
    assert entry["options"]["expires"] == 600, "more than clocks may differ by"


@pytest.mark.parametrize(
    ("ran", "due"), [(-59, False), (-60, True), (-3600, True), (0, False), (1, True), (3600, True)]
)
def test_its_beat_ticks_on_after_the_clock_was_put_back(ran: int, due: bool) -> None:
    """*ran*: seconds from now when it ran last, by the clock of then."""
    now = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
    every = Every(60, nowfun=lambda: now)
    found, wait = every.is_due(now + timedelta(seconds=ran))
    assert found is due
    assert 0 < wait <= 60


def test_its_beat_remembers_nothing_from_before(app: Celery) -> None:
    """A file of a time when the clock was ahead would keep the next beat silent until then."""
    assert app.conf.beat_scheduler == "celery.beat:Scheduler"

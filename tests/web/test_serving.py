"""The application as gunicorn starts it: made once, before its processes are forked from there."""

from __future__ import annotations

import subprocess
import sys

from service.config import child_environment

LEFT_OPEN = """
import gc
from service import db, doorbell
from service.web import app, limits

app.serve()
print(db.engine.cache_info().currsize, doorbell.producer.cache_info().currsize,
      limits._count.cache_info().currsize, gc.get_freeze_count() > 100_000)
"""


def test_it_opens_nothing_that_two_processes_would_share(data_dir: object) -> None:
    found = subprocess.run(
        [sys.executable, "-c", LEFT_OPEN],
        env=child_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.split() == ["0", "0", "0", "True"], (
        "connections to the database, the broker and Redis; what is loaded is set apart"
    )

"""What each worker process holds in memory: there are many, and most of them only send."""

from __future__ import annotations

import subprocess
import sys

from service.config import child_environment

LOADED = """
import gc, sys
from celery.signals import worker_init
from workers.app import app

app.loader.import_default_modules()
worker_init.send(None)
heavy = {"dns": "the doctor", "feedparser": "sources", "selectolax": "sources", "flask": "the web"}
print(sorted(f"{name} ({whose})" for name, whose in heavy.items() if name in sys.modules))
print(gc.get_freeze_count() > 100_000)
"""


def test_it_loads_what_few_tasks_need_with_those_tasks(data_dir: object) -> None:
    said = subprocess.run(
        [sys.executable, "-c", LOADED],
        env=child_environment(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert said[0] == "[]", f"each worker process loads {said[0]}"
    assert said[1] == "True", "what is loaded is looked through for garbage in each process"

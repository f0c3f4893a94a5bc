"""The programs that mail is checked with in development; ``make mail-tools`` installs them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).parents[1] / "mail-tools"
INSTALLED = Path(sys.prefix) / "mail-tools"
ADVICE = "run `make mail-tools` first"


def strict_faults(sources: Mapping[str, str]) -> dict[str, list[str]]:
    """What the official MJML compiler has against each of *sources*, in its strict mode."""
    node = shutil.which("node")
    assert node, f"no node: {ADVICE}"
    assert (INSTALLED / "node_modules" / "mjml").is_dir(), f"no mjml: {ADVICE}"
    answer = subprocess.run(
        [node, str(HERE / "strict.cjs"), str(INSTALLED)],
        input=json.dumps(dict(sources)),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    faults: dict[str, list[str]] = json.loads(answer.stdout)
    return faults


def axe() -> str:
    """The source of axe-core."""
    path = INSTALLED / "node_modules" / "axe-core" / "axe.min.js"
    assert path.is_file(), f"no axe-core: {ADVICE}"
    return path.read_text(encoding="utf-8")

"""The edge with SpamAssassin: its local score, where it is installed. Never needed."""

from __future__ import annotations

import re
import shutil
import subprocess

from service.rendering.preflight.finding import Finding, warning

HIGHEST = 0.5
"""Points. Filters add their own for a sender's name; the mail itself should bring none."""
PATIENCE = 30.0
"""Seconds."""

_STATUS = re.compile(
    rb"^X-Spam-Status: \w+, score=(-?[\d.]+).*?tests=(.*?)(?=\s[a-z]+=)", re.S | re.M
)


def is_installed(program: str = "spamassassin") -> bool:
    """Whether there is a score to be had on this machine."""
    return shutil.which(program) is not None


def spam_findings(message: bytes, program: str = "spamassassin") -> list[Finding]:
    """What SpamAssassin's local tests (``-L``: no network) hold against *message*, whole MIME.

    Nothing where it is not installed. When it cannot be asked the score is unknown, and so said.
    """
    path = shutil.which(program)
    if path is None:
        return []
    try:
        answer = subprocess.run(
            [path, "-t", "-L"], input=message, capture_output=True, timeout=PATIENCE, check=True
        )
    except (subprocess.SubprocessError, OSError) as error:
        return [
            warning("spam score", f"SpamAssassin did not answer, the score is unknown: {error}")
        ]
    found = _STATUS.search(answer.stdout)
    if found is None:
        return [warning("spam score", "SpamAssassin gave no score: run it by hand on the .eml.")]
    score, tests = float(found[1]), b"".join(found[2].split()).decode().replace(",", ", ")
    if score <= HIGHEST:
        return []
    return [warning("spam score", f"SpamAssassin gives {score} points ({tests}): see its rules.")]

"""What others' programs say of our mail: the official MJML compiler, and a spam filter."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from service.rendering.preflight.spam import spam_findings
from tests.rendering.renew import GOLDEN
from tests.rendering.samples import MESSAGES, sample_mjml
from tests.rendering.tools import ADVICE, strict_faults


def test_it_composes_mjml_that_the_official_compiler_takes_in_strict_mode() -> None:
    faults = strict_faults({message: sample_mjml(message) for message in MESSAGES})
    assert faults == {message: [] for message in MESSAGES}


def test_it_would_tell_a_fault_that_the_official_compiler_finds() -> None:
    source = (
        "<mjml><mj-body><mj-section><mj-text colour='red'>a</mj-text></mj-section></mj-body></mjml>"
    )
    (faults,) = strict_faults({"broken": source}).values()
    assert any("colour" in fault for fault in faults)


def test_it_asks_a_spam_filter_without_the_network(tmp_path: Path) -> None:
    """Blocklists asked from here would know the draft, and hold up the desk."""
    program = tmp_path / "assassin"
    program.write_text(
        "#!/bin/sh\ncat >/dev/null\ncase \" $* \" in *' -L '*) ;; *) exit 1 ;; esac\n"
        "echo 'X-Spam-Status: No, score=0.0 required=5.0 tests=A autolearn=no'\n"
    )
    program.chmod(0o755)
    assert spam_findings(b"mail", str(program)) == []


@pytest.mark.parametrize("message", MESSAGES)
def test_it_gives_a_spam_filter_nothing_to_hold_against_it(message: str) -> None:
    assert shutil.which("spamassassin"), f"no spamassassin: {ADVICE}"
    assert spam_findings((GOLDEN / f"{message}.eml").read_bytes()) == []

from __future__ import annotations

from datetime import datetime
from email import policy
from email.parser import BytesParser
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from service.rendering.preview import write_preview
from tests.rendering.rows import a_newsletter, an_issue
from tests.rendering.samples import sample_document


def test_it_writes_an_issue_as_html_text_and_eml(
    session: Session, now: datetime, tmp_path: Path
) -> None:
    issue = an_issue(session, a_newsletter(session, now), now)
    html, text, eml = write_preview(issue, tmp_path / "out", now)
    assert [path.suffix for path in (html, text, eml)] == [".html", ".txt", ".eml"]
    assert "AI Labs" in html.read_text()
    assert "AI LABS" in text.read_text()
    assert "SLOT_" not in html.read_text() + text.read_text()
    message = BytesParser(policy=policy.default).parsebytes(eml.read_bytes())
    assert not message.defects
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_it_takes_a_drafts_content_as_it_stands(
    session: Session, now: datetime, tmp_path: Path
) -> None:
    issue = an_issue(session, a_newsletter(session, now), now)
    issue.document = None
    with pytest.raises(ValueError, match="not frozen"):
        write_preview(issue, tmp_path, now)
    html, _, _ = write_preview(issue, tmp_path, now, sample_document())
    assert "AI Labs" in html.read_text()

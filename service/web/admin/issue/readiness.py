"""What an editor should know before an issue goes: what it lacks, and what is wrong with it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from service.issues.approve import document_now
from service.models import Issue
from service.rendering.preflight.finding import Finding
from service.rendering.preflight.issue import findings_for
from service.rendering.preflight.spam import spam_findings
from service.rendering.preview import preview


def findings_of(session: Session, issue: Issue, now: datetime) -> list[Finding]:
    """The pre-flight list of a draft as it stands; what blocks a send first."""
    found = findings_for(session, issue, document_now(session, issue, now))
    return sorted(found, key=lambda finding: not finding.blocks)


def spam_of(session: Session, issue: Issue, now: datetime) -> list[Finding]:
    """What SpamAssassin holds against it; [] when nothing worth a word. Takes some seconds."""
    return spam_findings(preview(issue, now, document_now(session, issue, now))[1])

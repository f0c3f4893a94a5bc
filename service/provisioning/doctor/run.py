"""One run of the doctor for the web, in a worker: its lines are kept as they come."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

from sqlalchemy import update

from service.config import Settings
from service.db import session_scope
from service.models import Examination
from service.provisioning.doctor.examine import Options, examine
from service.provisioning.doctor.kept import keep

EVENT_SECONDS = 45.0


def run(examination_id: int, settings: Settings, now: datetime) -> int:
    """Examine, unless another worker does; how many lines were kept."""
    with session_scope() as session:
        claim = update(Examination).where(
            Examination.id == examination_id, Examination.begun_at.is_(None)
        )
        if session.scalar(claim.values(begun_at=now).returning(Examination.id)) is None:
            return 0
    findings: list[dict[str, str]] = []
    for finding in examine(settings, Options(timeout=EVENT_SECONDS)):
        findings.append({**asdict(finding), "status": finding.status.value})
        keep(examination_id, findings=list(findings))
    keep(examination_id, finished_at=datetime.now(UTC))
    return len(findings)

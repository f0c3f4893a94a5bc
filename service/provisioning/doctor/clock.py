"""This machine's clock beside others. Pure.

AWS refuses a signature that is more than five minutes off (IAM user guide, "Signing requests").
"""

from __future__ import annotations

from collections.abc import Mapping

from service.provisioning.doctor.finding import Finding, Unread, failed, ok, unknown, warning

CHECK = "clock"
FINE = 5.0
LIMIT = 300.0
REMEDY = "Let it be set by NTP (timedatectl set-ntp true)."


def judge_clock(ahead: Mapping[str, float | Unread]) -> Finding:
    """*ahead*: by how many seconds our clock is ahead of each other's; negative when behind."""
    known = {name: value for name, value in ahead.items() if not isinstance(value, Unread)}
    if not known:
        reasons = [value.reason for value in ahead.values() if isinstance(value, Unread)]
        return unknown(CHECK, Unread(" ".join(["There is nothing to compare it with.", *reasons])))
    name, worst = max(known.items(), key=lambda pair: abs(pair[1]))
    way = "ahead of" if worst > 0 else "behind"
    said = f"It is {abs(worst):.0f} s {way} that of {name}."
    if abs(worst) >= LIMIT:
        return failed(CHECK, f"{said} AWS refuses calls from five minutes on.", REMEDY)
    if abs(worst) > FINE:
        return warning(CHECK, said, REMEDY)
    missing = [name for name, value in ahead.items() if isinstance(value, Unread)]
    without = f" {', '.join(missing)} could not be asked." if missing else ""
    return ok(CHECK, f"Within {FINE:.0f} s of {' and '.join(known)}.{without}")

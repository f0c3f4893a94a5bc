"""When a source is looked at next: pure."""

from __future__ import annotations

from datetime import datetime, timedelta

LONGEST = timedelta(days=1)
FIRST_RETRY = timedelta(minutes=30)


def next_check(
    now: datetime,
    interval: timedelta,
    *,
    failures: int = 0,
    retry_after: timedelta | None = None,
    max_age: timedelta | None = None,
) -> datetime:
    """The next check after one that ended *now*; *failures* in a row, 0 after a good answer.

    A good source is asked again after the longest of its interval and what it asked for
    (``Retry-After``, ``Cache-Control: max-age``). One that failed is tried after half an hour, or
    its interval where that is shorter, and then twice as long each time; ``Retry-After`` is kept to
    as well. A day is the most, whatever a server says: a mistake in a header must not silence a
    source for a year.
    """
    if failures:
        # The exponent is bounded: 2.0 ** 10_000 is no duration.
        waits = [min(interval, FIRST_RETRY) * 2.0 ** min(failures - 1, 16)]
    else:
        waits = [interval, max_age or timedelta()]
    return now + min(max(*waits, retry_after or timedelta()), LONGEST)

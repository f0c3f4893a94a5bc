"""Which opens and clicks are taken for a machine's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.events.machines import Click, by_itself, in_a_burst
from service.events.ses_events import Touch
from service.models import InteractionKind

SENT = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
OPEN, CLICK = InteractionKind.OPEN, InteractionKind.CLICK

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Mobile/15E148"
)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"
THUNDERBIRD = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.4.0"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
YAHOO = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"


def touch(
    agent: str, seconds: float | None = 3600, kind: InteractionKind = OPEN, sent: bool = True
) -> Touch:
    at = None if seconds is None else SENT + timedelta(seconds=seconds)
    return Touch(kind, at, SENT if sent else None, "https://example.org/a", agent)


@pytest.mark.parametrize(
    ("what", "machine"),
    [
        (touch(IPHONE), False),
        (touch(FIREFOX, kind=CLICK), False),
        (touch(THUNDERBIRD), False),
        (touch(GMAIL), False),
        (touch(YAHOO), False),
        (touch(FIREFOX, 10, CLICK), False),
        (touch("Mozilla/5.0"), True),  # Apple's prefetch, whenever it comes
        (touch(" Mozilla/5.0 ", 86_400), True),
        (touch("Mozilla/4.0"), True),
        (touch(""), True),
        (touch(FIREFOX, 9.9, CLICK), True),
        (touch(GMAIL, 2), True),
        (touch(IPHONE, -3), True),  # before SES had it: clocks differ, and it was at once
        (touch("curl/8.9.1", kind=CLICK), True),
        (touch("python-requests/2.32", kind=CLICK), True),
        (touch("Go-http-client/2.0", kind=CLICK), True),
        (touch("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"), True),
        (touch("Mozilla/5.0 (X11) HeadlessChrome/131.0 Safari/537.36", kind=CLICK), True),
        (touch("Barracuda Sentinel (EE)", kind=CLICK), True),
        (touch("Slackbot-LinkExpanding 1.0", kind=CLICK), True),
        (touch(FIREFOX, None), False),
        (touch(FIREFOX, 1, sent=False), False),
    ],
)
def test_it_tells_a_machine_by_its_name_and_its_haste(what: Touch, machine: bool) -> None:
    assert by_itself(what) is machine


def clicks(*seen: tuple[float, str]) -> list[Click]:
    return [
        Click(number, SENT + timedelta(seconds=seconds), url)
        for number, (seconds, url) in enumerate(seen, start=1)
    ]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ([], set()),
        ([(60, "a"), (60.2, "b")], set()),
        ([(60, "a"), (60.2, "b"), (60.9, "c")], {1, 2, 3}),
        ([(60, "a"), (60.2, "b"), (61.1, "c")], set()),
        ([(60, "a"), (60.1, "a"), (60.2, "a")], set()),  # an impatient finger
        ([(60.9, "c"), (60, "a"), (60.2, "b")], {1, 2, 3}),  # events come out of order
        ([(60, "a"), (60.5, "b"), (61, "c"), (61.5, "d")], {1, 2, 3, 4}),
        ([(60, "a"), (60.5, "b"), (61, "c"), (900, "a")], {1, 2, 3}),  # and then the reader
    ],
)
def test_it_tells_a_machine_by_many_links_in_a_second(
    seen: list[tuple[float, str]], expected: set[int]
) -> None:
    assert in_a_burst(clicks(*seen)) == expected


@given(st.lists(st.tuples(st.integers(0, 50), st.sampled_from("abcd")), max_size=12))
def test_it_finds_the_same_burst_in_any_order(seen: list[tuple[int, str]]) -> None:
    given_clicks = clicks(*((tenths / 10, url) for tenths, url in seen))
    assert in_a_burst(given_clicks[::-1]) == in_a_burst(given_clicks)

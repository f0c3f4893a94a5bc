"""Tell opens and clicks that no person made from those that a person may have made. Pure.

Machines look at mail before people do, and none says so in a standard way. What gives them away:

- Apple's Mail Privacy Protection fetches all images in the background when the mail arrives,
  whether it is ever opened or not, with the bare user agent ``Mozilla/5.0`` (Apple, "Use Mail
  Privacy Protection on iPhone"; what it sends is what its users' mail shows).
- Scanners of companies (Proofpoint, Mimecast, Barracuda, Microsoft's Safe Links) follow the links
  of a mail before it is put into the mailbox: within seconds of the sending, and all of them at
  once. RFC 8058, 3 has one-click unsubscription done by POST for the same reason.
- Programs that say what they are: crawlers, previews of chats, libraries of HTTP.

Gmail's and Yahoo's proxies of images (``GoogleImageProxy``, ``YahooMailProxy``) fetch when a person
opens the mail, so they count as people unless the time says otherwise. It stays an estimate, and
nothing is decided by it: it only keeps figures from being mostly machines'.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from service.events.ses_events import Touch

TOO_SOON = timedelta(seconds=10)
"""After SES took the message; it needs a second or two for the way itself."""
BURST_WITHIN = timedelta(seconds=1)
BURST_OF = 3
"""Different links of one message. A person needs longer to come back for the third."""

BARE = re.compile(r"(Mozilla/\d\.\d\s*)?")
"""No browser calls itself that and nothing more."""
SAYS_SO = re.compile(
    r"bot\b|crawl|spider|scan|preview|prefetch|headless|monitor"
    r"|barracuda|mimecast|proofpoint|safelinks|urldefense|trendmicro|symantec|fortinet"
    r"|^(curl|wget|python|go-http|java|okhttp|node|axios|ruby|php|libwww|apache-httpclient)\b",
    re.IGNORECASE,
)


class Click(NamedTuple):
    """A click that is kept: its row, when, and where it led."""

    id: int
    at: datetime
    url: str


def by_itself(touch: Touch) -> bool:
    """Whether *touch*, looked at alone, is a machine's."""
    agent = touch.user_agent.strip()
    if BARE.fullmatch(agent) or SAYS_SO.search(agent):
        return True
    if touch.at is None or touch.sent_at is None:
        return False
    return touch.at - touch.sent_at < TOO_SOON


def in_a_burst(clicks: Sequence[Click]) -> set[int]:
    """Of the clicks on one message, those that belong to many links in a second, by id."""
    found: set[int] = set()
    for first in clicks:
        together = [one for one in clicks if first.at <= one.at <= first.at + BURST_WITHIN]
        if len({one.url for one in together}) >= BURST_OF:
            found |= {one.id for one in together}
    return found

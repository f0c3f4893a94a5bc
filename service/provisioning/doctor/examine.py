"""Every check in order; each finding is given as soon as it is made."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from service.config import Settings, aws_region
from service.provisioning.aws import Aws, Refused
from service.provisioning.doctor.account import ACCOUNT, judge_account, judge_quota
from service.provisioning.doctor.base_url import judge_base_url
from service.provisioning.doctor.clock import judge_clock
from service.provisioning.doctor.finding import Finding, Status, Unread, failed, unknown, warning
from service.provisioning.doctor.identity import (
    Identity,
    candidates,
    judge_dkim,
    judge_identity,
    judge_mail_from,
)
from service.provisioning.doctor.look.dns import Lookup
from service.provisioning.doctor.look.round_trip import send_and_wait
from service.provisioning.doctor.look.site import ask_site
from service.provisioning.doctor.look.smtp import ask_smtp
from service.provisioning.doctor.look.stores import (
    ahead_of_database,
    ahead_of_date,
    ask_database,
    ask_redis,
    count_readers,
    senders,
)
from service.provisioning.doctor.records import (
    judge_dmarc,
    judge_from_spf,
    judge_mail_from_records,
)
from service.provisioning.doctor.smtp import judge_smtp
from service.provisioning.doctor.stores import SQLITE, Database, judge_database, judge_redis
from service.provisioning.doctor.wiring import (
    Listening,
    judge_configuration_set,
    judge_round_trip,
)

T = TypeVar("T")
SENDERS = "senders"
NOT_READ = Unread("The database could not be read.")


@dataclass(frozen=True)
class Options:
    resolver: str = ""
    """'' is the system's own."""
    timeout: float = 60.0
    """Seconds to wait for an event."""
    thorough: bool = False
    """Sends a message that bounces as well."""


def examine(settings: Settings, options: Options) -> Iterator[Finding]:
    """Raises :class:`service.provisioning.doctor.look.dns.BadResolver` before anything else."""
    lookup = Lookup(options.resolver)
    database = ask_database(settings)
    yield judge_database(database)
    yield judge_redis(ask_redis(settings.redis, private=not settings.redis_url))
    yield judge_base_url(settings.base_url, _site(settings), ask_site(settings.base_url))
    known = _senders(database)
    if settings.transport == "smtp":
        yield judge_smtp(ask_smtp(settings), rate_is_set=settings.max_send_rate is not None)
        yield from _records(lookup, known)
        if beside := _beside(database):
            yield judge_clock(beside)
        return
    region = aws_region()
    if region is None:
        yield failed(ACCOUNT, "No AWS region is set, so SES was not asked.", "Set AWS_REGION.")
        yield from _records(lookup, known)
        yield judge_clock(_beside(database))
        return
    aws = Aws(region)
    try:
        yield from _ses(_Ses(settings, options, aws, region, lookup), known, database)
    finally:
        aws.close()


@dataclass(frozen=True)
class _Sender:
    address: str
    tracking: bool

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


@dataclass(frozen=True)
class _Ses:
    settings: Settings
    options: Options
    aws: Aws
    region: str
    lookup: Lookup


def _ses(
    ses: _Ses, known: list[_Sender] | Unread, database: Database | Unread
) -> Iterator[Finding]:
    account = _read(ses.aws.account)
    ahead = ahead_of_date(ses.aws.ses_says_it_is, datetime.now(UTC))
    of_account = judge_account(account)
    yield of_account
    yield judge_quota(account, count_readers() if _usable(database) else NOT_READ)
    wired = _configuration_set(ses, known)
    yield wired
    identities = _identities(ses.aws, known)
    for address, identity in identities.items():
        yield judge_identity(address, identity)
        yield judge_dkim(address, identity)
        yield judge_mail_from(address, identity, ses.region)
        if isinstance(identity, Identity) and identity.mail_from:
            name = identity.mail_from
            texts, hosts = ses.lookup.texts(name), ses.lookup.exchanges(name)
            yield judge_mail_from_records(name, texts, hosts, ses.region)
    yield from _records(ses.lookup, known, identities)
    yield from _round_trips(ses, identities, _why_no_mail(of_account, wired, database))
    yield judge_clock({"SES": ahead, **_beside(database)})


def _usable(database: Database | Unread) -> bool:
    return isinstance(database, Database) and database.current


def _beside(database: Database | Unread) -> dict[str, float | Unread]:
    """Our clock beside the database's, which is the same one where it is a file of ours."""
    if isinstance(database, Unread):
        return {"the database": NOT_READ}
    return {} if database.kind == SQLITE else {"the database": ahead_of_database(time.time)}


def _configuration_set(ses: _Ses, known: list[_Sender] | Unread) -> Finding:
    name = ses.settings.ses_configuration_set
    found = _read(lambda: ses.aws.configuration_set(name)) if name else None
    listening = Listening(ses.settings.sqs_queue_url, ses.settings.topic_arns)
    tracking = not isinstance(known, Unread) and any(sender.tracking for sender in known)
    return judge_configuration_set(name, found, listening, tracking=tracking)


def _identities(aws: Aws, known: list[_Sender] | Unread) -> dict[str, Identity | Unread | None]:
    """What SES knows of each From address: the nearest identity that covers it, or would."""
    if isinstance(known, Unread):
        return {}
    return {sender.address: _read(partial(_nearest, aws, sender.address)) for sender in known}


def _nearest(aws: Aws, address: str) -> Identity | None:
    nearest = None
    for name in candidates(address):
        found = aws.identity(name)
        if found is not None and found.verified:
            return found
        nearest = nearest or found
    return nearest


def _records(
    lookup: Lookup,
    known: list[_Sender] | Unread,
    identities: dict[str, Identity | Unread | None] | None = None,
) -> Iterator[Finding]:
    """SPF and DMARC of each domain that stands in a From."""
    if isinstance(known, Unread):
        yield unknown(SENDERS, known)
        return
    if not known:
        said = "No newsletter is loaded, so no sender was looked at."
        yield warning(SENDERS, said, "Load one: `broadsheet load FILE.toml`.")
    for domain, address in {sender.domain: sender.address for sender in known}.items():
        identity = (identities or {}).get(address)
        signed_as = identity.domain if isinstance(identity, Identity) else None
        yield judge_from_spf(domain, lookup.texts(domain))
        yield judge_dmarc(domain, lookup.dmarc(domain), signed_as)


def _round_trips(
    ses: _Ses, identities: dict[str, Identity | Unread | None], why_not: str
) -> Iterator[Finding]:
    verified = [
        a for a, found in identities.items() if isinstance(found, Identity) and found.verified
    ]
    if not verified and not why_not:
        why_not = "no sender is verified."
    for wanted in ("Delivery", "Bounce") if ses.options.thorough else ("Delivery",):
        if why_not:
            yield judge_round_trip(wanted, Unread(f"No message was sent: {why_not}"))
            continue
        found = send_and_wait(ses.settings, verified[0], wanted, ses.options.timeout)
        yield judge_round_trip(wanted, found)


def _why_no_mail(account: Finding, wired: Finding, database: Database | Unread) -> str:
    """What stands in the way of a message and its event; '' when nothing does."""
    if not _usable(database):
        return "its events could not be stored."
    broken = {Status.FAILED, Status.UNKNOWN}
    return next((f"see {each.check}." for each in (account, wired) if each.status in broken), "")


def _senders(database: Database | Unread) -> list[_Sender] | Unread:
    """Each From address once."""
    if not _usable(database):
        return NOT_READ
    found = senders()
    if isinstance(found, Unread):
        return found
    addresses = dict.fromkeys(address for _, address, _ in found)
    return [_Sender(a, any(t for _, other, t in found if other == a)) for a in addresses]


def _site(settings: Settings) -> str:
    """Ours; '' where no secret was made yet, which only looking should not make."""
    there = settings.secret_key or (settings.data_dir / "secret_key").exists()
    return settings.site if there else ""


def _read(look: Callable[[], T]) -> T | Unread:
    try:
        return look()
    except Refused as error:
        return Unread(str(error), certain=error.certain)

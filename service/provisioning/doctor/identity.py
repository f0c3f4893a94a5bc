"""The sender's identity in SES: verified, signed with DKIM, with a MAIL FROM of its own. Pure.

Sources: the SES v2 API reference, "GetEmailIdentity"; the developer guide, "Easy DKIM" and "Using a
custom MAIL FROM domain".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from service.provisioning.doctor.finding import Finding, Unread, failed, ok, unknown, warning


@dataclass(frozen=True)
class Identity:
    """What SES says of a domain or an address."""

    name: str
    verified: bool
    dkim_on: bool
    dkim_status: str
    dkim_tokens: tuple[str, ...] = ()
    dkim_by_ses: bool = True
    """Signed with keys of SES; False: the operator's own."""
    mail_from: str = ""
    mail_from_status: str = ""
    rejects_without_mx: bool = False

    @property
    def domain(self) -> str:
        return self.name.rpartition("@")[2]


def candidates(address: str) -> Iterator[str]:
    """Identities that would cover *address*, the nearest first: a domain covers what is below."""
    domain = address.rpartition("@")[2]
    yield address
    labels = domain.split(".")
    yield from (".".join(labels[place:]) for place in range(max(1, len(labels) - 1)))


def judge_identity(address: str, found: Identity | Unread | None) -> Finding:
    check = f"sender {address}"
    if isinstance(found, Unread):
        return unknown(check, found)
    domain = address.rpartition("@")[2]
    if found is None:
        return failed(check, "SES does not know it.", f"Verify {domain} in the SES console.")
    if not found.verified:
        said = f"SES has not verified {found.name}."
        return failed(check, said, f"Publish the records that the SES console shows for {domain}.")
    return ok(check, f"Verified by {found.name}.")


def judge_dkim(address: str, found: Identity | Unread | None) -> Finding:
    check = f"DKIM {address.rpartition('@')[2]}"
    if isinstance(found, Unread):
        return unknown(check, found)
    if found is None:
        return unknown(check, Unread(f"SES knows no identity of {address}."))
    if found.dkim_status == "SUCCESS" and found.dkim_on:
        return ok(check, f"SES signs as {found.domain}.")
    if found.dkim_status == "SUCCESS":
        return failed(check, "It is set up and switched off.", "Enable DKIM signing in SES.")
    todo = "Set up Easy DKIM in the SES console and publish its records."
    if found.dkim_tokens and found.dkim_by_ses:
        names = ", ".join(f"{token}._domainkey.{found.domain}" for token in found.dkim_tokens)
        todo = f"Publish these CNAME records, each to its token's .dkim.amazonses.com: {names}."
    said = f"SES does not sign yet ({found.dkim_status or 'NOT_STARTED'})."
    return failed(check, said, todo)


def judge_mail_from(address: str, found: Identity | Unread | None, region: str) -> Finding:
    check = f"MAIL FROM {address.rpartition('@')[2]}"
    if isinstance(found, Unread):
        return unknown(check, found)
    if found is None:
        return unknown(check, Unread(f"SES knows no identity of {address}."))
    if not found.mail_from:
        said = "It is amazonses.com, so SPF does not speak for you."
        return warning(check, said, f"Set a MAIL FROM domain such as bounce.{found.domain} in SES.")
    if found.mail_from_status == "SUCCESS":
        return ok(check, f"{found.mail_from}.")
    said = f"SES has not found the records of {found.mail_from} ({found.mail_from_status})."
    todo = (
        f"Publish {found.mail_from} MX 10 {feedback_host(region)} and "
        f'TXT "v=spf1 include:amazonses.com ~all".'
    )
    # By its setting SES refuses to send, or sends with its own domain meanwhile.
    return (failed if found.rejects_without_mx else warning)(check, said, todo)


def feedback_host(region: str) -> str:
    return f"feedback-smtp.{region}.amazonses.com"

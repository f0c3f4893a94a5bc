"""SPF, DMARC and MX as DNS tells them. Pure.

Sources: RFC 7208 (SPF; at most one record, 4.5), RFC 7489 (DMARC; alignment 3.1, records 6.3). The
search for a DMARC record goes up the tree, label by label.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from service.provisioning.doctor.finding import Finding, Unread, failed, ok, unknown, warning
from service.provisioning.doctor.identity import feedback_host

Texts = Sequence[str] | Unread
"""The TXT records of a name, each joined; none when the name does not exist."""

SES_SPF = "include:amazonses.com"
ELSEWHERE = ("include:", "redirect=")


def spf_of(texts: Sequence[str]) -> list[str]:
    """Records that say they are SPF (RFC 7208, 4.5)."""
    return [t for t in texts if t.lower() == "v=spf1" or t.lower().startswith("v=spf1 ")]


def judge_from_spf(domain: str, texts: Texts) -> Finding:
    """The domain in From. SES's SPF is checked on MAIL FROM; here a broken record does harm."""
    check = f"SPF {domain}"
    if isinstance(texts, Unread):
        return unknown(check, texts)
    found = spf_of(texts)
    if len(found) > 1:
        return failed(check, f"There are {len(found)} records: none counts.", "Leave one of them.")
    if not found:
        todo = f'Publish {domain} TXT "v=spf1 {SES_SPF} ~all", with your other senders in it.'
        return warning(check, "There is no record.", todo)
    return ok(check, found[0])


def judge_mail_from_records(
    domain: str, texts: Texts, exchanges: Sequence[str] | Unread, region: str
) -> Finding:
    """*exchanges* are the hosts of the MX records, without a final dot."""
    check = f"SPF and MX {domain}"
    if isinstance(texts, Unread):
        return unknown(check, texts)
    if isinstance(exchanges, Unread):
        return unknown(check, exchanges)
    found, host = spf_of(texts), feedback_host(region)
    if len(found) > 1:
        said = f"There are {len(found)} SPF records: none counts."
        return failed(check, said, "Leave one of them.")
    if not found or SES_SPF not in found[0].lower():
        said = f"SPF does not name SES: {found[0]}" if found else "There is no SPF record."
        # What is included may name SES in its turn; it is not followed here.
        elsewhere = bool(found) and any(word in found[0].lower() for word in ELSEWHERE)
        todo = f'Publish {domain} TXT "v=spf1 {SES_SPF} ~all".'
        return (warning if elsewhere else failed)(check, said, todo)
    if [each.lower() for each in exchanges] != [host]:
        said = f"MX is {', '.join(exchanges) or 'missing'}: bounces do not reach SES."
        return failed(check, said, f"Publish {domain} MX 10 {host} and no other.")
    return ok(check, f"{found[0]}; MX {host}.")


def dmarc_names(domain: str) -> Iterator[str]:
    """Where a record for *domain* may stand, the nearest first."""
    labels = domain.split(".")
    for place in range(max(1, len(labels) - 1)):
        yield "_dmarc." + ".".join(labels[place:])


def is_dmarc(text: str) -> bool:
    """RFC 7489, 6.3: the version comes first."""
    return text.replace(" ", "").lower().startswith("v=dmarc1")


def judge_dmarc(domain: str, texts: Texts, signed_as: str | None) -> Finding:
    """*texts* are those of the first name that has a DMARC record; *signed_as* is DKIM's domain."""
    check = f"DMARC {domain}"
    if isinstance(texts, Unread):
        return unknown(check, texts)
    found = [text for text in texts if is_dmarc(text)]
    wish = f'Publish _dmarc.{domain} TXT "v=DMARC1; p=none; rua=mailto:postmaster@{domain}".'
    if not found:
        said = "There is no record: Gmail and Yahoo refuse lists without one."
        return failed(check, said, wish)
    if len(found) > 1:
        return failed(check, f"There are {len(found)} records: none counts.", "Leave one of them.")
    tags = _tags(found[0])
    if tags.get("p", "") not in {"none", "quarantine", "reject"}:
        return failed(check, f"It names no policy: {found[0]}", wish)
    if tags.get("adkim", "r") == "s" and signed_as not in {None, domain}:
        said = f"It asks for exact alignment (adkim=s), and SES signs as {signed_as}."
        return failed(check, said, f"Verify {domain} itself in SES, or take adkim=s away.")
    return ok(check, found[0])


def _tags(record: str) -> dict[str, str]:
    pairs = (piece.partition("=") for piece in record.split(";"))
    return {name.strip().lower(): value.strip().lower() for name, _, value in pairs}

"""DNS by dnspython, from the system's resolver or one that is named."""

from __future__ import annotations

from ipaddress import ip_address

import dns.exception
import dns.rdtypes.ANY.MX
import dns.rdtypes.ANY.TXT
import dns.resolver

from service.provisioning.doctor.finding import Unread
from service.provisioning.doctor.records import dmarc_names, is_dmarc

DNS_PORT = 53
LIFETIME = 8.0
"""Seconds for one question, all tries together."""


class BadResolver(ValueError):
    """Not an address and a port; the text says how one looks."""


class Lookup:
    """Asks *server* (``127.0.0.1``, ``127.0.0.1:5353``, ``[::1]:5353``), or the system's own."""

    def __init__(self, server: str = "", *, lifetime: float = LIFETIME) -> None:
        self._server = server
        self._lifetime = lifetime
        self._address = _parsed(server) if server else None

    def texts(self, name: str) -> tuple[str, ...] | Unread:
        """The TXT records of *name*, the pieces of each joined (RFC 7208, 3.3)."""
        answer = self._ask(name, "TXT")
        if isinstance(answer, Unread):
            return answer
        return tuple(
            b"".join(row.strings).decode(errors="replace")
            for row in answer
            if isinstance(row, dns.rdtypes.ANY.TXT.TXT)
        )

    def exchanges(self, name: str) -> tuple[str, ...] | Unread:
        """The hosts of its MX records, by preference."""
        answer = self._ask(name, "MX")
        if isinstance(answer, Unread):
            return answer
        rows = [row for row in answer if isinstance(row, dns.rdtypes.ANY.MX.MX)]
        rows.sort(key=lambda row: row.preference)
        return tuple(row.exchange.to_text(omit_final_dot=True) for row in rows)

    def dmarc(self, domain: str) -> tuple[str, ...] | Unread:
        """The TXT records of the first name up the tree that has a DMARC record among them."""
        for name in dmarc_names(domain):
            found = self.texts(name)
            if isinstance(found, Unread) or any(map(is_dmarc, found)):
                return found
        return ()

    def _ask(self, name: str, kind: str) -> list[object] | Unread:
        try:
            answer = self._resolver().resolve(
                name.rstrip(".") + ".", kind, lifetime=self._lifetime, raise_on_no_answer=False
            )
        except dns.resolver.NXDOMAIN:
            return []
        except dns.exception.DNSException as error:
            where = self._server or "The system's resolver"
            return Unread(f"{where} did not answer for {name} {kind}: {error}")
        return list(answer.rrset or ())

    def _resolver(self) -> dns.resolver.Resolver:
        if self._address is None:
            return dns.resolver.Resolver()
        made = dns.resolver.Resolver(configure=False)
        host, made.port = self._address
        made.nameservers = [host]
        return made


def _parsed(server: str) -> tuple[str, int]:
    host, port = server, str(DNS_PORT)
    if server.startswith("["):
        host, _, rest = server[1:].partition("]")
        port = rest.removeprefix(":") or port
    elif server.count(":") == 1:
        host, _, port = server.partition(":")
    try:
        return str(ip_address(host)), int(port)
    except ValueError as error:
        raise BadResolver(
            f"{server!r} is not a resolver: give its IP address, such as 9.9.9.9 or 127.0.0.1:5353."
        ) from error

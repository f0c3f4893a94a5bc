"""A DNS server on a loopback port, over UDP and TCP, with the records that a test gives it."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

SMALL = 512  # RFC 1035, 4.2.1: what goes into a datagram without EDNS


class Nameserver:
    """Knows what is put into it; any other name does not exist."""

    def __init__(self) -> None:
        self._records: dict[tuple[str, str], list[str]] = {}
        self.broken: set[str] = set()
        """Names for which it answers SERVFAIL."""
        self.silent: set[str] = set()
        """Names for which it answers nothing."""
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(self._tcp.getsockname())
        self._threads = [
            threading.Thread(target=work, daemon=True) for work in (self._datagrams, self._streams)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def address(self) -> str:
        host, port = self._tcp.getsockname()
        return f"{host}:{port}"

    def txt(self, name: str, *texts: str) -> None:
        """Each text a record, in pieces of 255 bytes as long ones are written."""
        self._records[name, "TXT"] = [
            " ".join(f'"{text[start : start + 255]}"' for start in range(0, len(text), 255))
            for text in texts
        ]

    def mx(self, name: str, *exchanges: str) -> None:
        """Each like ``10 mail.example.``"""
        self._records[name, "MX"] = list(exchanges)

    def close(self) -> None:
        for listener in (self._udp, self._tcp):
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for thread in self._threads:
            thread.join(5)

    def _datagrams(self) -> None:
        while True:
            try:
                question, sender = self._udp.recvfrom(65_535)
            except OSError:
                return
            if not question:  # the socket was shut down
                return
            answer = self._answer(question)
            if answer is not None:
                try:
                    wire = answer.to_wire(max_size=SMALL)
                except dns.exception.TooBig:
                    answer.answer.clear()
                    answer.flags |= dns.flags.TC
                    wire = answer.to_wire()
                self._udp.sendto(wire, sender)

    def _streams(self) -> None:
        while True:
            try:
                connection, _ = self._tcp.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                (length,) = struct.unpack("!H", connection.recv(2))
                answer = self._answer(connection.recv(length))
                if answer is not None:
                    wire = answer.to_wire()
                    connection.sendall(struct.pack("!H", len(wire)) + wire)

    def _answer(self, wire: bytes) -> dns.message.Message | None:
        query = dns.message.from_wire(wire)
        answer = dns.message.make_response(query)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True)
        if name in self.silent:
            return None
        kinds = {kind for known, kind in self._records if known == name}
        if name in self.broken:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif not kinds and not any(known.endswith(f".{name}") for known, _ in self._records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        else:
            kind = dns.rdatatype.to_text(question.rdtype)
            records = self._records.get((name, kind), [])
            if records:
                answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *records))
        return answer

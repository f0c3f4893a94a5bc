"""A small SMTP server (RFC 5321) that takes mail, refuses it, or hangs up, as it is told."""

from __future__ import annotations

import socketserver
import threading
from dataclasses import dataclass, field


@dataclass
class Received:
    """A message that was taken."""

    sender: str
    recipients: list[str]
    data: bytes


@dataclass
class Behaviour:
    """What to answer. The keys of ``recipients`` are addresses."""

    recipients: dict[str, str] = field(default_factory=dict)
    """To RCPT, instead of 250."""
    sender: str = "250 ok"
    """To MAIL."""
    drop_after_data: set[str] = field(default_factory=set)
    """Addresses whose message is taken and the connection then closed without an answer."""
    data: dict[str, str] = field(default_factory=dict)
    """To the end of the message, instead of 250."""
    login: str = "235 welcome"


class SmtpServer:
    """Runs in a thread; ``url`` is for BROADSHEET_SMTP_URL."""

    def __init__(self) -> None:
        self.behaviour = Behaviour()
        self.received: list[Received] = []
        self.connections = 0
        self.logins: list[str] = []
        outer = self

        class Handler(_Session):
            smtp = outer

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"smtp://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Session(socketserver.StreamRequestHandler):
    smtp: SmtpServer

    def handle(self) -> None:
        self.smtp.connections += 1
        self._sender, self._recipients = "", list[str]()
        self._say("220 mail.example.org ESMTP")
        while line := self.rfile.readline():
            verb, _, rest = line.decode().strip().partition(" ")
            if not self._answer(verb.upper(), rest):
                return

    def _answer(self, verb: str, rest: str) -> bool:
        """Answer one command; False to hang up."""
        behaviour = self.smtp.behaviour
        if verb == "EHLO":
            self._say("250-mail.example.org", "250-AUTH PLAIN", "250 8BITMIME")
        elif verb == "AUTH":
            self.smtp.logins.append(rest)
            self._say(behaviour.login)
        elif verb == "MAIL":
            self._sender = _address(rest)
            self._say(behaviour.sender)
        elif verb == "RCPT":
            answer = behaviour.recipients.get(_address(rest), "250 ok")
            if answer.startswith("250"):
                self._recipients.append(_address(rest))
            self._say(answer)
        elif verb == "DATA":
            return self._data()
        elif verb == "RSET":
            self._sender, self._recipients = "", []
            self._say("250 ok")
        elif verb == "QUIT":
            self._say("221 bye")
            return False
        else:
            self._say("250 ok" if verb == "NOOP" else "502 not here")
        return True

    def _data(self) -> bool:
        self._say("354 go on")
        lines: list[bytes] = []
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                return False
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        to = self._recipients[0]
        answer = self.smtp.behaviour.data.get(to, "250 taken")
        if answer.startswith("250"):
            self.smtp.received.append(Received(self._sender, self._recipients, b"".join(lines)))
        self._sender, self._recipients = "", []
        if to in self.smtp.behaviour.drop_after_data:
            return False
        self._say(answer)
        return True

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())


def _address(argument: str) -> str:
    """``FROM:<a@example.org> SIZE=7`` → ``a@example.org``."""
    return argument.partition("<")[2].partition(">")[0]

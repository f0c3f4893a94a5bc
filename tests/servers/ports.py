"""A port that nobody listens on."""

from __future__ import annotations

import random
import socket

BELOW_EPHEMERAL = range(20_000, 30_000)
"""Ports that the kernel gives to nobody by itself, so a free one stays free until it is used."""


def free_port() -> int:
    for port in random.SystemRandom().sample(BELOW_EPHEMERAL, 50):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port was found on 127.0.0.1")

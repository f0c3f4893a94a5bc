"""The lightest SES there can be: counts the entries of a bulk call and accepts them all.

``python -m benchmarks.sink FILE`` writes its URL into FILE. It keeps nothing and verifies nothing:
what is measured beside it is the sender. The sandbox's SES, which looks at every message, would
take longer than the worker that speaks to it.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from pathlib import Path

ENTRY = b'"Destination"'
ACCOUNT = json.dumps(
    {
        "SendingEnabled": True,
        "ProductionAccessEnabled": True,
        "EnforcementStatus": "HEALTHY",
        "SendQuota": {"MaxSendRate": 1e9, "Max24HourSend": -1, "SentLast24Hours": 0},
    }
).encode()

numbers = itertools.count(1)


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                (int(line[15:]) for line in head.lower().split(b"\r\n")
                 if line.startswith(b"content-length:")), 0,
            )  # fmt: skip
            if b"expect: 100-continue" in head.lower():
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            body = await reader.readexactly(length)
            said = _accepted(body) if head.startswith(b"POST") else ACCOUNT
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                % len(said)
                + said
            )
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def _accepted(body: bytes) -> bytes:
    entries = [
        {"Status": "SUCCESS", "MessageId": f"0100018f-{next(numbers):012x}-000000"}
        for _ in range(body.count(ENTRY))
    ]
    return json.dumps({"BulkEmailEntryResults": entries}).encode()


async def serve(ready: Path) -> None:
    # As much as a whole request, so that the reader does not stop and go.
    server = await asyncio.start_server(answer, "127.0.0.1", 0, limit=4_000_000)
    port = server.sockets[0].getsockname()[1]
    ready.write_text(f"http://127.0.0.1:{port}")
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))

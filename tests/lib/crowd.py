# SPDX-License-Identifier: GPL-2.0-only
"""crowd.py ADDRESS PORT CLIENTS ROUNDS PATH…: so many clients at once, each on a connection of its
own, ask one path after the other, ROUNDS times. Every answer has to be 200, or 503 with a
Retry-After, and whole. Prints counts as JSON: answers by status, connections refused, the slowest
answer in ms; fails on anything else."""
import asyncio
import collections
import json
import resource
import sys
import time

COUNTS = collections.Counter()
WRONG = []


async def read_answer(reader):
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    fields = dict(line.lower().split(": ", 1) for line in head[1:] if line)
    if "content-length" in fields:
        await reader.readexactly(int(fields["content-length"]))
    elif fields.get("content-type") == "text/event-stream":
        event = await reader.readuntil(b"\n\n")
        if b"data: {" not in event:
            raise ValueError(f"no event: {event[:80]}")
    else:
        raise ValueError(f"no length: {head}")
    return int(head[0].split()[1]), fields


async def ask(number, address, port, rounds, paths):
    """Events do not end: who asks for them begins a new connection after the first one."""
    writer = None
    try:
        for turn in range(rounds * len(paths)):
            path = paths[(number + turn) % len(paths)]
            if not writer:
                reader, writer = await asyncio.open_connection(address, port)
            began = time.monotonic()
            writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            status, fields = await asyncio.wait_for(read_answer(reader), 60)
            took = int((time.monotonic() - began) * 1000)
            COUNTS["slowest_ms"] = max(COUNTS["slowest_ms"], took)
            COUNTS[str(status)] += 1
            if status != 200 and not (status == 503 and int(fields["retry-after"]) > 0):
                raise ValueError(f"{path}: {status} {fields}")
            if path.endswith("/events") or fields.get("connection") == "close":
                writer.close()
                await writer.wait_closed()
                writer = None
    except (ConnectionError, asyncio.IncompleteReadError):
        COUNTS["refused"] += 1
    except (ValueError, KeyError, asyncio.TimeoutError) as error:
        WRONG.append(repr(error))
    if writer:
        writer.close()


async def main():
    address, port, clients, rounds = sys.argv[1], *map(int, sys.argv[2:5])
    resource.setrlimit(resource.RLIMIT_NOFILE, (clients + 100, clients + 100))
    await asyncio.gather(*(ask(i, address, port, rounds, sys.argv[5:]) for i in range(clients)))
    print(json.dumps(COUNTS))
    if WRONG:
        sys.exit(f"{len(WRONG)} wrong: {WRONG[:3]}")


asyncio.run(main())

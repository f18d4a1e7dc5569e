"""One event to a thousand WebSocket clients of /api/v1/events: how long until each has it, and what each costs.

The server is the real application under uvicorn on the server core; the clients are WebSockets of another process on
the load core, half of them administrators, half people. Latency counts from the moment the event leaves the control
process' stream to the arrival of the frame at the client; both clocks are one.
"""

from __future__ import annotations

import asyncio
import base64
import multiprocessing as mp
import os
import resource
import socket
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

from kiestoon.api.application import build_application
from kiestoon.api.backend import Backend
from kiestoon.api.principal import Principal
from kiestoon.app.control_core import resident_bytes
from kiestoon.notify.live import Batch, LiveEvent
from kiestoon.notify.ring import Ring
from kiestoon.store.database import Database, sqlite_url
from kiestoon.store.installation import prepare
from kiestoon.store.keys import Vault

CLIENTS = 1000
EVENTS = 100
PER_SECOND = 5
TEXT = "call.leg.ringing"


class Client(asyncio.Protocol):
    """The least a WebSocket client can be: it counts frames and when they came."""

    def __init__(self, number: int, arrivals: list[tuple[int, float]], opened: asyncio.Semaphore) -> None:
        self.number = number
        self.arrivals = arrivals
        self.opened = opened
        self.head = b""
        self.buffer = b""
        self.is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET /api/v1/events HTTP/1.1\r\nHost: b\r\nX-Number: {self.number}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        self.buffer += data
        if not self.is_open:
            head, end, rest = self.buffer.partition(b"\r\n\r\n")
            if not end:
                return
            assert b" 101 " in head, head
            self.is_open, self.buffer = True, rest
        while len(self.buffer) >= 2:
            opcode, length, start = self.buffer[0] & 15, self.buffer[1] & 127, 2
            if length == 126:
                length, start = int.from_bytes(self.buffer[2:4], "big"), 4
            if len(self.buffer) < start + length:
                return
            payload, self.buffer = self.buffer[start : start + length], self.buffer[start + length :]
            if opcode == 9:
                self.transport.write(b"\x8a" + bytes([128 | length]) + b"\0\0\0\0" + payload)
            elif b'"hello"' in payload:
                self.opened.release()
            elif b'"n":' in payload:
                number = int(payload.partition(b'"n":')[2].partition(b"}")[0].partition(b",")[0])
                self.arrivals.append((number, now))


def listen(port: int, pipe: Connection) -> None:
    """The client process."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    _raise_limit()

    async def run() -> None:
        loop = asyncio.get_running_loop()
        arrivals: list[tuple[int, float]] = []
        opened = asyncio.Semaphore(0)
        for number in range(CLIENTS):
            await loop.create_connection(lambda number=number: Client(number, arrivals, opened), "127.0.0.1", port)
            await opened.acquire()
        pipe.send("open")
        while not pipe.poll():
            await asyncio.sleep(0.02)
        pipe.recv()
        pipe.send(arrivals)

    asyncio.run(run())


def web_application(ring: Ring[LiveEvent], database: Database, vault: Vault) -> FastAPI:
    """The web process' application, fed from the ring; clients say who they are by a header."""

    async def follow(epoch: str, after: int) -> AsyncGenerator[Batch, None]:
        yield Batch("b", 0, 0)
        while True:
            found = ring.after(after) or ()
            after += len(found)
            if found:
                yield Batch("b", after, 0, False, tuple(found))
            else:
                await ring.wait()

    async def ask(command: str, **arguments: Any) -> Any:
        return {}

    async def whoever(connection: Any) -> Principal:
        number = int(connection.headers["x-number"])
        role: Any = "company" if number % 2 else "user"
        return Principal(account_id=number, name=f"n{number}", role=role, company_id=1, user_id=number)

    application = build_application(Backend(database, vault, ask), "1", follow=follow)
    application.state.events.identify = whoever
    return application


async def main() -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    _raise_limit()
    ring: Ring[LiveEvent] = Ring(10_000)
    with tempfile.TemporaryDirectory() as folder:
        database = Database(sqlite_url(Path(folder) / "kiestoon.db"))
        vault = prepare(database, Path(folder) / "installation.key")
        application = web_application(ring, database, vault)
        listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
        config = uvicorn.Config(
            application, log_config=None, lifespan="off", ws="websockets-sansio", ws_max_size=4096,
            ws_per_message_deflate=False, timeout_graceful_shutdown=1,
        )  # fmt: skip
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            await asyncio.sleep(0.01)
        before = resident_bytes()
        ours, theirs = mp.Pipe()
        process = mp.get_context("spawn").Process(target=listen, args=(listener.getsockname()[1], theirs))
        process.start()
        await asyncio.to_thread(ours.recv)
        memory = (resident_bytes() - before) / CLIENTS
        sent, cpu = {}, time.process_time()
        for number in range(EVENTS):
            data = {"n": number, "call_id": "6745f0a2-1", "direction": "in", "dialled": "204", "leg": None}
            sent[number] = time.monotonic()
            ring.append(LiveEvent(number + 1, int(time.time() * 1000), 1, TEXT, data, (1, 2, 3), public=True))
            await asyncio.sleep(1 / PER_SECOND)
        cpu = time.process_time() - cpu
        await asyncio.sleep(1)
        ours.send("done")
        arrivals = await asyncio.to_thread(ours.recv)
        process.join()
        server.should_exit = True
        await serving
        await application.state.events.hub.close()
        database.close()
    assert len(arrivals) == CLIENTS * EVENTS, f"{len(arrivals)} of {CLIENTS * EVENTS} arrived"
    delays = sorted(at - sent[number] for number, at in arrivals)
    for name, share in (("p50", 0.5), ("p99", 0.99), ("worst", 1.0)):
        delay_s = delays[min(len(delays) - 1, int(share * len(delays)))]
        print(f"event to {CLIENTS} clients, {name}: {delay_s * 1000:.1f} ms")
    print(f"processor time for each event and client: {cpu / len(delays) * 1e6:.1f} µs")
    print(f"memory for each client: {memory / 1024:.1f} kB")


def _raise_limit() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

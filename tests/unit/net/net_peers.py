"""What tests put at the other ends: a sink that remembers, and messages to send."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from kiestoon.sip.flow import Flow, Target
from kiestoon.sip.message import Request, Response
from kiestoon.sip.parse import BadMessage


class Recorder:
    """Implements ``Sink``; ``message()`` waits for the next one."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[tuple[Request | Response, Flow]] = asyncio.Queue()
        self.bad: asyncio.Queue[tuple[BadMessage, Flow]] = asyncio.Queue()
        self.failed: asyncio.Queue[str] = asyncio.Queue()
        self.unreachable: asyncio.Queue[tuple[str, str, int]] = asyncio.Queue()
        self.flushes = 0

    def on_message(self, message: Request | Response, flow: Flow) -> None:
        self.messages.put_nowait((message, flow))

    def on_bad_message(self, bad: BadMessage, flow: Flow) -> None:
        self.bad.put_nowait((bad, flow))

    def on_transport_failed(self, transaction: str) -> None:
        self.failed.put_nowait(transaction)

    def on_unreachable(self, transaction: str, host: str, port: int) -> None:
        self.unreachable.put_nowait((transaction, host, port))

    def on_resolved(self, token: int, targets: Sequence[Target]) -> None:
        raise AssertionError("nobody asked")

    def flush(self) -> None:
        self.flushes += 1

    async def message(self) -> tuple[Request | Response, Flow]:
        async with asyncio.timeout(5):
            return await self.messages.get()

    async def failure(self) -> str:
        async with asyncio.timeout(5):
            return await self.failed.get()


def options(call_id: str = "c1", via: str = "UDP 127.0.0.1", extra: str = "") -> bytes:
    return (
        f"OPTIONS sip:100@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/{via};branch=z9hG4bK{call_id};rport\r\n"
        f"From: <sip:bob@example.com>;tag=f1\r\nTo: <sip:100@127.0.0.1>\r\nCall-ID: {call_id}\r\n"
        f"CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n{extra}Content-Length: 0\r\n\r\n"
    ).encode()

"""Listeners, and who connects to them over real loopback sockets."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from kiestoon.net.certificate import CertificateFiles
from kiestoon.net.settings import Listener, NetSettings, TlsServer
from kiestoon.sip.flow import Transport

Open = Callable[..., Any]


def listen(*kinds: Transport, host: str = "127.0.0.1", tls: TlsServer | None = None, **more: Any) -> NetSettings:
    return NetSettings(tuple(Listener(kind, host, 0, tls=tls) for kind in kinds), **more)


def server_tls(files: CertificateFiles) -> TlsServer:
    return TlsServer(str(files.certificate), str(files.key))


class Phone(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.got: asyncio.Queue[bytes] = asyncio.Queue()

    async def next(self) -> bytes:
        async with asyncio.timeout(5):
            return await self.got.get()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.got.put_nowait(data)


async def udp_phone(host: str, port: int) -> tuple[asyncio.DatagramTransport, Phone]:
    loop = asyncio.get_running_loop()
    return await loop.create_datagram_endpoint(Phone, remote_addr=(host, port))


async def read_until(reader: asyncio.StreamReader, end: bytes = b"\r\n\r\n") -> bytes:
    async with asyncio.timeout(5):
        return await reader.readuntil(end)


async def until_closed(reader: asyncio.StreamReader) -> None:
    async with asyncio.timeout(5):
        with contextlib.suppress(ConnectionError):
            while await reader.read(4096):
                pass

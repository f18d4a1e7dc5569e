"""Requests too large for a datagram, over real sockets: by TCP, and by UDP where a TCP connection is refused."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from kiestoon.net.driver import EndpointDriver
from kiestoon.net.local import ListenerAddresses
from kiestoon.net.settings import Listener, NetSettings
from kiestoon.net.transports import SipTransports
from kiestoon.sip import events
from kiestoon.sip.endpoint import Endpoint
from kiestoon.sip.flow import Target, Transport

HOST = "127.0.0.1"
LARGE = b"v=0 " + b"a" * 1400


class Party:
    """An endpoint with sockets of its own; it answers every call."""

    def __init__(self) -> None:
        local = ListenerAddresses()
        self.endpoint = Endpoint(local)
        self.driver: EndpointDriver[events.Event] = EndpointDriver(self.endpoint, self._on_event)
        self.came: asyncio.Queue[events.Event] = asyncio.Queue()
        self._local = local

    async def open(self, *kinds: Transport, port: int = 0) -> int:
        listeners = tuple(Listener(kind, HOST, port) for kind in kinds)
        self.transports = SipTransports(self.driver, NetSettings(listeners), local=self._local)
        await self.transports.start()
        self.driver.attach(self.transports)
        return self.transports.bound[0].port

    async def close(self) -> None:
        await self.driver.close()
        await self.transports.close()

    async def event(self, kind: type[events.Event]) -> events.Event:
        async with asyncio.timeout(5):
            while not isinstance(event := await self.came.get(), kind):
                pass
            return event

    def _on_event(self, event: events.Event, now: float) -> None:
        if isinstance(event, events.InviteReceived):
            event.session.accept(now, b"v=0 answer")
        self.came.put_nowait(event)


def free_port() -> int:
    """Free for UDP and TCP."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
    ):
        tcp.bind((HOST, 0))
        udp.bind((HOST, tcp.getsockname()[1]))
        return int(tcp.getsockname()[1])


@pytest.fixture
async def parties() -> AsyncIterator[tuple[Party, Party]]:
    pair = Party(), Party()
    yield pair
    for party in pair:
        await party.close()


@pytest.mark.parametrize(("server", "way"), [(("udp", "tcp"), "tcp"), (("udp",), "udp")])
async def test_a_large_invite_goes_by_tcp_to_who_takes_it_and_by_udp_to_who_does_not(
    parties: tuple[Party, Party], server: tuple[Transport, ...], way: str
) -> None:
    ours, theirs = parties
    await ours.open("udp", "tcp")
    port = await theirs.open(*server, port=free_port())
    session = ours.endpoint.invite(
        ours.driver.now, uri=f"sip:b@{HOST}:{port}", to=f"<sip:b@{HOST}>", from_="<sip:a@example.com>", body=LARGE,
        destination=[Target("udp", HOST, port)], to_server=True,
    )  # fmt: skip
    ours.driver.flush()
    invited = await theirs.event(events.InviteReceived)
    assert isinstance(invited, events.InviteReceived)
    assert (invited.flow.transport, invited.session.remote_body) == (way, LARGE)
    await ours.event(events.Accepted)
    session.bye(ours.driver.now)
    ours.driver.flush()
    ended = await theirs.event(events.Ended)
    assert isinstance(ended, events.Ended)

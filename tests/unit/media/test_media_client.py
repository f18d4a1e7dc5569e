"""The asyncio client, against a real server turning in a thread of the test."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from media_rig import PCMA
from port_slices import PortSlice

from kiestoon.media.client import MediaClient
from kiestoon.media.engine import Engine
from kiestoon.media.loop import Loop
from kiestoon.media.ports import MediaAddress, PortPool
from kiestoon.media.protocol import Add, Audit, Audited, CommandFailed, Event, Port, Stream, Subtract, Welcome
from kiestoon.media.server import Server
from kiestoon.media.shared import Shared


class Media:
    """A media server in a thread."""

    def __init__(self, path: Path, hosts: tuple[str, ...] = ("127.0.0.1",)) -> None:
        self.loop = Loop()
        self._ports = PortSlice(hosts)
        addresses = [MediaAddress(host) for host in hosts]
        self.pool = PortPool(self._ports.first, self._ports.first + 79, addresses, quarantine_s=0.0)
        self.server = Server(Engine(Shared(self.loop), self.pool), self.loop, str(path))
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self.loop.stopped:
            self.loop.turn(0.02)
        self.server.close()
        self.loop.close()

    def stop(self) -> None:
        self.loop.stopped = True
        self._thread.join()
        self._ports.close()


class Caller:
    """A client whose events are awaited."""

    def __init__(self, path: Path, **settings: int) -> None:
        self.client = MediaClient(str(path), **settings)
        self.events: asyncio.Queue[Event] = asyncio.Queue()
        self.lost: asyncio.Queue[str] = asyncio.Queue()
        self.welcomes: asyncio.Queue[tuple[Welcome, bool]] = asyncio.Queue()
        self.stocked = asyncio.Event()
        self.client.on_event = self.events.put_nowait
        self.client.on_lost = self.lost.put_nowait
        self.client.on_welcome = lambda welcome, kept: self.welcomes.put_nowait((welcome, kept))
        self.client.on_stock = lambda host, count: self.stocked.set()

    async def start(self, **how: bool) -> None:
        await self.client.start(**how)
        await asyncio.wait_for(self.stocked.wait(), 5)

    async def next(self) -> Event:
        return await asyncio.wait_for(self.events.get(), 5)


@pytest.fixture
async def start_media(tmp_path: Path) -> AsyncIterator[Callable[[], Media]]:
    running: list[Media] = []

    def start() -> Media:
        media = Media(tmp_path / "media.sock")
        running.append(media)
        return media

    yield start
    for media in running:
        if not media.loop.stopped:
            await asyncio.to_thread(media.stop)


async def test_ports_are_in_stock_and_leased_without_waiting(start_media: Callable[[], Media], tmp_path: Path) -> None:
    start_media()
    caller = Caller(tmp_path / "media.sock", stock=8, refill_at=4)
    await caller.start()
    ports = [caller.client.lease() for _ in range(5)]
    assert all(isinstance(port, Port) for port in ports)
    assert len({port.rtp for port in ports if port is not None}) == 5
    caller.stocked.clear()
    await asyncio.wait_for(caller.stocked.wait(), 5)
    assert caller.client.in_stock == 8
    await caller.client.stop()


async def test_the_stock_of_one_host_leaves_ports_of_a_small_range_for_the_others(tmp_path: Path) -> None:
    hosts = ("127.0.0.1", "127.0.0.2", "127.0.0.3")
    media = Media(tmp_path / "media.sock", hosts)
    caller = Caller(tmp_path / "media.sock")  # it would have all 40 pairs in stock for the first host
    stocked: dict[str, int] = {}
    everywhere = asyncio.Event()

    def note(host: str, count: int) -> None:
        stocked[host] = count
        if len(stocked) == len(hosts):
            everywhere.set()

    caller.client.on_stock = note
    await caller.client.start()
    await asyncio.wait_for(everywhere.wait(), 5)
    assert all(caller.client.lease(host) is not None for host in hosts)
    assert caller.client.in_stock <= 40 // 4
    await caller.client.stop()
    media.stop()


async def test_exhaustion_is_told_by_none_and_ends_when_ports_return(
    start_media: Callable[[], Media], tmp_path: Path
) -> None:
    start_media()
    caller = Caller(tmp_path / "media.sock", stock=30, refill_at=25)
    await caller.start()
    taken: list[Port] = []
    while len(taken) < 40:
        caller.stocked.clear()
        port = caller.client.lease()
        if port is None:
            await asyncio.wait_for(caller.stocked.wait(), 5)
        else:
            taken.append(port)
    assert caller.client.lease() is None
    caller.client.release(taken.pop())
    assert caller.client.lease() is not None
    await caller.client.stop()


async def test_commands_reach_the_engine_in_order(start_media: Callable[[], Media], tmp_path: Path) -> None:
    start_media()
    caller = Caller(tmp_path / "media.sock")
    await caller.start()
    port = caller.client.lease()
    assert port is not None
    caller.client.send(Add(1, 1, port.rtp, Stream(None, None, PCMA, (PCMA,))))
    caller.client.send(Audit())
    caller.client.send(Subtract(1))
    caller.client.send(Subtract(1))
    names = [type(await caller.next()).__name__ for _ in range(3)]
    assert names == ["Audited", "Subtracted", "CommandFailed"]
    await caller.client.stop()


async def test_a_restarted_media_process_is_found_again_as_another(
    start_media: Callable[[], Media], tmp_path: Path
) -> None:
    media = start_media()
    caller = Caller(tmp_path / "media.sock")
    await caller.start()
    first, _ = await caller.welcomes.get()
    await asyncio.to_thread(media.stop)
    assert await asyncio.wait_for(caller.lost.get(), 5)
    assert not caller.client.connected
    assert caller.client.lease() is None
    caller.client.send(Audit())  # goes nowhere, and says nothing
    start_media()
    second, kept = await asyncio.wait_for(caller.welcomes.get(), 10)
    assert second.incarnation != first.incarnation
    assert not kept
    assert caller.client.connected
    await caller.client.stop()


async def test_a_restarted_control_process_adopts_the_contexts(
    start_media: Callable[[], Media], tmp_path: Path
) -> None:
    start_media()
    before = Caller(tmp_path / "media.sock")
    await before.start()
    port = before.client.lease()
    assert port is not None
    before.client.send(Add(1, 1, port.rtp, Stream(None, None, PCMA, (PCMA,))))
    before.client.send(Audit())
    await before.next()
    await before.client.stop()
    after = Caller(tmp_path / "media.sock")
    await after.start(keep=True)
    after.client.send(Audit())
    audited = await after.next()
    assert isinstance(audited, Audited)
    assert audited.contexts[0].terminations[0].port == port
    await after.client.stop()


async def test_a_callback_that_raises_does_not_lose_the_connection(
    start_media: Callable[[], Media], tmp_path: Path
) -> None:
    start_media()
    caller = Caller(tmp_path / "media.sock")
    await caller.start()

    def on_event(event: Event) -> None:
        caller.events.put_nowait(event)
        raise RuntimeError

    caller.client.on_event = on_event
    caller.client.send(Subtract(5))
    assert isinstance(await caller.next(), CommandFailed)
    caller.client.send(Subtract(6))
    assert isinstance(await caller.next(), CommandFailed)
    assert caller.client.connected
    await caller.client.stop()

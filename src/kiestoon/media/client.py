"""Call control's end of the control socket: ``MediaLink`` (what call control uses) and its asyncio form."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol

import structlog

from kiestoon.media.framing import BadFrame, Framer, encode_batch, parse_events
from kiestoon.media.protocol import VERSION, Command, Event, Hello, Lease, Leased, Port, Release, Welcome

log = structlog.get_logger(__name__)

CONNECT_TIMEOUT_S = 5.0
RETRY_S = 0.2
MAX_RETRY_S = 5.0
WELCOME_TIMEOUT_S = 5.0
_IN_STOCK = 4  # at most one of so many ports of the range lies in stock


class MediaLink(Protocol):
    """One media process as call control sees it. Commands are one-way; everything that happens is an event."""

    on_event: Callable[[Event], None]
    on_lost: Callable[[str], None]

    @property
    def connected(self) -> bool:
        """Whether commands reach a media process now."""
        ...

    @property
    def incarnation(self) -> str:
        """Identity of the process last connected to; another one knows nothing of our contexts."""
        ...

    @property
    def hosts(self) -> tuple[str, ...]:
        """The advertised addresses ports can be leased on."""
        ...

    @property
    def fingerprint(self) -> str:
        """Of its certificate, as it goes into SDP; "" before the first connection."""
        ...

    def lease(self, host: str = "") -> Port | None:
        """A port for ``Add``; None when there is none (exhausted or not connected). "" = the first of ``hosts``."""
        ...

    def release(self, port: Port) -> None:
        """Give back a leased port no ``Add`` has used."""
        ...

    def send(self, command: Command) -> None:
        """Queue a command; dropped while not connected (``on_lost`` has said so)."""
        ...


def _ignore(_: object) -> None:
    """Default callback."""


class MediaClient:
    """Connects and reconnects to one media process and keeps leased ports in stock for every host.

    Commands of one event loop turn travel in one frame. The callbacks run in the loop and must not block:
    ``on_welcome(welcome, kept)`` after every (re)connection (``kept``: the same process as before), ``on_event(event)``
    for all but ``Welcome`` and ``Leased``, ``on_lost(reason)`` when a connection that had been welcomed ends.
    """

    def __init__(self, socket_path: str, *, stock: int = 256, refill_at: int = 128) -> None:
        """``stock`` ports per host are leased in advance, more when fewer than ``refill_at`` are left; less of a small
        range, which all hosts share: what lies in stock for one cannot be used for another."""
        self.on_event: Callable[[Event], None] = _ignore
        self.on_lost: Callable[[str], None] = _ignore
        self.on_welcome: Callable[[Welcome, bool], None] = lambda welcome, kept: None
        self.capacity = 0
        self._path = socket_path
        self._stock = self._target = stock
        self._refill_at = refill_at
        self._hosts: tuple[str, ...] = ()
        self._incarnation = ""
        self._fingerprint = ""
        self._connected = False
        self._keep = False
        self._pools: dict[str, deque[Port]] = {}
        self._asked: dict[str, int] = {}
        self._exhausted: set[str] = set()
        self._batch: list[Command] = []
        self._flush_due = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None
        self._welcomed = asyncio.Event()

    # --- MediaLink -----------------------------------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        """Welcomed by a media process."""
        return self._connected

    @property
    def incarnation(self) -> str:
        """Of the process last welcomed by."""
        return self._incarnation

    @property
    def hosts(self) -> tuple[str, ...]:
        """Advertised addresses of the process."""
        return self._hosts

    @property
    def fingerprint(self) -> str:
        """Of the process's certificate."""
        return self._fingerprint

    @property
    def in_stock(self) -> int:
        """Leased ports not handed out yet."""
        return sum(len(pool) for pool in self._pools.values())

    def lease(self, host: str = "") -> Port | None:
        """See ``MediaLink``. Never waits."""
        if not self._connected:
            return None
        host = host or self._hosts[0]
        pool = self._pools.get(host)
        if pool is None:
            return None
        port = pool.popleft() if pool else None
        if len(pool) < min(self._refill_at, (self._target + 1) // 2):
            self._refill(host)
        return port

    def release(self, port: Port) -> None:
        """See ``MediaLink``."""
        if not self._connected:
            return  # the media process takes back what a lost connection had leased
        self._exhausted.discard(port.host)
        pool = self._pools.get(port.host)
        if pool is not None and len(pool) < 2 * self._target:
            pool.append(port)
        else:
            self.send(Release((port.rtp,)))

    def send(self, command: Command) -> None:
        """See ``MediaLink``."""
        if not self._connected or self._loop is None:
            log.debug("media_command_dropped", command=type(command).__name__)
            return
        self._batch.append(command)
        if not self._flush_due:
            self._flush_due = True
            self._loop.call_soon(self._flush)

    # --- life ----------------------------------------------------------------------------------------------------

    async def start(self, *, keep: bool = False) -> None:
        """Connect, and stay connected until ``stop``. Returns when welcomed for the first time.

        ``keep``: adopt the contexts of an earlier control process (ask for ``Audit``); reconnections always keep.
        Raises TimeoutError when no media process welcomes us; trying goes on then.
        """
        self._keep = keep
        self._loop = asyncio.get_running_loop()
        if self._task is None:
            self._task = asyncio.create_task(self._stay_connected(), name="media-client")
        async with asyncio.timeout(CONNECT_TIMEOUT_S + WELCOME_TIMEOUT_S):
            await self._welcomed.wait()

    async def stop(self) -> None:
        """Send what is queued, disconnect and stay away."""
        self._flush()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _stay_connected(self) -> None:
        wait_s = RETRY_S
        while True:
            try:
                await self._serve()
            except (OSError, BadFrame, TimeoutError) as error:
                reason = str(error) or type(error).__name__
            except asyncio.CancelledError:
                self._disconnected("stopped", tell=False)
                raise
            else:
                reason = "closed by the media process"
            if self._connected:
                wait_s = RETRY_S
            self._disconnected(reason, tell=self._connected)
            await asyncio.sleep(wait_s)
            wait_s = min(MAX_RETRY_S, wait_s * 2)

    async def _serve(self) -> None:
        """One connection, to its end."""
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            reader, self._writer = await asyncio.open_unix_connection(self._path)
        framer = Framer()
        self._writer.write(encode_batch([Hello(VERSION, keep=self._keep)]))
        async with asyncio.timeout(WELCOME_TIMEOUT_S) as patience:
            while data := await reader.read(1 << 18):
                for frame in framer.feed(data):
                    for event in parse_events(frame):
                        self._dispatch(event)
                if self._connected:
                    patience.reschedule(None)

    def _disconnected(self, reason: str, *, tell: bool) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self._connected = False
        self._batch.clear()
        self._pools.clear()
        self._asked.clear()
        self._exhausted.clear()
        if tell:
            log.warning("media_lost", path=self._path, reason=reason)
            self.on_lost(reason)

    def _dispatch(self, event: Event) -> None:
        if isinstance(event, Leased):
            self._leased(event)
        elif isinstance(event, Welcome):
            self._greeted(event)
        else:
            try:
                self.on_event(event)
            except Exception:
                log.exception("media_event_failed", media_event=type(event).__name__)

    def _greeted(self, welcome: Welcome) -> None:
        if welcome.version != VERSION:
            raise BadFrame(f"media process speaks protocol version {welcome.version}, we {VERSION}")
        kept = welcome.incarnation == self._incarnation
        self._incarnation = welcome.incarnation
        self._fingerprint = welcome.fingerprint
        self.capacity = welcome.capacity
        self._hosts = welcome.hosts
        self._connected = True
        self._keep = True
        self._target = self._stock
        if len(welcome.hosts) > 1:
            self._target = max(1, min(self._stock, welcome.capacity // (_IN_STOCK * len(welcome.hosts))))
        self._pools = {host: deque() for host in welcome.hosts}
        for host in welcome.hosts:
            self._refill(host)
        self._welcomed.set()
        try:
            self.on_welcome(welcome, kept)
        except Exception:
            log.exception("media_welcome_failed")

    def _leased(self, event: Leased) -> None:
        host = event.host
        pool = self._pools.get(host)
        if pool is None:
            return
        self._asked[host] = self._asked.get(host, 0) - len(event.ports)
        if event.exhausted or self._asked[host] <= 0:
            del self._asked[host]
        pool.extend(event.ports)
        if event.exhausted:
            if host not in self._exhausted:
                log.warning("media_ports_exhausted", path=self._path, host=host)
            self._exhausted.add(host)
        else:
            self._exhausted.discard(host)
        self.on_stock(host, len(pool))

    def on_stock(self, host: str, count: int) -> None:
        """Hook: ports have arrived. For waiting until the first are there (tests, start-up)."""

    def _refill(self, host: str) -> None:
        """Ask for what is missing, one request at a time; an exhausted range is asked again at the next lease."""
        missing = self._target - len(self._pools[host])
        if missing > 0 and host not in self._asked:
            self._asked[host] = missing
            self.send(Lease(missing, host))

    def flush(self) -> None:
        """Send the queued commands now: for who is about to tell others what they brought about."""
        if self._batch:
            self._flush()

    def _flush(self) -> None:
        self._flush_due = False
        if self._batch and self._writer is not None and self._connected:
            self._writer.write(encode_batch(self._batch))
        self._batch.clear()

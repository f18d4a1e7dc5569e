"""A media process of ours on the server core, steered over its control socket."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Self, TypeVar

from bench.lib.systems import SERVER_CORE
from bench.peers.process import Daemon, PeerFailed
from bench.rtp_load import Address
from kiestoon.media.framing import Framer, encode_batch, parse_events
from kiestoon.media.protocol import (
    VERSION,
    Add,
    Codec,
    Command,
    Event,
    Hello,
    Lease,
    Leased,
    Stats,
    StatsReported,
    Stream,
    Subtract,
    Subtracted,
    Topology,
    Welcome,
)

PORTS = "10000-19999"
"""Away from the ports the peers and the generator use."""
PCMA = Codec("PCMA", 8)
PCMU = Codec("PCMU", 0)
E = TypeVar("E", bound=Event)


class MediaProcess:
    """A context manager: starts the process, ends it."""

    name = "kiestoon"

    def __init__(self, directory: Path) -> None:
        self._path = directory / "media.sock"
        self.daemon = Daemon(
            "media",
            [sys.executable, "-m", "kiestoon.media", self._path, PORTS, "127.0.0.1"],
            cwd=directory,
            core=SERVER_CORE,
        )
        self._framer = Framer()
        self._events: list[Event] = []
        self._terminations = 0

    def __enter__(self) -> Self:
        self.daemon.start()
        try:
            self.daemon.wait_until(self._connected, 10, "media process")
            self.send(Hello(VERSION, keep=False))
            self.expect(Welcome)
        except BaseException:
            self.daemon.stop()
            raise
        return self

    def _connected(self) -> bool:
        """Try to connect; between its name and its ``listen`` the socket refuses."""
        self._sock = socket.socket(socket.AF_UNIX)
        self._sock.settimeout(10)
        try:
            self._sock.connect(str(self._path))
        except (FileNotFoundError, ConnectionRefusedError):
            self._sock.close()
            return False
        return True

    def __exit__(self, *_: object) -> None:
        self._sock.close()
        self.daemon.stop()

    def send(self, *commands: Command) -> None:
        """Hand over commands in one frame."""
        self._sock.sendall(encode_batch(commands))

    def expect(self, kind: type[E]) -> E:
        """Wait for the next event of a kind."""
        while True:
            for index, event in enumerate(self._events):
                if isinstance(event, kind):
                    del self._events[index]
                    return event
            data = self._sock.recv(1 << 18)
            if not data:
                raise PeerFailed(f"the media process is gone:\n{self.daemon.log_tail()}")
            for frame in self._framer.feed(data):
                self._events += parse_events(frame)

    def cpu_s(self) -> float:
        """Processor time so far, seconds."""
        return self.daemon.cpu_s()

    def stats(self) -> StatsReported:
        """Its counters."""
        self.send(Stats())
        return self.expect(StatsReported)

    def add(self, context: int, count: int, stream: Callable[[int], Stream]) -> tuple[list[int], list[Address]]:
        """So many terminations in a context, and where their parties send to."""
        self.send(Lease(count))
        ports: list[int] = []
        while len(ports) < count:
            leased = self.expect(Leased)
            if leased.exhausted:
                raise PeerFailed("no media ports left")
            ports += [port.rtp for port in leased.ports]
        numbers = [self._terminations + index + 1 for index in range(count)]
        self._terminations += count
        self.send(*(Add(context, n, port, stream(i)) for i, (n, port) in enumerate(zip(numbers, ports, strict=True))))
        return numbers, [("127.0.0.1", port) for port in ports]

    def open(self, calls: int, remote: Address) -> list[Address]:
        """So many A-law calls, relayed."""
        return self.open_calls(calls, lambda _: Stream(remote, None, PCMA, (PCMA,)))

    def open_calls(self, calls: int, stream: Callable[[int], Stream]) -> list[Address]:
        """So many two-way calls; ``stream`` is asked for party 0 and 1 of each."""
        destinations: list[Address] = []
        for call in range(calls):
            (one, other), addresses = self.add(call + 1, 2, stream)
            self.send(Topology(call + 1, ((one, other), (other, one))))
            destinations += addresses
        return destinations

    def open_conference(self, members: int, stream: Callable[[int], Stream]) -> list[Address]:
        """One context in which everybody hears everybody."""
        numbers, addresses = self.add(1, members, stream)
        self.send(Topology(1, mixed=tuple(numbers)))
        return addresses

    def close(self) -> None:
        """End all calls."""
        self.send(*(Subtract(number + 1) for number in range(self._terminations)))
        for _ in range(self._terminations):
            self.expect(Subtracted)
        self._terminations = 0

"""A media engine on loopback sockets and a stepped clock: a turn reads what has been sent, nothing waits.

Loopback delivery is synchronous (a datagram is in the receiver's queue when ``sendto`` returns), so a test sends, turns
the loop and looks; no sleeping.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from port_slices import PortSlice

from kiestoon.media.engine import Engine
from kiestoon.media.loop import Loop
from kiestoon.media.ports import MediaAddress, PortPool
from kiestoon.media.protocol import Add, Codec, Command, Event, Lease, Leased, Stream, Topology
from kiestoon.media.shared import Shared

PCMA = Codec("PCMA", 8)
PCMU = Codec("PCMU", 0)
G722 = Codec("G722", 9)
OPUS = Codec("OPUS", 111, 48000, 2)
TICK_S = 0.02
E = TypeVar("E", bound=Event)


@dataclass(frozen=True)
class Rtp:
    """A received packet, read."""

    marker: bool
    payload_type: int
    seq: int
    timestamp: int
    ssrc: int
    payload: bytes


def read_rtp(data: bytes) -> Rtp:
    word, seq, timestamp, ssrc = struct.unpack_from("!HHII", data)
    assert word >> 14 == 2
    return Rtp(bool(word & 0x80), word & 0x7F, seq, timestamp, ssrc, data[12:])


class Phone:
    """A party: an RTP and an RTCP socket, and a stream that goes on from packet to packet."""

    def __init__(self, host: str = "127.0.0.1", *, payload_type: int = 8, ssrc: int = 0x1000) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.rtp = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.rtcp = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.rtp.bind((host, 0))
        self.rtcp.bind((host, 0))
        self.payload_type = payload_type
        self.ssrc = ssrc
        self.seq = 100
        self.timestamp = 1000
        self.codec = PCMA
        self.port = 0
        self.number = 0

    @property
    def address(self) -> tuple[str, int]:
        return self.rtp.getsockname()[:2]

    @property
    def rtcp_address(self) -> tuple[str, int]:
        return self.rtcp.getsockname()[:2]

    def packet(self, payload: bytes = b"\xd5" * 160, *, marker: bool = False, payload_type: int | None = None) -> bytes:
        """The next packet of the stream."""
        self.seq = (self.seq + 1) & 0xFFFF
        self.timestamp = (self.timestamp + self.codec.clock_hz // 50) & 0xFFFFFFFF
        kind = self.payload_type if payload_type is None else payload_type
        word = 0x8000 | (0x80 if marker else 0) | kind
        return struct.pack("!HHII", word, self.seq, self.timestamp, self.ssrc) + payload

    def speak(self, payload: bytes = b"\xd5" * 160, **how: object) -> None:
        self.send(self.packet(payload, **how))  # type: ignore[arg-type]

    def event(self, code: int, duration: int, *, end: bool = False, marker: bool = False, began: int) -> None:
        """A telephone-event packet of a press that began at timestamp ``began``."""
        self.seq = (self.seq + 1) & 0xFFFF
        word = 0x8000 | (0x80 if marker else 0) | 101
        payload = struct.pack("!BBH", code, 0x80 if end else 10, duration)
        self.send(struct.pack("!HHII", word, self.seq, began, self.ssrc) + payload)

    def send(self, data: bytes) -> None:
        self.rtp.sendto(data, (self.address[0], self.port))

    def heard(self) -> list[Rtp]:
        """Everything received since the last look."""
        return [read_rtp(data) for data in self.raw()]

    def raw(self) -> list[bytes]:
        return _drain(self.rtp)

    def raw_rtcp(self) -> list[bytes]:
        return _drain(self.rtcp)

    def close(self) -> None:
        self.rtp.close()
        self.rtcp.close()


def _drain(sock: socket.socket) -> list[bytes]:
    found = []
    while True:
        try:
            found.append(sock.recv(4096))
        except BlockingIOError:
            return found


class Rig:
    """An engine with its clock in the test's hands."""

    def __init__(self, *, host: str = "127.0.0.1", quarantine_s: float = 2.0, ports: int = 100) -> None:
        self.now = 1000.0
        # No wall clock: what waits for a tick counts as arrived when it is read, whatever the kernel's time stamp says.
        self.loop = Loop(lambda: self.now, wall=lambda: 0.0)
        self.shared = Shared(self.loop)
        self._slice = PortSlice([host])
        first = self._slice.first
        self.pool = PortPool(first, first + ports - 1, [MediaAddress(host)], quarantine_s=quarantine_s)
        self.engine = Engine(self.shared, self.pool)
        self.host = host
        self.phones: list[Phone] = []
        self.log: list[Event] = []

    def do(self, *commands: Command) -> None:
        for command in commands:
            self.engine.execute(command)
        self.engine.settle()
        self._take()

    def turn(self, times: int = 1) -> None:
        """Read everything that is waiting, without time passing."""
        for _ in range(times):
            while self.loop.turn(0.0):
                pass
        self._take()

    def step(self, seconds: float = TICK_S) -> None:
        """Let time pass in ticks, with everything that is due in it."""
        until = self.now + seconds
        while self.now < until - 1e-9:
            self.now = min(until, self.now + TICK_S / 4)
            self.turn()

    def slow_clock(self, step_s: float) -> SlowClock:
        """From now on time also passes with every look at the clock, as if whatever is done took that long."""
        return SlowClock(self, step_s)

    def finish_jobs(self) -> None:
        """Wait for what the workers are doing."""
        done: list[bool] = []
        for worker in (self.shared.opener, self.shared.recorder):
            worker.submit(lambda: None, lambda _, error: done.append(True))
        while len(done) < 2:
            self.loop.turn(0.5)
        self._take()

    def _take(self) -> None:
        self.log += self.shared.events
        self.shared.events.clear()

    def events(self, kind: type[E]) -> list[E]:
        """Events of a kind since the last look at that kind."""
        self._take()
        found = [event for event in self.log if isinstance(event, kind)]
        self.log = [event for event in self.log if not isinstance(event, kind)]
        return found

    def lease(self) -> int:
        self.do(Lease(1))
        return self.leased(1)[0]

    def leased(self, count: int) -> list[int]:
        """The RTP ports of so many leases just asked for."""
        ports: list[int] = []
        while len(ports) < count:
            self.turn()
            found = self.events(Leased)
            assert found
            ports += [port.rtp for event in found for port in event.ports]
        return ports

    def phone(self, *, context: int = 1, stream: Stream | None = None, **stream_fields: object) -> Phone:
        """A phone with a termination; numbered 1, 2, …"""
        send = stream_fields.get("send", PCMA)
        phone = Phone(self.host, ssrc=0x1000 + len(self.phones))
        if isinstance(send, Codec):
            phone.codec = send
            phone.payload_type = send.payload_type
        phone.port = self.lease()
        phone.number = len(self.phones) + 1
        self.phones.append(phone)
        self.do(Add(context, phone.number, phone.port, stream or self.stream(phone, **stream_fields)))
        return phone

    def stream(self, phone: Phone, **fields: object) -> Stream:
        values: dict[str, object] = {
            "remote": phone.address,
            "remote_rtcp": phone.rtcp_address,
            "send": PCMA,
            "dtmf_send": 101,
            "dtmf_receive": 101,
        }
        values.update(fields)
        values.setdefault("receive", (values["send"],))
        return Stream(**values)  # type: ignore[arg-type]

    def call(self, **fields: object) -> tuple[Phone, Phone]:
        """Two phones that hear each other."""
        one, other = self.phone(**fields), self.phone(**fields)
        self.join(one, other)
        return one, other

    def join(self, *phones: Phone, context: int = 1) -> None:
        """Everybody hears everybody."""
        edges = tuple((a.number, b.number) for a in phones for b in phones if a is not b)
        self.do(Topology(context, edges))

    def confer(self, *phones: Phone, listening: tuple[Phone, ...] = (), context: int = 1) -> None:
        """Everybody hears everybody, said in short."""
        mixed = tuple(phone.number for phone in phones)
        self.do(Topology(context, mixed=mixed, listening=tuple(phone.number for phone in listening)))

    def talk(self, *phones: Phone, packets: int = 1) -> None:
        """Everybody says something, 20 ms apart."""
        for _ in range(packets):
            for phone in phones:
                phone.speak()
            self.turn()
            self.step()

    def close(self) -> None:
        self.engine.end_all()
        self.shared.close()
        self.engine.return_leases()
        self.pool.close()
        self._slice.close()
        self.loop.close()
        for phone in self.phones:
            phone.close()


class SlowClock:
    """See ``Rig.slow_clock``."""

    def __init__(self, rig: Rig, step_s: float) -> None:
        self._rig = rig
        self._step_s = step_s
        self._clock = rig.loop.clock
        rig.loop.clock = self._look

    def _look(self) -> float:
        self._rig.now += self._step_s
        return self._rig.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._rig.now += seconds

    def stop(self) -> None:
        """Looking at the clock takes no time any more."""
        self._rig.loop.clock = self._clock


def wav_samples(path: Path) -> tuple[int, int, bytes]:
    """Rate, channels and data of a WAV file."""
    import wave

    with wave.open(str(path)) as file:
        return file.getframerate(), file.getnchannels(), file.readframes(file.getnframes())

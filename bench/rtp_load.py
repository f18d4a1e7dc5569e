"""RTP load on a relay: many G.711 streams from one socket, loss and added delay measured by kernel timestamps.

Every stream sends to its own port of the relay; the relay sends everything back to this one socket (all terminations
have the same remote address). That allows ``sendmmsg``/``recvmmsg``, so that the generator needs less than the relay
and one core of it drives a whole core of any relay. The payload carries stream and send time, so relays may rewrite
SSRC, sequence and timestamp.

Streams may speak something else (``voices``); what comes back is then not recognised, and no delay measured.

Run as a program: reads ``{"bind": [host, port], "destinations": [[host, port], …], "chunk": 16, "voices": []}`` from
standard input and prints one JSON object (``RtpReport``). Import ``measure_relay`` to do that from a benchmark.
"""

from __future__ import annotations

import argparse
import ctypes
import dataclasses
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np

Address = tuple[str, int]

PTIME_MS = 20
PAYLOAD_BYTES = 160
PACKET_BYTES = 12 + PAYLOAD_BYTES
MAGIC = 0x4B52
CHUNK = 16
"""Packets per ``sendmmsg``: small, because they share one send time (about 2 µs each); with 1 each has its own."""
DRAIN = 512
SO_TIMESTAMPNS = 35  # asm-generic/socket.h; not in Python's socket module

_libc = ctypes.CDLL(None, use_errno=True)

PACKET = np.dtype([("v", "u1"), ("pt", "u1"), ("seq", ">u2"), ("ts", ">u4"), ("ssrc", ">u4"),
                   ("magic", "<u2"), ("turn", "<u2"), ("stream", "<u4"), ("sent_ns", "<u8"),
                   ("fill", "u1", PAYLOAD_BYTES - 16)])  # fmt: skip
MMSGHDR = np.dtype([("name", "u8"), ("namelen", "u4"), ("_1", "u4"), ("iov", "u8"), ("iovlen", "u8"),
                    ("control", "u8"), ("controllen", "u8"), ("flags", "u4"), ("_2", "u4"),
                    ("len", "u4"), ("_3", "u4")])  # fmt: skip
IOVEC = np.dtype([("base", "u8"), ("len", "u8")])
CONTROL = np.dtype([("len", "u8"), ("level", "i4"), ("type", "i4"), ("s", "i8"), ("ns", "i8")])


@dataclasses.dataclass(frozen=True)
class Voice:
    """What a stream says, for ever: the payload of 20 ms, and how far its RTP clock goes in them."""

    payload_type: int
    step: int
    payload: bytes


@dataclasses.dataclass(frozen=True)
class RtpReport:
    """One measurement. Delays are ms from our send to the kernel's receipt of what the relay sent.

    ``late_ms`` is the worst lateness of the generator against its own schedule: above a few ms the figures say more
    about the generator than about the relay. ``load_cores`` is its share of a core (1.0: all of it),
    ``relay_cores`` the relay's over the same time where it was asked for.
    """

    streams: int
    sent: int
    received: int
    delay_p50_ms: float
    delay_p99_ms: float
    delay_max_ms: float
    late_ms: float
    load_cores: float
    relay_cores: float = 0.0

    @property
    def loss(self) -> float:
        """Share of packets that never came back, 0.0 to 1.0."""
        return max(0.0, 1 - self.received / self.sent) if self.sent else 1.0


class RtpLoad:
    """One socket, many streams. ``bind`` is the remote address of every termination at the relay.

    ``chunk`` packets are sent at once; ``voices`` are shared out among the streams in turn.
    """

    def __init__(
        self, bind: Address, destinations: Sequence[Address], chunk: int = CHUNK, voices: Sequence[Voice] = ()
    ) -> None:
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_000_000)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_000_000)
        self.sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.sock.bind(bind)
        self.sock.setblocking(False)
        self.count = len(destinations)
        self.chunk = chunk
        self.sent = self.received = 0
        self.late_ns = 0
        self._delays: list[np.ndarray] = []
        self._build_send(destinations)
        self._steps = np.full(self.count, PTIME_MS * 8, np.uint32)
        self._marked = not voices
        """The payload carries stream and send time."""
        for stream in range(self.count if voices else 0):
            self._give_voice(stream, voices[stream % len(voices)])
        self._build_receive()

    def _build_send(self, destinations: Sequence[Address]) -> None:
        n = self.count
        self.packets = np.zeros(n, PACKET)
        assert self.packets.itemsize == PACKET_BYTES
        self.packets["v"], self.packets["pt"], self.packets["magic"] = 0x80, 8, MAGIC
        self.packets["ssrc"] = np.arange(n) + 0x10000
        self.packets["stream"] = np.arange(n)
        self.packets["fill"] = 0xD5  # A-law silence
        self.names = np.frombuffer(
            bytearray(b"".join(_sockaddr(host, port) for host, port in destinations)), dtype="S16"
        )
        self.send_iov = np.zeros(n, IOVEC)
        self.send_iov["base"] = self.packets.ctypes.data + np.arange(n) * PACKET_BYTES
        self.send_iov["len"] = PACKET_BYTES
        self.send_headers = np.zeros(n, MMSGHDR)
        self.send_headers["name"] = self.names.ctypes.data + np.arange(n) * 16
        self.send_headers["namelen"] = 16
        self.send_headers["iov"] = self.send_iov.ctypes.data + np.arange(n) * IOVEC.itemsize
        self.send_headers["iovlen"] = 1

    def _give_voice(self, stream: int, voice: Voice) -> None:
        packet = self.packets[stream : stream + 1].view(np.uint8)
        packet[1] = voice.payload_type
        packet[12 : 12 + len(voice.payload)] = np.frombuffer(voice.payload, np.uint8)
        self.send_iov["len"][stream] = 12 + len(voice.payload)
        self._steps[stream] = voice.step

    def _build_receive(self) -> None:
        self.incoming = np.zeros(DRAIN, PACKET)
        self.controls = np.zeros(DRAIN, CONTROL)
        self.receive_iov = np.zeros(DRAIN, IOVEC)
        self.receive_iov["base"] = self.incoming.ctypes.data + np.arange(DRAIN) * PACKET_BYTES
        self.receive_iov["len"] = PACKET_BYTES
        self.receive_headers = np.zeros(DRAIN, MMSGHDR)
        self.receive_headers["iov"] = self.receive_iov.ctypes.data + np.arange(DRAIN) * IOVEC.itemsize
        self.receive_headers["iovlen"] = 1
        self.receive_headers["control"] = self.controls.ctypes.data + np.arange(DRAIN) * CONTROL.itemsize

    def run(self, seconds: float, *, warm_up_s: float = 1.0, phase: Callable[[str], None] = print) -> RtpReport:
        """Send for ``seconds`` after a warm-up that is not counted (sources latch, caches fill).

        ``phase`` hears "measuring" and "measured" as the counted time begins and ends.
        """
        self._send_for(warm_up_s)
        self._settle()
        self.sent = self.received = self.late_ns = 0
        self._delays.clear()
        phase("measuring")
        cpu, wall = time.process_time(), time.monotonic()
        self._send_for(seconds)
        load_cores = (time.process_time() - cpu) / (time.monotonic() - wall)
        phase("measured")
        self._settle()
        delays = np.concatenate([np.zeros(0), *self._delays])
        if not len(delays):  # nothing came back, or only what was transcoded and cannot be recognised
            delays = np.zeros(1)
        p50, p99, worst = (float(each) for each in np.percentile(delays, [50, 99, 100]))
        return RtpReport(
            self.count, self.sent, self.received, p50 / 1e6, p99 / 1e6, worst / 1e6, self.late_ns / 1e6, load_cores
        )

    def _send_for(self, seconds: float) -> None:
        """Streams have their phase spread evenly over the packet interval, in slots of ``chunk``."""
        edges = [(first, min(first + self.chunk, self.count)) for first in range(0, self.count, self.chunk)]
        slot_ns = PTIME_MS * 1_000_000 / len(edges)
        start = time.monotonic_ns()
        for turn in range(int(seconds * 1000 / PTIME_MS)):
            for slot, (first, last) in enumerate(edges):
                due = start + int((turn * len(edges) + slot) * slot_ns)
                self._receive_until(due)
                self.late_ns = max(self.late_ns, time.monotonic_ns() - due)
                self._send(first, last)

    def _receive_until(self, due_ns: int) -> None:
        while True:
            left_ns = due_ns - time.monotonic_ns()
            if self._drain() < DRAIN:
                left_ns = due_ns - time.monotonic_ns()
                if left_ns <= 0:
                    return
                time.sleep(min(left_ns, 500_000) / 1e9)
            elif left_ns <= 0:
                return

    def _send(self, first: int, last: int) -> None:
        batch = self.packets[first:last]
        batch["seq"] += 1
        batch["ts"] += self._steps[first:last]
        if self._marked:
            batch["sent_ns"] = time.time_ns()
        done = first
        while done < last:
            headers = self.send_headers.ctypes.data + done * MMSGHDR.itemsize
            sent = _libc.sendmmsg(self.sock.fileno(), ctypes.c_void_p(headers), last - done, 0)
            if sent <= 0:
                break  # send buffer full: these count as sent and lost, which they are
            done += sent
        self.sent += last - first

    def _drain(self) -> int:
        self.receive_headers["controllen"] = CONTROL.itemsize
        got = _libc.recvmmsg(
            self.sock.fileno(), ctypes.c_void_p(self.receive_headers.ctypes.data), DRAIN, socket.MSG_DONTWAIT, None
        )
        if got <= 0:
            return 0
        packets, controls = self.incoming[:got], self.controls[:got]
        ours = (self.receive_headers["len"][:got] == PACKET_BYTES) & (packets["magic"] == MAGIC)
        arrived = controls["s"] * 1_000_000_000 + controls["ns"]
        self._delays.append((arrived - packets["sent_ns"].astype(np.int64))[ours])
        self.received += int(ours.sum())
        return int(got)

    def _settle(self) -> None:
        """Take in what is still under way: until nothing has come for 300 ms, or for a second when more is played."""
        quiet_since = began = time.monotonic()
        while time.monotonic() - quiet_since < 0.3 and time.monotonic() - began < 1.0:
            if self._drain():
                quiet_since = time.monotonic()
            else:
                time.sleep(0.005)


def _sockaddr(host: str, port: int) -> bytes:
    return socket.AF_INET.to_bytes(2, sys.byteorder) + port.to_bytes(2, "big") + socket.inet_aton(host) + bytes(8)


def measure_relay(
    bind: Address,
    destinations: Sequence[Address],
    seconds: float,
    *,
    core: int | None = None,
    relay_cpu_s: Callable[[], float] | None = None,
    chunk: int = CHUNK,
    voices: Sequence[Voice] = (),
) -> RtpReport:
    """Run the generator in a process of its own, pinned to ``core``.

    ``chunk`` and ``voices`` as for ``RtpLoad``. ``relay_cpu_s`` tells the relay's processor time so far; it is asked at
    both ends of the counted time. Raises ``RuntimeError`` when the generator fails.
    """
    command = [sys.executable, os.path.abspath(__file__), "--seconds", str(seconds)]
    if core is not None:
        command = ["taskset", "-c", str(core), *command]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        said = [(voice.payload_type, voice.step, voice.payload.hex()) for voice in voices]
        job = {"bind": bind, "destinations": list(destinations), "chunk": chunk, "voices": said}
        process.stdin.write(json.dumps(job))
        process.stdin.close()
        marks: list[tuple[float, float]] = []
        for line in process.stdout:
            if line.startswith("{"):
                report = RtpReport(**json.loads(line))
                (cpu_from, wall_from), (cpu_to, wall_to) = marks
                return dataclasses.replace(report, relay_cores=(cpu_to - cpu_from) / (wall_to - wall_from))
            marks.append((relay_cpu_s() if relay_cpu_s else 0.0, time.monotonic()))
    raise RuntimeError(f"the RTP generator failed with {process.returncode}")


def main() -> None:
    """Read the job, run it, print the report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=5.0)
    args = parser.parse_args()
    job = json.load(sys.stdin)
    host, port = job["bind"]
    voices = [Voice(kind, step, bytes.fromhex(payload)) for kind, step, payload in job.get("voices", [])]
    destinations = [(host, port) for host, port in job["destinations"]]
    load = RtpLoad((host, port), destinations, job.get("chunk", CHUNK), voices)
    print(json.dumps(dataclasses.asdict(load.run(args.seconds, phase=lambda name: print(name, flush=True)))))


if __name__ == "__main__":
    main()

"""A conference in which everybody talks: the share of a core that mixing takes, with its RTP in and out.

Each 20 ms tick reads one datagram from every member's socket, decodes, sums, subtracts, saturates, encodes and sends
one to each. The members' own sending is not counted. Growth: 3 to 200 talkers. The last line is that of 100.
"""

from __future__ import annotations

import socket
import struct
import time

import numpy as np

from bench.lib.results import Result, percentile, table
from kiestoon.media.audio import g711, mixer

TICKS = 250
TICK_S = 0.02
HEADER = struct.Struct("!BBHII")


def sockets(count: int) -> list[socket.socket]:
    """Bound to loopback."""
    made = []
    for _ in range(count):
        each = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        each.bind(("127.0.0.1", 0))
        each.setblocking(False)
        made.append(each)
    return made


def conference(members: int) -> tuple[float, float, float]:
    """CPU of a tick with sockets, of the mixing alone (medians), and the 99th percentile with sockets; in µs."""
    ours, theirs = sockets(members), sockets(members)
    talk = np.random.default_rng(1).integers(-3000, 3000, (members, 160)).astype(np.int16)
    spoken = [g711.encode(row, "PCMA") for row in talk]
    addresses = [each.getsockname() for each in ours]
    back = [each.getsockname() for each in theirs]
    coder = mixer.G711Rows(["PCMA"] * members, 160)
    buffer = bytearray(2048)
    view = memoryview(buffer)
    whole, alone = [], []
    for tick in range(TICKS):
        packet_header = HEADER.pack(0x80, 8, tick & 0xFFFF, tick * 160, 1)
        for member in range(members):
            theirs[member].sendto(packet_header + spoken[member], addresses[member])
        start = time.process_time_ns()
        payloads: list[bytes | None] = []
        for each in ours:
            size = each.recv_into(buffer)
            _, payload_type, _, _, _ = HEADER.unpack_from(buffer)
            payloads.append(bytes(view[12:size]) if payload_type & 0x7F == 8 else None)
        mixing = time.process_time_ns()
        rows = coder.decode(payloads)
        heard = coder.encode(mixer.saturated(mixer.add(rows) - rows))
        mixed = time.process_time_ns()
        for member, each in enumerate(ours):
            each.sendto(HEADER.pack(0x80, 8, tick & 0xFFFF, tick * 160, member) + heard[member].tobytes(), back[member])
        whole.append((time.process_time_ns() - start) / 1000)
        alone.append((mixed - mixing) / 1000)
        for each in theirs:
            each.recv_into(buffer)
    for each in (*ours, *theirs):
        each.close()
    return percentile(whole, 50), percentile(alone, 50), percentile(whole, 99)


def main() -> None:
    """Print the growth, then the figure."""
    rows = []
    share = 0.0
    for members in (3, 10, 20, 50, 100, 200):
        whole, alone, worst = conference(members)
        percent = whole / 1e6 / TICK_S * 100
        rows.append([members, percent, alone / 1e6 / TICK_S * 100, whole, alone, worst])
        if members == 100:
            share = percent
    headings = ["talkers", "% of a core", "mixing alone, %", "tick, µs", "mixing alone, µs", "tick p99, µs"]
    print(f"\nA-law at 8 kHz, 20 ms, everybody talking\n\n{table(headings, rows)}\n")
    print(Result("media_mix", share, "% of a core"))


if __name__ == "__main__":
    main()

"""HEPv3 export to a HOMER capture server (HEP/EEP encapsulation, revision 12) over UDP."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import struct

from kiestoon.net.intake import Way
from kiestoon.net.redact import redact
from kiestoon.net.trace import call_id_of
from kiestoon.sip.flow import Flow

_CHUNK = struct.Struct(">HHH")
_V4, _V6 = 2, 10
_PROTOCOL = {"udp": 17}
_PROTOCOL_TCP = 6
_TYPE_SIP = 1
_LARGEST = 65_000


def encode_hep(
    way: Way, data: bytes, flow: Flow, wall_time: float, *, capture_id: int = 1, password: str = ""
) -> bytes:
    """One HEPv3 packet. ``wall_time`` in seconds since the epoch. Addresses that are no IP literals become 0.0.0.0."""
    ours, theirs = (flow.local_host, flow.local_port), (flow.remote_host, flow.remote_port)
    source, destination = (theirs, ours) if way == "in" else (ours, theirs)
    addresses = [_packed(source[0]), _packed(destination[0])]
    six = any(len(address) == 16 for address in addresses)
    packed = [_widened(address) if six else address for address in addresses]
    seconds, fraction = divmod(wall_time, 1)
    body = b"".join(
        [
            _chunk(1, struct.pack(">B", _V6 if six else _V4)),
            _chunk(2, struct.pack(">B", _PROTOCOL.get(flow.transport, _PROTOCOL_TCP))),
            _chunk(5 if six else 3, packed[0]),
            _chunk(6 if six else 4, packed[1]),
            _chunk(7, struct.pack(">H", source[1])),
            _chunk(8, struct.pack(">H", destination[1])),
            _chunk(9, struct.pack(">I", int(seconds) & 0xFFFFFFFF)),
            _chunk(10, struct.pack(">I", int(fraction * 1_000_000))),
            _chunk(11, struct.pack(">B", _TYPE_SIP)),
            _chunk(12, struct.pack(">I", capture_id)),
            _chunk(14, password.encode()) if password else b"",
            _chunk(17, call_id_of(data).encode()),
            _chunk(15, data),
        ]
    )
    return b"HEP3" + struct.pack(">H", len(body) + 6) + body


def _chunk(kind: int, value: bytes) -> bytes:
    """Vendor 0 (generic), type, length with these six bytes."""
    return _CHUNK.pack(0, kind, len(value) + 6) + value


def _packed(host: str) -> bytes:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).packed
    except ValueError:
        return bytes(4)


def _widened(address: bytes) -> bytes:
    """IPv4 inside IPv6 where the two ends of one packet differ (an unknown local address)."""
    return address if len(address) == 16 else (bytes(16) if address == bytes(4) else bytes(10) + b"\xff\xff" + address)


class HepSender:
    """A ``Tap`` that sends every message to ``(host, port)`` (IP literal) over UDP; loss is nobody's concern."""

    def __init__(self, host: str, port: int, *, capture_id: int = 1, password: str = "") -> None:
        self._socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._address = (host, port)
        self._capture_id = capture_id
        self._password = password

    def __call__(self, way: Way, data: bytes, flow: Flow, wall_time: float) -> None:
        clean = redact(data)[:_LARGEST]
        packet = encode_hep(way, clean, flow, wall_time, capture_id=self._capture_id, password=self._password)
        with contextlib.suppress(OSError):
            self._socket.sendto(packet, self._address)

    def close(self) -> None:
        self._socket.close()

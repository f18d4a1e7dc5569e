"""RTCP packets (RFC 3550 §6): building our compound packets, reading the party's."""

from __future__ import annotations

import random
import struct

import msgspec

SENDER_REPORT = 200
RECEIVER_REPORT = 201
SOURCE_DESCRIPTION = 202
BYE = 203

NTP_EPOCH_OFFSET = 2_208_988_800
"""Seconds from 1900 (NTP) to 1970 (Unix)."""
INTERVAL_S = 5.0
COMPENSATION = 1.21828
"""e - 3/2: randomised timers run fast by this factor (§6.3.1)."""

_COMMON = struct.Struct("!BBH")
_SENDER_INFO = struct.Struct("!IIIIII")
_REPORT_BLOCK = struct.Struct("!IBBHIIII")


class ReportBlock(msgspec.Struct, frozen=True, gc=False):
    """What one side received of one source. ``jitter`` in timestamp units, ``lsr``/``dlsr`` in 1/65536 s."""

    ssrc: int
    fraction_lost: int
    lost: int
    highest: int
    jitter: int
    lsr: int
    dlsr: int


class SenderInfo(msgspec.Struct, frozen=True, gc=False):
    """What one side has sent. ``ntp`` is 32.32 fixed point."""

    ntp: int
    timestamp: int
    packets: int
    octets: int


class Rtcp(msgspec.Struct):
    """The parts of a compound packet that matter here. ``bye``: the sources that said goodbye."""

    ssrc: int = -1
    sender: SenderInfo | None = None
    blocks: list[ReportBlock] = []
    bye: list[int] = []


class BadRtcp(Exception):
    """Not RTCP, or it lies about its lengths."""


def interval_s(rng: random.Random, *, first: bool = False) -> float:
    """Time until the next report: 5 s (half for the first), randomised over 0.5-1.5 (§6.3.1)."""
    return (INTERVAL_S / 2 if first else INTERVAL_S) * (0.5 + rng.random()) / COMPENSATION


def ntp_time(wall_s: float) -> int:
    """Unix time as NTP 32.32 fixed point."""
    return int((wall_s + NTP_EPOCH_OFFSET) * 4294967296) & 0xFFFFFFFFFFFFFFFF


def middle_bits(ntp: int) -> int:
    """The middle 32 bits of an NTP time, as LSR carries them."""
    return (ntp >> 16) & 0xFFFFFFFF


def encode_report(ssrc: int, cname: bytes, sender: SenderInfo | None, block: ReportBlock | None, *, bye: bool) -> bytes:
    """SR (or RR, having sent nothing) with at most one block, SDES CNAME, and BYE when leaving."""
    blocks = b"" if block is None else _encode_block(block)
    count = 0 if block is None else 1
    if sender is None:
        body = struct.pack("!I", ssrc) + blocks
        kind = RECEIVER_REPORT
    else:
        info = _SENDER_INFO.pack(
            ssrc,
            sender.ntp >> 32,
            sender.ntp & 0xFFFFFFFF,
            sender.timestamp,
            sender.packets & 0xFFFFFFFF,
            sender.octets & 0xFFFFFFFF,
        )
        body = info + blocks
        kind = SENDER_REPORT
    item = struct.pack("!IBB", ssrc, 1, len(cname)) + cname
    item += b"\0" * (4 - len(item) % 4)  # at least one null octet ends the chunk (§6.5)
    packet = _packet(kind, count, body) + _packet(SOURCE_DESCRIPTION, 1, item)
    if bye:
        packet += _packet(BYE, 1, struct.pack("!I", ssrc))
    return packet


def _packet(kind: int, count: int, body: bytes) -> bytes:
    return _COMMON.pack(0x80 | count, kind, len(body) // 4) + body


def _encode_block(block: ReportBlock) -> bytes:
    lost = max(-0x800000, min(0x7FFFFF, block.lost)) & 0xFFFFFF
    return _REPORT_BLOCK.pack(
        block.ssrc,
        block.fraction_lost,
        lost >> 16,
        lost & 0xFFFF,
        block.highest & 0xFFFFFFFF,
        min(block.jitter, 0xFFFFFFFF),
        block.lsr,
        block.dlsr,
    )


def parse_rtcp(data: bytes) -> Rtcp:
    """Read a compound packet; kinds we have no use for (SDES, APP, XR, feedback) are skipped. Raises BadRtcp.

    Reduced-size packets (RFC 5506) are accepted: the first packet may be of any RTCP kind.
    """
    found = Rtcp()
    offset = 0
    while offset < len(data):
        if len(data) - offset < 4:
            raise BadRtcp("trailing octets")
        first, kind, words = _COMMON.unpack_from(data, offset)
        end = offset + 4 + words * 4
        if first >> 6 != 2 or not 192 <= kind <= 223 or end > len(data):
            raise BadRtcp("no RTCP packet")
        _read(found, kind, first & 0x1F, data[offset + 4 : end])
        offset = end
    return found


def _read(found: Rtcp, kind: int, count: int, body: bytes) -> None:
    if kind == BYE:
        if len(body) < count * 4:
            raise BadRtcp("short BYE")
        found.bye.extend(struct.unpack_from(f"!{count}I", body))
        return
    if kind == SENDER_REPORT:
        if len(body) < _SENDER_INFO.size:
            raise BadRtcp("short SR")
        ssrc, high, low, timestamp, packets, octets = _SENDER_INFO.unpack_from(body)
        found.sender = SenderInfo((high << 32) | low, timestamp, packets, octets)
        start = _SENDER_INFO.size
    elif kind == RECEIVER_REPORT:
        if len(body) < 4:
            raise BadRtcp("short RR")
        (ssrc,) = struct.unpack_from("!I", body)
        start = 4
    else:
        return
    found.ssrc = ssrc
    if len(body) < start + count * _REPORT_BLOCK.size:
        raise BadRtcp("short report blocks")
    for index in range(count):
        source, fraction, high, low, highest, jitter, lsr, dlsr = _REPORT_BLOCK.unpack_from(
            body, start + index * _REPORT_BLOCK.size
        )
        lost = (high << 16) | low
        if lost & 0x800000:
            lost -= 0x1000000
        found.blocks.append(ReportBlock(source, fraction, lost, highest, jitter, lsr, dlsr))

"""RTP headers and the two ends of an RTP stream's bookkeeping (RFC 3550 §5.1, A.1, A.3, A.8)."""

from __future__ import annotations

import secrets
import struct

HEADER = struct.Struct("!HHII")
"""First 16 bits (version, padding, extension, CSRC count, marker, payload type), sequence, timestamp, SSRC."""
HEADER_SIZE = 12
VERSION_2 = 0x8000
MARKER = 0x0080
MAX_PACKET = 2048

MAX_DROPOUT = 3000
MAX_MISORDER = 100
MAX_TRANSIT_STEP_S = 2.0
"""Transit steps beyond this are a restarted clock or a wrapped timestamp, not jitter."""

Verdict = int
NEXT: Verdict = 0
GAP: Verdict = 1
LATE: Verdict = 2
RESTART: Verdict = 3
REFUSED: Verdict = 4


def payload_bounds(data: bytes | bytearray | memoryview, size: int, word: int) -> tuple[int, int] | None:
    """Start and end of the payload after CSRCs, header extension and padding; None for a packet that lies."""
    if not word & 0x3F00:
        return HEADER_SIZE, size  # none of them, as ever
    start = HEADER_SIZE + ((word >> 8) & 0x0F) * 4
    if word & 0x1000:  # extension (§5.3.1)
        if size < start + 4:
            return None
        start += 4 + 4 * ((data[start + 2] << 8) | data[start + 3])
    end = size
    if word & 0x2000:  # padding: the last octet counts it, itself included
        if end <= start:
            return None
        padding = data[size - 1]
        if padding == 0:
            return None
        end -= padding
    if end < start:
        return None
    return start, end


class Receiver:
    """What we know of the stream a party sends us. The relay's fast path updates the plain fields itself.

    ``next_seq`` is one more than the highest sequence number, *not* wrapped: after 65535 it matches no packet, so the
    wrap is seen by ``update``.
    """

    __slots__ = (
        "_bad_seq", "_base", "_cycles", "_earlier_lost", "_interval_expected", "_interval_received", "at", "clock_hz",
        "epoch", "jitter", "late", "max_jitter_ms", "next_seq", "received", "received_before", "ssrc", "transit",
    )  # fmt: skip

    def __init__(self, clock_hz: int = 8000) -> None:
        self.ssrc = -1
        self.next_seq = -1
        self.received = 0
        """Packets of all sources so far."""
        self.received_before = 0
        """Packets before the current source began."""
        self.at = -1.0
        """Loop time of the newest packet; below 0: none yet."""
        self.clock_hz = clock_hz
        self.transit = 0.0
        self.jitter = 0.0
        self.max_jitter_ms = 0.0
        self.late = 0
        self.epoch = 0
        """Grows whenever a source (re)starts: whoever maps sequence numbers must align again."""
        self._base = 0
        self._cycles = 0
        self._bad_seq = -1
        self._earlier_lost = 0
        self._interval_expected = 0
        self._interval_received = 0

    def update(self, seq: int, timestamp: int, ssrc: int, now: float, *, timed: bool = True) -> Verdict:
        """Account for a packet: ``REFUSED`` ones (duplicates, wild jumps) are not to be used.

        ``timed`` False: the timestamp is not that of sending (a telephone event's stays that of its beginning), so it
        says nothing about jitter.
        """
        if ssrc != self.ssrc:
            self._restart(seq, timestamp, ssrc, now)
            return RESTART
        delta = (seq - self.next_seq) & 0xFFFF
        if delta < MAX_DROPOUT:
            if self.next_seq + delta > 0xFFFF:
                self._cycles += 0x10000
            verdict = NEXT if delta == 0 else GAP
            self.next_seq = seq + 1
        elif delta < 0x10000 - MAX_MISORDER:
            # A jump: the other side restarted, if two in a row agree (A.1).
            if seq == self._bad_seq:
                self._restart(seq, timestamp, ssrc, now)
                return RESTART
            self._bad_seq = (seq + 1) & 0xFFFF
            return REFUSED
        elif delta == 0xFFFF:
            return REFUSED  # the newest one again
        else:
            self.late += 1
            self.received += 1
            return LATE
        self._bad_seq = -1
        self.received += 1
        self.at = now
        if timed:
            self.measure(timestamp, now)
        return verdict

    def measure(self, timestamp: int, now: float) -> None:
        """Interarrival jitter (A.8), in timestamp units."""
        clock_hz = self.clock_hz
        transit = now * clock_hz - timestamp
        step = abs(transit - self.transit)
        self.transit = transit
        if step < MAX_TRANSIT_STEP_S * clock_hz:
            self.jitter += (step - self.jitter) * 0.0625

    def set_clock(self, clock_hz: int) -> None:
        """The party changed to a codec with another RTP clock."""
        if clock_hz != self.clock_hz:
            self.jitter *= clock_hz / self.clock_hz
            self.clock_hz = clock_hz

    def _restart(self, seq: int, timestamp: int, ssrc: int, now: float) -> None:
        self._earlier_lost = self.lost
        self.received_before = self.received
        self._interval_expected = self._interval_received = 0
        self.ssrc = ssrc
        self._base = seq
        self._cycles = 0
        self._bad_seq = -1
        self.next_seq = seq + 1
        self.received += 1
        self.at = now
        self.transit = now * self.clock_hz - timestamp
        self.epoch += 1

    @property
    def highest(self) -> int:
        """Extended highest sequence number received of the current source."""
        return self._cycles + ((self.next_seq - 1) & 0xFFFF)

    @property
    def lost_now(self) -> int:
        """Packets lost of the current source, for the report block; negative when duplicates came (A.3)."""
        if self.ssrc < 0:
            return 0
        return self.highest - self._base + 1 - (self.received - self.received_before)

    @property
    def lost(self) -> int:
        """Packets lost of all sources so far."""
        return self._earlier_lost + max(0, self.lost_now)

    @property
    def jitter_ms(self) -> float:
        """Interarrival jitter in milliseconds."""
        return self.jitter * 1000.0 / self.clock_hz

    def note_jitter(self) -> None:
        """Remember the worst jitter; called now and then, not per packet."""
        jitter_ms = self.jitter_ms
        self.max_jitter_ms = max(self.max_jitter_ms, jitter_ms)

    def fraction_lost(self) -> int:
        """Loss since the last call as an 8-bit fixed-point fraction (A.3)."""
        expected_total = self.highest - self._base + 1
        received_total = self.received - self.received_before
        expected = expected_total - self._interval_expected
        lost = expected - (received_total - self._interval_received)
        self._interval_expected = expected_total
        self._interval_received = received_total
        if expected <= 0 or lost <= 0:
            return 0
        return min(255, (lost << 8) // expected)


class Sender:
    """The stream we send to a party: one SSRC, sequence and timestamp that go on whoever is heard.

    ``feeder`` is whoever put the latest packet in; somebody else first aligns himself with ``start``.
    """

    __slots__ = ("at", "clock_hz", "feeder", "octets", "packets", "ptime_s", "seq", "ssrc", "timestamp")

    def __init__(self) -> None:
        self.ssrc = secrets.randbits(32)
        # Below 2**15, so that losing the first packets can't desynchronise SRTP's rollover counter (RFC 3711 §3.3.1).
        self.seq = secrets.randbits(15)
        self.timestamp = secrets.randbits(32)
        self.at = -1.0
        self.clock_hz = 8000
        self.ptime_s = 0.02
        self.packets = 0
        self.octets = 0
        self.feeder: object = None

    def start(self, feeder: object, now: float, clock_hz: int) -> tuple[int, int]:
        """Sequence and timestamp of a new feeder's first packet; the caller sets the marker bit (RFC 3551 §4.1)."""
        self.feeder = feeder
        self.clock_hz = clock_hz
        gap_s = self.ptime_s if self.at < 0 else max(self.ptime_s, now - self.at)
        return (self.seq + 1) & 0xFFFF, (self.timestamp + round(gap_s * clock_hz)) & 0xFFFFFFFF

    def sent(self, seq: int, timestamp: int, octets: int, now: float) -> None:
        """Account for a packet that is not older than the newest."""
        self.seq = seq
        self.timestamp = timestamp
        self.at = now
        self.packets += 1
        self.octets += octets

    def renew_ssrc(self) -> None:
        """A new SSRC: with a new SRTP key, both readings of RFC 4568 then agree on a rollover counter of 0."""
        self.ssrc = secrets.randbits(32)
        self.seq &= 0x7FFF
        self.feeder = None
        self.packets = 0
        self.octets = 0

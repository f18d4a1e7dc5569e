"""Key presses as RTP events (RFC 4733): making the packets of a press, and reading presses out of what arrives."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import msgspec

#: Event codes 0 to 15 (RFC 4733 §3.2).
DIGITS = "0123456789*#ABCD"

_PAYLOAD = struct.Struct("!BBH")
_END = 0x80
_VOLUME_MASK = 0x3F
_MAX_DURATION = 0xFFFF
_END_PACKETS = 3  # §2.5.1.4
_VOLUME_DBM0 = 10
_EXPIRES_S = 0.2  # ten packets unseen: the end packets were lost (§2.5.2.2)
_MAX_EVENTS_PER_PACKET = 8


class DigitPress(msgspec.Struct, frozen=True, gc=False):
    """A key press that is over."""

    digit: str
    duration_ms: int


class Event(msgspec.Struct, frozen=True, gc=False):
    """One event block (§2.3). ``duration`` in timestamp units."""

    code: int
    end: bool
    volume: int
    duration: int


class EventPacket(msgspec.Struct, frozen=True, gc=False):
    """One packet to send. ``timestamp`` counts from the sender's first tick; all packets of a press share it."""

    payload: bytes
    marker: bool
    timestamp: int
    duration: int
    end: bool


def encode_event(event: Event) -> bytes:
    """Four bytes."""
    flags = (_END if event.end else 0) | (event.volume & _VOLUME_MASK)
    return _PAYLOAD.pack(event.code & 0xFF, flags, min(event.duration, _MAX_DURATION))


def decode_events(payload: bytes) -> list[Event]:
    """The blocks of a payload, usually one; a broken tail is ignored."""
    usable = min(len(payload) // 4, _MAX_EVENTS_PER_PACKET) * 4
    return [
        Event(code, bool(flags & _END), flags & _VOLUME_MASK, duration)
        for code, flags, duration in _PAYLOAD.iter_unpack(payload[:usable])
    ]


class EventSender:
    """The packets of a series of presses: call ``tick`` once per packet interval, or iterate.

    Each press begins with the marker bit, is updated every interval, and ends with three equal end packets
    (§2.5.1.4), the last two of which fall into the pause. A press lasts at most 8 s, one segment (§2.5.1.3).
    Raises ValueError for what are no digits.
    """

    def __init__(
        self, digits: str, duration_ms: int = 100, gap_ms: int = 60, *, clock_hz: int = 8000, ptime_ms: int = 20
    ) -> None:
        codes = [DIGITS.find(digit) for digit in digits.upper()]
        if -1 in codes:
            raise ValueError(f"no DTMF digits: {digits!r}")
        step = clock_hz * ptime_ms // 1000
        longest = min(8 * clock_hz, _MAX_DURATION) // step
        self._codes = codes
        self._step = step
        self._press_ticks = min(longest, max(1, -(-duration_ms // ptime_ms)))
        self._cycle_ticks = self._press_ticks + max(_END_PACKETS - 1, -(-gap_ms // ptime_ms))
        self._tick = 0

    @property
    def finished(self) -> bool:
        """Everything has been sent, the last pause too."""
        return self._tick >= len(self._codes) * self._cycle_ticks

    def tick(self) -> EventPacket | None:
        """The packet due in this interval; None in a pause, in which audio may be sent."""
        if self.finished:
            return None
        press, within = divmod(self._tick, self._cycle_ticks)
        self._tick += 1
        if within >= self._press_ticks + _END_PACKETS - 1:
            return None
        end = within >= self._press_ticks - 1
        duration = min(within + 1, self._press_ticks) * self._step
        payload = encode_event(Event(self._codes[press], end, _VOLUME_DBM0, duration))
        started = press * self._cycle_ticks * self._step
        return EventPacket(payload, within == 0, started, duration, end)

    def __iter__(self) -> Iterator[EventPacket | None]:
        while not self.finished:
            yield self.tick()


class EventReceiver:
    """Presses out of event packets: once each, whatever is repeated, reordered or lost.

    A press is its timestamp and code. It ends with its first end packet, with the beginning of another press, or when
    nothing updates it for 200 ms (``expire``).
    """

    def __init__(self, clock_hz: int = 8000) -> None:
        self._clock_hz = clock_hz
        self._timestamp: int | None = None
        self._code = 0
        self._duration = 0
        self._earlier = 0  # what previous segments of the same press lasted
        self._open = False
        self._updated_s = 0.0

    @property
    def pressed(self) -> str:
        """The key held down just now, else empty."""
        return DIGITS[self._code] if self._open else ""

    def feed(self, payload: bytes, timestamp: int, now_s: float, *, marker: bool = False) -> list[DigitPress]:
        """Read a packet; the presses that are over. Unknown events and broken payloads are ignored."""
        presses: list[DigitPress] = []
        for event in decode_events(payload):
            if event.code < len(DIGITS):
                presses += self._read(event, timestamp & 0xFFFFFFFF, now_s, marker=marker)
            timestamp += event.duration  # several events in a packet follow each other (§2.5.1.5)
            marker = False
        return presses

    def expire(self, now_s: float) -> list[DigitPress]:
        """The press whose end was lost, if it is time to say so."""
        return self._finish() if self._open and now_s - self._updated_s >= _EXPIRES_S else []

    def flush(self) -> list[DigitPress]:
        """The press under way, at the end of the stream."""
        return self._finish()

    def _read(self, event: Event, timestamp: int, now_s: float, *, marker: bool) -> list[DigitPress]:
        presses: list[DigitPress] = []
        if timestamp != self._timestamp:
            if self._timestamp is not None and (timestamp - self._timestamp) & 0xFFFFFFFF >= 0x80000000:
                return []  # a straggler of an earlier press
            if self._continues(event, timestamp, marker=marker):
                self._earlier += self._duration
            else:
                presses = self._finish()
                self._code, self._earlier = event.code, 0
            self._timestamp, self._duration, self._open = timestamp, 0, True
        elif not self._open or event.code != self._code:
            return []
        self._duration = max(self._duration, event.duration)
        self._updated_s = now_s
        return presses + self._finish() if event.end else presses

    def _continues(self, event: Event, timestamp: int, *, marker: bool) -> bool:
        """Whether this is the next segment of a press too long for one (§2.5.1.3)."""
        if not self._open or marker or event.code != self._code or self._timestamp is None:
            return False
        return (timestamp - self._timestamp) & 0xFFFFFFFF == self._duration >= _MAX_DURATION // 2

    def _finish(self) -> list[DigitPress]:
        if not self._open:
            return []
        self._open = False
        return [DigitPress(DIGITS[self._code], (self._earlier + self._duration) * 1000 // self._clock_hz)]

"""Telephone events received by RFC 4733: one press per key, whatever gets lost or repeated."""

from __future__ import annotations

import msgspec

DIGITS = "0123456789*#ABCD"
"""Event codes 0-15 (RFC 4733 §3.2)."""
EXPIRES_S = 0.25
"""An event nobody updates any more has ended: its end packets were lost."""
SEGMENT = 0xFFFF
"""Longest duration of one segment; longer presses continue in the next (§2.5.1.3)."""


class Press(msgspec.Struct, frozen=True, gc=False):
    """A key press that is over. ``duration`` in timestamp units."""

    digit: str
    duration: int


class EventTracker:
    """Follows one party's telephone events. ``started`` tells the digit whose first packet was just read, else ""."""

    __slots__ = ("_at", "_code", "_duration", "_earlier", "_open", "_timestamp", "started")

    def __init__(self) -> None:
        self.started = ""
        self._timestamp = -1
        self._code = -1
        self._duration = 0
        self._earlier = 0
        self._open = False
        self._at = 0.0

    @property
    def pending(self) -> bool:
        """An event has begun and not ended."""
        return self._open

    def packet(self, payload: bytes, timestamp: int, now: float, *, marker: bool) -> list[Press]:
        """Read an event packet; presses that are over come out, once each. Broken payloads are ignored."""
        self.started = ""
        if len(payload) < 4 or payload[0] >= len(DIGITS):
            return []
        code, ended, duration = payload[0], bool(payload[1] & 0x80), (payload[2] << 8) | payload[3]
        presses: list[Press] = []
        if timestamp != self._timestamp:
            if self._timestamp >= 0 and (timestamp - self._timestamp) & 0xFFFFFFFF >= 0x80000000:
                return []  # a straggler of an earlier press
            if self._continues(code, timestamp, now, marker=marker):
                self._earlier += self._duration
            else:
                presses = self.flush()
                self._open = True
                self._earlier = 0
                self._code = code
                self.started = DIGITS[code]
            self._timestamp = timestamp
            self._duration = 0
        elif not self._open:
            return []  # the end packet again
        self._duration = max(self._duration, duration)
        self._at = now
        if ended:
            presses += self.flush()
        return presses

    def expire(self, now: float) -> list[Press]:
        """The press whose end packets never came, when it has been quiet for long enough."""
        return self.flush() if self._open and now - self._at >= EXPIRES_S else []

    def flush(self) -> list[Press]:
        """End a press that is under way (the source changed, the call ends)."""
        if not self._open:
            return []
        self._open = False
        return [Press(DIGITS[self._code], self._earlier + self._duration)]

    def restart(self) -> list[Press]:
        """The source began a new timeline."""
        presses = self.flush()
        self._timestamp = -1
        return presses

    def _continues(self, code: int, timestamp: int, now: float, *, marker: bool) -> bool:
        """A next segment of a long press, or a phone that wrongly moves the timestamp with every packet."""
        if not self._open or code != self._code:
            return False
        if (timestamp - self._timestamp) & 0xFFFFFFFF == SEGMENT:
            return True
        return not marker and now - self._at < EXPIRES_S / 2

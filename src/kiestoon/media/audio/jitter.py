"""An adaptive jitter buffer: packets in as they arrive, frames out in order, one per tick.

Every packet has a playout time: its RTP timestamp on our clock, as the quickest recent packet shows that clock, plus a
delay that covers nearly all of the recent jitter. ``get`` is called once per frame by whoever plays. Usually it takes
the next packet. Where the playout clock and ours have drifted apart by more than a frame (clock skew, a new delay) a
frame is dropped or concealment put in between; in a silence (the sender stopped sending: DTX) the new delay is simply
taken over. Time is handed in; nothing here waits.
"""

from __future__ import annotations

import math

import msgspec

_SEQ_HALF = 0x8000
_TS_HALF = 0x80000000
#: A sequence jump this far means another stream, once a second packet confirms it (RFC 3550 §A.1 MAX_DROPOUT).
_MAX_JUMP = 1000
#: Likewise for timestamps, in seconds.
_MAX_SILENCE_S = 60.0
_BASE_WINDOW_S = 5.0  # the quickest packet of this and the window before counts
_ATTACK = 0.25  # how much of a packet's excess delay the target takes over at once
_DECAY = 0.003  # per packet: the target halves in about 5 s of calm
_SAFETY_S = 0.005
_MAX_UNDERRUNS = 3  # concealed frames before a stream counts as silent
_CORRECT_EVERY = 9.5  # frames between two corrections (the tenth may be due a little early), so that none is heard
_MAX_PTIME_S = 0.2
_ALWAYS_ROOM = 10  # packets
_NOWHERE = -1  # no packet has this (extended) number


class Lost(msgspec.Struct, frozen=True, gc=False):
    """Conceal one frame of ``duration`` RTP clock units. ``following``: the packet after a lost one, for its FEC.

    In samples that is ``duration * decoder.sample_rate // clock_hz`` (G.722 and Opus have a clock of their own).
    """

    duration: int
    following: bytes | None = None


class JitterStats(msgspec.Struct):
    """Packets (or, inserted, concealments) since the start. What is not counted here was played, or waits."""

    late: int = 0
    duplicates: int = 0
    lost: int = 0
    inserted: int = 0
    dropped: int = 0


_Packet = tuple[int, bytes | None]
"""Extended timestamp and payload; None: not audio (a telephone event), it only keeps its place in the sequence."""


class JitterBuffer:
    """For one RTP source; ``reset`` it when the SSRC changes.

    ``min_ms``/``max_ms`` bound the delay it aims at. Never raises on anything a peer can send; memory is bounded.
    ``put`` and ``get`` begin with a short way for the ordinary packet, which every party of every conference goes 50
    times a second: nothing is called there and no object made but the packet's entry.
    """

    __slots__ = (
        "_base_s", "_clock_hz", "_corrected_at_s", "_default_frame", "_expected_seq", "_expected_ts", "_frame",
        "_frame_s", "_jitter_s", "_max_s", "_min_s", "_newest_seq", "_newest_ts", "_next_seq", "_next_ts", "_packets",
        "_playing", "_step", "_stranger", "_target_s", "_underruns", "_unit_s", "_window_best_s", "_window_end_s",
        "dropped", "duplicates", "inserted", "late", "lost",
    )  # fmt: skip

    def __init__(self, clock_hz: int, ptime_ms: int = 20, min_ms: int = 20, max_ms: int = 200) -> None:
        self._clock_hz = clock_hz
        self._unit_s = 1.0 / clock_hz
        self._default_frame = clock_hz * ptime_ms // 1000
        self._min_s = min_ms / 1000
        self._max_s = max_ms / 1000
        self.late = self.duplicates = self.lost = self.inserted = self.dropped = 0
        self.reset()

    def reset(self) -> None:
        """Forget the stream (its figures stay)."""
        self._packets: dict[int, _Packet] = {}
        self._step = self._default_frame
        self._set_frame(self._default_frame)
        self._newest_seq: int | None = None
        self._newest_ts = 0
        self._expected_seq = self._expected_ts = -1
        self._stranger: int | None = None
        self._playing = False
        self._next_seq = _NOWHERE
        self._next_ts = 0
        self._underruns = 0
        self._corrected_at_s = -math.inf
        self._jitter_s = 0.0
        self._target_s = self._min_s
        self._base_s = math.inf
        self._window_best_s = 0.0
        self._window_end_s = 0.0

    @property
    def stats(self) -> JitterStats:
        """The figures so far."""
        return JitterStats(self.late, self.duplicates, self.lost, self.inserted, self.dropped)

    def _set_frame(self, frame: int) -> None:
        self._frame = frame
        self._frame_s = frame * self._unit_s

    # --- in ----------------------------------------------------------------------------------------------------------

    def put(self, seq: int, timestamp: int, payload: bytes, arrival_s: float) -> None:
        """A packet arrived. Late ones and repetitions are counted and dropped."""
        newest = self._newest_seq
        if seq != self._expected_seq or timestamp != self._expected_ts or newest is None:
            self._put(seq & 0xFFFF, timestamp & 0xFFFFFFFF, payload, arrival_s)
            return
        # Nearly every packet is simply the next one.
        frame = self._frame
        self._stranger = None
        self._newest_seq = newest = newest + 1
        self._newest_ts = time = self._newest_ts + frame
        self._expected_seq = (seq + 1) & 0xFFFF
        self._expected_ts = (timestamp + frame) & 0xFFFFFFFF
        transit = arrival_s - time * self._unit_s
        excess = transit - self._base_s
        if 0.0 <= excess <= self._jitter_s and transit >= self._window_best_s and arrival_s < self._window_end_s:
            self._jitter_s = jitter = self._jitter_s + (excess - self._jitter_s) * _DECAY
            target = jitter + _SAFETY_S
            self._target_s = target if self._min_s < target < self._max_s else self._bounded(target)
        else:
            self._learn_delay(transit, arrival_s)
        packets = self._packets
        packets[newest] = (time, payload)
        if len(packets) > _ALWAYS_ROOM:
            self._bound()

    def put_other(self, seq: int, timestamp: int, arrival_s: float) -> None:
        """A packet of the same stream that is not audio (RFC 4733 events): its number is not a loss."""
        self._put(seq & 0xFFFF, timestamp & 0xFFFFFFFF, None, arrival_s)

    def _put(self, seq: int, timestamp: int, payload: bytes | None, arrival_s: float) -> None:
        number, time = self._extend(seq, timestamp)
        if self._is_another_stream(number, time):
            if self._stranger is None or (seq - self._stranger) & 0xFFFF != 1:
                self._stranger = seq
                return
            self.reset()
            number, time = self._extend(seq, timestamp)
        self._stranger = None
        if payload is not None:
            self._learn_frame(number, time)
            self._learn_delay(arrival_s - time * self._unit_s, arrival_s)
        if self._newest_seq is None or number > self._newest_seq:
            self._newest_seq, self._newest_ts = number, time
        if number < self._next_seq:
            self.late += 1
        elif number in self._packets:
            self.duplicates += 1
        else:
            self._packets[number] = (time, payload)
            self._bound()
        # Only within a stream of even steps is the packet after the newest one foreseen.
        even = payload is not None and self._step == self._frame
        self._expected_seq = (self._newest_seq + 1) & 0xFFFF if even else -1
        self._expected_ts = (self._newest_ts + self._frame) & 0xFFFFFFFF

    def _extend(self, seq: int, timestamp: int) -> tuple[int, int]:
        """Unwrapped numbers, near the newest ones (RFC 3550 §A.1)."""
        if self._newest_seq is None:
            # Room below, so that a packet overtaken by the first one doesn't become negative.
            return seq + 0x10000, timestamp + 0x100000000
        number = self._newest_seq + ((seq - self._newest_seq + _SEQ_HALF) & 0xFFFF) - _SEQ_HALF
        time = self._newest_ts + ((timestamp - self._newest_ts + _TS_HALF) & 0xFFFFFFFF) - _TS_HALF
        return number, time

    def _is_another_stream(self, number: int, time: int) -> bool:
        if self._newest_seq is None:
            return False
        ahead_s = abs(time - self._newest_ts) / self._clock_hz
        return abs(number - self._newest_seq) > _MAX_JUMP or ahead_s > _MAX_SILENCE_S

    def _learn_frame(self, number: int, time: int) -> None:
        """How much one packet holds: seen twice in a row, as one longer step may be a silence."""
        before = self._packets.get(number - 1)
        if before is not None and before[1] is not None:
            step = time - before[0]
            if step == self._step and self._clock_hz // 200 <= step <= _MAX_PTIME_S * self._clock_hz:
                self._set_frame(step)
            self._step = step

    def _learn_delay(self, transit: float, arrival_s: float) -> None:
        """The quickest packet gives the sender's clock; how much slower the others are gives the delay to aim at."""
        base = self._base_s
        if base == math.inf:
            self._base_s = self._window_best_s = base = transit
            self._window_end_s = arrival_s + _BASE_WINDOW_S
        self._window_best_s = min(self._window_best_s, transit)
        if transit < base:
            self._base_s = base = transit
        if arrival_s >= self._window_end_s:
            self._base_s = base = self._window_best_s
            self._window_best_s = transit
            self._window_end_s = arrival_s + _BASE_WINDOW_S
        jitter, excess = self._jitter_s, transit - base
        if excess > jitter:
            jitter += (min(excess, 2 * self._max_s) - jitter) * _ATTACK
        else:
            jitter += (excess - jitter) * _DECAY
        self._jitter_s = jitter
        self._target_s = self._bounded(jitter + _SAFETY_S)

    def _bounded(self, target_s: float) -> float:
        return min(self._max_s, max(self._min_s, target_s))

    def _bound(self) -> None:
        """Never hold more than the longest delay (and some): a burst drops what is oldest."""
        room = int(2 * self._max_s * self._clock_hz / max(1, self._frame)) + _ALWAYS_ROOM
        while len(self._packets) > room:
            oldest = min(self._packets)
            del self._packets[oldest]
            self.dropped += 1
            if self._next_seq != _NOWHERE:
                self._next_seq = max(self._next_seq, oldest + 1)

    # --- out ---------------------------------------------------------------------------------------------------------

    @property
    def target_s(self) -> float:
        """The delay aimed at, over the quickest packet's, in seconds."""
        return self._target_s

    @property
    def depth_ms(self) -> float:
        """How much is waiting, in milliseconds."""
        return len(self._packets) * self._frame * 1000 / self._clock_hz

    def get(self, now_s: float) -> bytes | Lost | None:
        """What to play in this tick: a payload, a concealment, or None for silence (nothing sent, or not yet)."""
        number = self._next_seq
        packet = self._packets.get(number)
        if packet is not None and self._playing:
            time, payload = packet
            if payload is not None and time == self._next_ts:
                # It adjoins the last one; is it on time? That is what ``_next`` mostly comes to.
                frame_s = self._frame_s
                waited_s = now_s - time * self._unit_s - self._base_s
                lag = waited_s - self._target_s
                if -1.5 * frame_s <= lag < 1.5 * frame_s and waited_s <= self._max_s + frame_s:
                    del self._packets[number]
                    self._next_seq = number + 1
                    self._next_ts = time + self._frame
                    self._underruns = 0
                    return payload
        return self._next(now_s)

    def _next(self, now_s: float) -> bytes | Lost | None:
        self._skip_other()
        if not self._packets:
            return self._underrun()
        first = self._next_seq if self._next_seq in self._packets else min(self._packets)
        if not self._playing and not self._begin(first, now_s):
            return None
        first = self._correct(first, now_s)
        if first == self._next_seq:
            return self._take_next(now_s)
        return self._over_hole(first, now_s)

    def _skip_other(self) -> None:
        """Pass over packets that are not audio; the silence they leave is not a loss."""
        number = self._next_seq if self._playing else min(self._packets, default=_NOWHERE)
        while (packet := self._packets.get(number)) is not None and packet[1] is None:
            del self._packets[number]
            number += 1
            self._next_seq = number
            self._underruns = _MAX_UNDERRUNS
        if not self._packets and self._underruns >= _MAX_UNDERRUNS:
            self._playing = False

    def _underrun(self) -> Lost | None:
        """Nothing there: conceal for a moment, then take it for silence."""
        if not self._playing:
            return None
        if self._underruns >= _MAX_UNDERRUNS:
            self._playing = False
            return None
        self._underruns += 1
        self.inserted += 1
        return Lost(self._frame)

    def _begin(self, first: int, now_s: float) -> bool:
        """Start (again) with the first packet there is, when its time has come."""
        timestamp = self._packets[first][0]
        if self._lag_s(timestamp, now_s) < 0:
            return False
        if self._next_seq != _NOWHERE:
            self.lost += max(0, first - self._next_seq)
        self._playing = True
        self._next_seq, self._next_ts = first, timestamp
        self._underruns = 0
        self._corrected_at_s = now_s
        return True

    def _may_correct(self, now_s: float) -> bool:
        return now_s - self._corrected_at_s >= _CORRECT_EVERY * self._frame_s

    def _lag_s(self, timestamp: int, now_s: float) -> float:
        """How far a packet's playout time is past (negative: still to come)."""
        return now_s - timestamp * self._unit_s - self._base_s - self._target_s

    def _correct(self, first: int, now_s: float) -> int:
        """Drop a frame when playing later than need be: one in ten, or at once beyond the bound."""
        frame_s = self._frame_s
        while len(self._packets) > 1:
            lag = self._lag_s(self._packets[first][0], now_s)
            overdue = lag + self._target_s > self._max_s + frame_s
            if not overdue and (lag < 1.5 * frame_s or not self._may_correct(now_s)):
                break
            dropped = self._packets.pop(first)
            self.dropped += 1
            self._corrected_at_s = now_s
            self._next_seq, self._next_ts = first + 1, dropped[0] + self._frame
            first = self._next_seq if self._next_seq in self._packets else min(self._packets)
            if self._packets[first][1] is None:
                break
        return first

    def _take_next(self, now_s: float) -> bytes | Lost | None:
        number = self._next_seq
        timestamp, payload = self._packets[number]
        if payload is None:
            return None  # taken out by the next call
        frame_s = self._frame_s
        lag = self._lag_s(timestamp, now_s)
        if timestamp - self._next_ts >= self._frame and lag < -frame_s / 2:
            return None  # numbers go on but time jumped: the sender was silent (DTX)
        if lag < -1.5 * frame_s and self._may_correct(now_s):
            self._corrected_at_s = now_s
            self.inserted += 1
            return Lost(self._frame)
        del self._packets[number]
        self._next_seq = number + 1
        self._next_ts = timestamp + self._frame
        self._underruns = 0
        return payload

    def _over_hole(self, first: int, now_s: float) -> bytes | Lost | None:
        """Packets are missing before the first there is: conceal one, or pass over what has been concealed already."""
        number = self._next_seq
        missing = first - number
        if self._underruns:
            # The wait for them was concealed as it happened.
            passed = min(self._underruns, missing)
            self._underruns -= passed
            self._pass(number, passed)
            if passed == missing:
                return self._take_next(now_s)
            number, missing = number + passed, missing - passed
        ahead = self._packets[first][0] - self._next_ts
        if ahead <= 0 or missing > _MAX_UNDERRUNS:
            self._pass(number, missing)
            self._next_ts = max(self._next_ts, self._packets[first][0] - self._frame)
            return self._take_next(now_s)
        self._pass(number, 1)
        following = self._packets.get(number + 1)
        return Lost(self._frame, following[1] if following is not None else None)

    def _pass(self, number: int, count: int) -> None:
        self.lost += count
        self._next_seq = number + count
        self._next_ts += count * self._frame

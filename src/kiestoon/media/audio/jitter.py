"""An adaptive jitter buffer: packets in as they arrive, frames out in order, one per tick.

Every packet has a playout time: its RTP timestamp on our clock, as the quickest recent packet shows that clock, plus a
delay that covers nearly all of the recent jitter. ``get`` is called once per frame by whoever plays. Usually it takes
the next packet. Where the playout clock and ours have drifted apart by more than a frame (clock skew, a new delay) a
frame is dropped or concealment put in between; in a silence (the sender stopped sending: DTX) the new delay is simply
taken over. Time is handed in; nothing here waits.
"""

from __future__ import annotations

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
_CORRECT_EVERY = 10  # frames between two corrections, so that none is heard
_MAX_PTIME_S = 0.2
_ALWAYS_ROOM = 10  # packets


class Frame(msgspec.Struct, frozen=True, gc=False):
    """The next packet to play. ``waited_s`` is how long it lay in the buffer."""

    payload: bytes
    timestamp: int
    payload_type: int
    waited_s: float


class Lost(msgspec.Struct, frozen=True, gc=False):
    """Conceal one frame of ``duration`` RTP clock units. ``following``: the packet after a lost one, for its FEC.

    In samples that is ``duration * decoder.sample_rate // clock_hz`` (G.722 and Opus have a clock of their own).
    """

    duration: int
    following: bytes | None = None


class JitterStats(msgspec.Struct):
    """Packets since the start."""

    received: int = 0
    played: int = 0
    late: int = 0
    duplicates: int = 0
    lost: int = 0
    inserted: int = 0
    dropped: int = 0


class _Packet(msgspec.Struct, gc=False):
    timestamp: int  # extended
    payload: bytes | None  # None: not audio (telephone event): keeps its place in the sequence
    payload_type: int
    arrival_s: float


class JitterBuffer:
    """For one RTP source; ``reset`` it when the SSRC changes.

    ``min_ms``/``max_ms`` bound the delay it aims at. Never raises on anything a peer can send; memory is bounded.
    """

    def __init__(self, clock_hz: int, ptime_ms: int = 20, min_ms: int = 20, max_ms: int = 200) -> None:
        self._clock_hz = clock_hz
        self._default_frame = clock_hz * ptime_ms // 1000
        self._min_s = min_ms / 1000
        self._max_s = max_ms / 1000
        self.stats = JitterStats()
        self.reset()

    def reset(self) -> None:
        """Forget the stream (its figures stay)."""
        self._packets: dict[int, _Packet] = {}
        self._frame = self._step = self._default_frame
        self._newest_seq: int | None = None
        self._newest_ts = 0
        self._expected = (-1, -1)
        self._stranger: int | None = None
        self._playing = False
        self._next_seq: int | None = None
        self._next_ts = 0
        self._underruns = 0
        self._since_correction = 0
        self._jitter_s = 0.0
        self._target_s = self._min_s
        self._base_s: float | None = None
        self._window_best_s = 0.0
        self._window_end_s = 0.0

    # --- in ----------------------------------------------------------------------------------------------------------

    def put(self, seq: int, timestamp: int, payload: bytes, arrival_s: float, payload_type: int = 0) -> None:
        """A packet arrived. Late ones and repetitions are counted and dropped."""
        newest = self._newest_seq
        if newest is None or (seq, timestamp) != self._expected:
            self._put(seq & 0xFFFF, timestamp & 0xFFFFFFFF, payload, arrival_s, payload_type)
            return
        # Nearly every packet is simply the next one.
        self.stats.received += 1
        self._stranger = None
        self._newest_seq = newest = newest + 1
        self._newest_ts = time = self._newest_ts + self._frame
        self._expected = (seq + 1) & 0xFFFF, (timestamp + self._frame) & 0xFFFFFFFF
        self._learn_delay(time, arrival_s)
        self._packets[newest] = _Packet(time, payload, payload_type, arrival_s)
        if len(self._packets) > _ALWAYS_ROOM:
            self._bound()

    def put_other(self, seq: int, timestamp: int, arrival_s: float) -> None:
        """A packet of the same stream that is not audio (RFC 4733 events): its number is not a loss."""
        self._put(seq & 0xFFFF, timestamp & 0xFFFFFFFF, None, arrival_s, 0)

    def _put(self, seq: int, timestamp: int, payload: bytes | None, arrival_s: float, payload_type: int) -> None:
        self.stats.received += 1
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
            self._learn_delay(time, arrival_s)
        if self._newest_seq is None or number > self._newest_seq:
            self._newest_seq, self._newest_ts = number, time
        if self._next_seq is not None and number < self._next_seq:
            self.stats.late += 1
        elif number in self._packets:
            self.stats.duplicates += 1
        else:
            self._packets[number] = _Packet(time, payload, payload_type, arrival_s)
            self._bound()
        # Only within a stream of even steps is the packet after the newest one foreseen.
        even = payload is not None and self._step == self._frame
        after = (self._newest_seq + 1) & 0xFFFF, (self._newest_ts + self._frame) & 0xFFFFFFFF
        self._expected = after if even else (-1, -1)

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
        if before is not None and before.payload is not None:
            step = time - before.timestamp
            if step == self._step and self._clock_hz // 200 <= step <= _MAX_PTIME_S * self._clock_hz:
                self._frame = step
            self._step = step

    def _learn_delay(self, time: int, arrival_s: float) -> None:
        """The quickest packet gives the sender's clock; how much slower the others are gives the delay to aim at."""
        transit = arrival_s - time / self._clock_hz
        base = self._base_s
        if base is None:
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
        self._target_s = min(self._max_s, max(self._min_s, jitter + _SAFETY_S))

    def _bound(self) -> None:
        """Never hold more than the longest delay (and some): a burst drops what is oldest."""
        room = int(2 * self._max_s * self._clock_hz / max(1, self._frame)) + _ALWAYS_ROOM
        while len(self._packets) > room:
            oldest = min(self._packets)
            del self._packets[oldest]
            self.stats.dropped += 1
            if self._next_seq is not None:
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

    def get(self, now_s: float) -> Frame | Lost | None:
        """What to play in this tick: a packet, a concealment, or None for silence (nothing sent, or not yet)."""
        result = self._due(now_s) or self._next(now_s)
        self._since_correction += 1
        if isinstance(result, Frame):
            self.stats.played += 1
            self._underruns = 0
        return result

    def _due(self, now_s: float) -> Frame | None:
        """The next packet where it is there, adjoins the last one and is on time: what ``_next`` mostly comes to."""
        number = self._next_seq
        packet = self._packets.get(number) if number is not None and self._playing else None
        if packet is None or packet.payload is None or packet.timestamp != self._next_ts or number is None:
            return None
        frame_s, target_s = self._frame / self._clock_hz, self._target_s
        lag = now_s - (packet.timestamp / self._clock_hz + (self._base_s or 0.0) + target_s)
        on_time = -1.5 * frame_s <= lag < 1.5 * frame_s and lag + target_s <= self._max_s + frame_s
        return self._take(number, packet, now_s) if on_time else None

    def _next(self, now_s: float) -> Frame | Lost | None:
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
        number = self._next_seq if self._playing and self._next_seq is not None else min(self._packets, default=-1)
        while (packet := self._packets.get(number)) is not None and packet.payload is None:
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
        self.stats.inserted += 1
        return Lost(self._frame)

    def _begin(self, first: int, now_s: float) -> bool:
        """Start (again) with the first packet there is, when its time has come."""
        packet = self._packets[first]
        if self._lag_s(packet.timestamp, now_s) < 0:
            return False
        if self._next_seq is not None:
            self.stats.lost += max(0, first - self._next_seq)
        self._playing = True
        self._next_seq, self._next_ts = first, packet.timestamp
        self._underruns = 0
        self._since_correction = 0
        return True

    def _lag_s(self, timestamp: int, now_s: float) -> float:
        """How far a packet's playout time is past (negative: still to come)."""
        return now_s - (timestamp / self._clock_hz + (self._base_s or 0.0) + self._target_s)

    def _correct(self, first: int, now_s: float) -> int:
        """Drop a frame when playing later than need be: one in ten, or at once beyond the bound."""
        frame_s = self._frame / self._clock_hz
        while len(self._packets) > 1:
            lag = self._lag_s(self._packets[first].timestamp, now_s)
            overdue = lag + self._target_s > self._max_s + frame_s
            if not overdue and (lag < 1.5 * frame_s or self._since_correction < _CORRECT_EVERY):
                break
            dropped = self._packets.pop(first)
            self.stats.dropped += 1
            self._since_correction = 0
            self._next_seq, self._next_ts = first + 1, dropped.timestamp + self._frame
            first = self._next_seq if self._next_seq in self._packets else min(self._packets)
            if self._packets[first].payload is None:
                break
        return first

    def _take_next(self, now_s: float) -> Frame | Lost | None:
        number = self._next_seq or 0
        packet = self._packets[number]
        if packet.payload is None:
            return None  # taken out by the next call
        frame_s = self._frame / self._clock_hz
        lag = self._lag_s(packet.timestamp, now_s)
        if packet.timestamp - self._next_ts >= self._frame and lag < -frame_s / 2:
            return None  # numbers go on but time jumped: the sender was silent (DTX)
        if lag < -1.5 * frame_s and self._since_correction >= _CORRECT_EVERY:
            self._since_correction = 0
            self.stats.inserted += 1
            return Lost(self._frame)
        return self._take(number, packet, now_s)

    def _take(self, number: int, packet: _Packet, now_s: float) -> Frame:
        del self._packets[number]
        self._next_seq = number + 1
        self._next_ts = packet.timestamp + self._frame
        payload = packet.payload or b""
        return Frame(payload, packet.timestamp & 0xFFFFFFFF, packet.payload_type, now_s - packet.arrival_s)

    def _over_hole(self, first: int, now_s: float) -> Frame | Lost | None:
        """Packets are missing before the first there is: conceal one, or pass over what has been concealed already."""
        number = self._next_seq or 0
        missing = first - number
        if self._underruns:
            # The wait for them was concealed as it happened.
            passed = min(self._underruns, missing)
            self._underruns -= passed
            self._pass(number, passed)
            if passed == missing:
                return self._take_next(now_s)
            number, missing = number + passed, missing - passed
        ahead = self._packets[first].timestamp - self._next_ts
        if ahead <= 0 or missing > _MAX_UNDERRUNS:
            self._pass(number, missing)
            self._next_ts = max(self._next_ts, self._packets[first].timestamp - self._frame)
            return self._take_next(now_s)
        self._pass(number, 1)
        following = self._packets.get(number + 1)
        return Lost(self._frame, following.payload if following is not None else None)

    def _pass(self, number: int, count: int) -> None:
        self.stats.lost += count
        self._next_seq = number + count
        self._next_ts += count * self._frame

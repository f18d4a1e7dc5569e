"""The jitter buffer against made-up networks, in stepped time."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiestoon.media.audio.jitter import JitterBuffer, Lost

STEP = 160
TICK_S = 0.02


class Packet:
    """Number ``index`` of a talk, as it arrives."""

    def __init__(self, index: int, arrival_s: float, timestamp: int | None = None) -> None:
        self.index = index
        self.arrival_s = arrival_s
        self.timestamp = index * STEP if timestamp is None else timestamp


def run(packets, buffer=None, *, seconds=None, seq0=0, ts0=0, tick_s=TICK_S, phase_s=0.003):
    """Put packets in by arrival, take one item per tick; returns [(time, item)]. Payloads are the indices."""
    buffer = buffer or JitterBuffer(8000)
    waiting = sorted(packets, key=lambda packet: packet.arrival_s)
    end = seconds or (waiting[-1].arrival_s + 0.4)
    out, position, tick = [], 0, 0
    while (now := phase_s + tick * tick_s) < end:
        while position < len(waiting) and waiting[position].arrival_s <= now:
            packet = waiting[position]
            payload = packet.index.to_bytes(4, "big")
            buffer.put((seq0 + packet.index) & 0xFFFF, (ts0 + packet.timestamp) & 0xFFFFFFFF, payload, packet.arrival_s)
            position += 1
        out.append((now, buffer.get(now)))
        tick += 1
    return out, buffer


def indices(out):
    return [int.from_bytes(item, "big") for _, item in out if isinstance(item, bytes)]


def waits(out, packets):
    """How long each packet played lay in the buffer, by index (a doubled one counts from its first arrival)."""
    arrived = {}
    for packet in sorted(packets, key=lambda packet: packet.arrival_s):
        arrived.setdefault(packet.index, packet.arrival_s)
    played = [(now, int.from_bytes(item, "big")) for now, item in out if isinstance(item, bytes)]
    return {index: now - arrived[index] for now, index in played}


def steady(count, base_s=0.05, jitter=lambda _: 0.0, period_s=TICK_S):
    return [Packet(i, base_s + i * period_s + jitter(i)) for i in range(count)]


def test_a_steady_stream_comes_out_whole_with_little_delay():
    packets = steady(500)
    out, buffer = run(packets)
    assert indices(out) == list(range(500))
    assert max(waits(out, packets).values()) <= 0.0401
    first, last = out.index(next(o for o in out if o[1])), len(out) - 25
    assert not any(isinstance(item, Lost) for _, item in out[first:last])
    assert buffer.stats.lost == buffer.stats.late == buffer.stats.dropped == 0


@pytest.mark.parametrize(("seq0", "ts0"), [(65530, 0), (0, 0xFFFFFFFF - 800), (65535, 0xFFFFFF00)])
def test_numbers_wrap_without_notice(seq0, ts0):
    out, buffer = run(steady(100), seq0=seq0, ts0=ts0)
    assert indices(out) == list(range(100))
    assert buffer.stats.lost == 0


def test_a_packet_overtaken_before_the_start_is_played():
    packets = steady(20)
    packets[0].arrival_s, packets[1].arrival_s = 0.071, 0.07
    assert indices(run(packets)[0]) == list(range(20))


def test_a_lost_packet_is_concealed_once_and_its_successor_offered_for_fec():
    jitter = random.Random(1)
    packets = steady(300, jitter=lambda _: jitter.random() * 0.03)
    del packets[150]
    out, buffer = run(packets)
    played = indices(out)
    assert played == [i for i in range(300) if i != 150]
    start = next(i for i, (_, item) in enumerate(out) if isinstance(item, bytes) and item[2:] == b"\0\x95")
    between = [item for _, item in out[start + 1 : start + 2]]
    assert isinstance(between[0], Lost)
    assert between[0].following == (151).to_bytes(4, "big")
    assert between[0].duration == STEP
    assert buffer.stats.lost == 1


def test_duplicates_are_played_once():
    packets = steady(100) + [Packet(i, 0.0501 + i * TICK_S) for i in range(100)]
    out, buffer = run(packets)
    assert indices(out) == list(range(100))
    assert buffer.stats.duplicates + buffer.stats.late == 100


def test_delay_grows_with_jitter_and_shrinks_again():
    rng = random.Random(3)
    packets = steady(2000, jitter=lambda i: rng.random() * 0.08 if i < 600 else 0.0)
    out, _ = run(packets)
    waited = waits(out, packets)
    delay = {i: waited[i] + (packets[i].arrival_s - 0.05 - i * TICK_S) for i in waited}
    assert 0.05 <= delay[550] <= 0.13
    assert delay[1990] <= 0.05
    settled = [i for i in range(100, 600) if i not in waited]
    assert len(settled) <= 15  # at most 3 % of a badly shaken stream comes too late


@pytest.mark.parametrize("drift", [-0.0005, 0.0005])
def test_clock_skew_is_made_up_for_frame_by_frame(drift):
    packets = steady(12000, period_s=TICK_S * (1 + drift))
    out, buffer = run(packets)
    assert max(waits(out, packets).values()) <= 0.08
    # 240 s at 500 ppm are 120 ms: six frames dropped or put in, not more.
    corrections = buffer.stats.dropped if drift < 0 else buffer.stats.inserted
    assert 3 <= corrections <= 12
    assert buffer.stats.lost == 0


def test_silence_of_a_discontinuous_sender_is_silence_not_loss():
    packets = [Packet(i, 0.05 + i * TICK_S) for i in range(50)]
    packets += [Packet(i, 0.05 + (i + 100) * TICK_S, (i + 100) * STEP) for i in range(50, 100)]
    out, buffer = run(packets)
    assert indices(out) == list(range(100))
    assert buffer.stats.lost == 0
    assert sum(isinstance(item, Lost) for _, item in out[:150]) <= 3
    assert sum(item is None for _, item in out[50:150]) >= 90


def test_dialling_in_the_same_stream_is_not_loss():
    buffer = JitterBuffer(8000)
    results = []
    for i in range(100):
        now = i * TICK_S
        if 40 <= i < 50:
            buffer.put_other(i, 40 * STEP, now)
        else:
            buffer.put(i, i * STEP, bytes([i]), now)
        results.append(buffer.get(now + 0.001))
    assert [item[0] for item in results if isinstance(item, bytes)] == [*range(40), *range(50, 99)]
    assert buffer.stats.lost == 0
    assert sum(isinstance(item, Lost) for item in results) <= 3


def test_a_step_in_delay_is_followed():
    packets = steady(1500, jitter=lambda i: 0.0 if i < 300 else 0.1)
    out, _ = run(packets)
    played = indices(out)
    assert played == sorted(played)
    assert len(played) >= 1490
    assert played[-1] == 1499


def test_another_stream_takes_over_at_its_second_packet_but_a_stray_packet_does_not():
    buffer = JitterBuffer(8000)
    for i in range(50):
        buffer.put(i, i * STEP, b"a", i * TICK_S)
        buffer.get(i * TICK_S)
    buffer.put(40000, 0, b"stray", 1.0)
    for i in range(50, 60):
        buffer.put(i, i * STEP, b"a", i * TICK_S)
        assert not isinstance(item := buffer.get(i * TICK_S), bytes) or item == b"a"
    heard = []
    for i in range(60, 100):
        buffer.put(30000 + i, 0x70000000 + i * STEP, b"b", i * TICK_S)
        heard.append(buffer.get(i * TICK_S))
    assert sum(isinstance(item, bytes) and item == b"b" for item in heard) >= 36


def test_packets_of_30_ms_are_learnt():
    buffer = JitterBuffer(8000)
    played, have, now = [], 0.0, 0.0
    pending = [(i, 0.01 + i * 0.03) for i in range(200)]
    while now < 6.0:
        while pending and pending[0][1] <= now:
            i, arrival = pending.pop(0)
            buffer.put(i, i * 240, i.to_bytes(2, "big"), arrival)
        if have < TICK_S:
            item = buffer.get(now)
            if isinstance(item, bytes):
                played.append(int.from_bytes(item, "big"))
            have += 0.03 if item else TICK_S
        have -= TICK_S
        now += TICK_S
    assert played == list(range(len(played)))
    assert len(played) >= 195


def test_a_flood_is_bounded_and_the_newest_survive():
    buffer = JitterBuffer(8000)
    for i in range(5000):
        buffer.put(i, i * STEP, i.to_bytes(2, "big"), 0.0)
    assert buffer.depth_ms <= 1000
    items = [buffer.get(0.02 * k) for k in range(60)]
    played = [int.from_bytes(item, "big") for item in items if isinstance(item, bytes)]
    assert 0 < len(played) <= 40
    assert played[-1] == 4999


network = st.lists(
    st.tuples(
        st.integers(0, 3),  # 0: lost, 3: doubled
        st.floats(0, 0.15),
    ),
    min_size=30,
    max_size=150,
)


@settings(max_examples=60, deadline=None)
@given(network, st.integers(0, 65535), st.integers(0, 0xFFFFFFFF), st.floats(0, 0.02))
def test_whatever_the_network_does_frames_come_in_order_once_and_soon(fates, seq0, ts0, phase_s):
    packets = []
    for i, (copies, jitter) in enumerate(fates):
        packets += [Packet(i, 0.2 + i * TICK_S + jitter + k * 0.001) for k in range(copies)]
    if not packets:
        return
    sent = {packet.index for packet in packets}
    out, buffer = run(packets, seq0=seq0, ts0=ts0, phase_s=phase_s)
    played = indices(out)
    assert played == sorted(set(played))
    assert set(played) <= sent
    for index, waited_s in waits(out, packets).items():
        assert waited_s <= 0.2 + 3 * TICK_S, index
    for now, item in out:
        if isinstance(item, bytes):
            assert now - (0.2 + int.from_bytes(item, "big") * TICK_S) <= 0.2 + 0.15 + 3 * TICK_S
    stats = buffer.stats
    assert len(played) + stats.late + stats.duplicates + stats.dropped + len(buffer._packets) == len(packets)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 65535), st.integers(0, 0xFFFFFFFF), st.integers(0, 2), st.floats(0, 0.05)),
        max_size=200,
    )
)
def test_nonsense_never_raises(packets):
    buffer = JitterBuffer(8000)
    now = 0.0
    for seq, timestamp, kind, wait in packets:
        now += wait
        if kind == 2:
            buffer.put_other(seq, timestamp, now)
        else:
            buffer.put(seq, timestamp, b"x" * kind, now)
        item = buffer.get(now)
        assert item is None or isinstance(item, bytes) or item.duration > 0

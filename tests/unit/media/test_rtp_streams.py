"""Bookkeeping of RTP streams: sequence numbers, loss, jitter, continuity."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiestoon.media.rtp import GAP, LATE, NEXT, REFUSED, RESTART, Receiver, Sender, payload_bounds


def hear(receiver: Receiver, *seqs: int, ssrc: int = 1, start: float = 0.0) -> list[int]:
    return [receiver.update(seq, seq * 160, ssrc, start + index * 0.02) for index, seq in enumerate(seqs)]


def test_verdicts() -> None:
    receiver = Receiver()
    assert hear(receiver, 10, 11, 13, 12, 13, 14) == [RESTART, NEXT, GAP, LATE, REFUSED, NEXT]
    assert receiver.received == 5
    assert receiver.lost == 0


@pytest.mark.parametrize("first", [0, 65530, 65535])
def test_loss_is_counted_through_the_wrap(first: int) -> None:
    receiver = Receiver()
    for step in range(100):
        if step % 10 != 3:
            receiver.update((first + step) & 0xFFFF, step * 160, 1, step * 0.02)
    assert (receiver.received, receiver.lost) == (90, 10)


def test_many_wraps_extend_the_sequence() -> None:
    receiver = Receiver()
    total = 3 * 65536 + 7
    for step in range(0, total, 1000):
        receiver.update(step & 0xFFFF, step * 160 & 0xFFFFFFFF, 1, step * 0.02)
    assert receiver.highest == (total - 1) // 1000 * 1000


def test_a_wild_jump_is_refused_until_a_second_packet_confirms_it() -> None:
    receiver = Receiver()
    assert hear(receiver, 10, 11, 40000, 12, 40000, 40001) == [RESTART, NEXT, REFUSED, NEXT, REFUSED, RESTART]
    assert receiver.epoch == 2


def test_loss_of_earlier_sources_is_kept() -> None:
    receiver = Receiver()
    hear(receiver, 1, 5)
    hear(receiver, 100, 102, ssrc=2)
    assert receiver.lost == 4


def test_fraction_lost_covers_the_time_since_the_last_report() -> None:
    receiver = Receiver()
    hear(receiver, 0, 2, 4, 6)
    assert receiver.fraction_lost() == (3 << 8) // 7
    hear(receiver, 7, 8, 9)
    assert receiver.fraction_lost() == 0
    assert receiver.fraction_lost() == 0


def test_steady_packets_have_no_jitter_and_uneven_ones_do() -> None:
    steady, uneven = Receiver(), Receiver()
    for step in range(200):
        steady.update(step, step * 160, 1, step * 0.02)
        uneven.update(step, step * 160, 1, step * 0.02 + (0.005 if step % 2 else 0.0))
    assert steady.jitter_ms < 0.001
    assert 4.0 < uneven.jitter_ms < 5.5


def test_a_wrapped_or_restarted_timestamp_is_no_jitter() -> None:
    receiver = Receiver()
    for step in range(100):
        receiver.update(step, (0xFFFFFFFF - 4000 + step * 160) & 0xFFFFFFFF, 1, step * 0.02)
    assert receiver.jitter_ms < 0.01


def test_telephone_events_are_no_jitter() -> None:
    receiver = Receiver()
    receiver.update(0, 0, 1, 0.0)
    for step in range(1, 50):
        receiver.update(step, 160, 1, step * 0.02, timed=False)
    assert receiver.jitter_ms == 0.0
    assert receiver.received == 50


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF), st.integers(0, 2)), max_size=80))
def test_figures_stay_sane_whatever_arrives(packets: list[tuple[int, int, int]]) -> None:
    receiver = Receiver()
    now = 0.0
    for seq, timestamp, ssrc in packets:
        now += 0.01
        receiver.update(seq, timestamp, ssrc, now)
    assert receiver.lost >= 0
    assert 0 <= receiver.fraction_lost() <= 255
    assert receiver.jitter >= 0
    assert receiver.received <= len(packets)


def test_a_senders_first_sequence_number_leaves_room_for_lost_packets() -> None:
    assert all(Sender().seq < 1 << 15 for _ in range(200))


def test_a_new_feeder_continues_by_the_time_that_has_passed() -> None:
    sender = Sender()
    sender.sent(100, 5000, 160, 10.0)
    assert sender.start(object(), 10.5, 8000) == (101, 9000)
    assert sender.start(object(), 10.001, 8000) == (101, 5160)  # at least a packet's worth
    assert sender.start(object(), 10.5, 48000) == (101, 29000)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 0x3FFF), st.binary(min_size=12, max_size=80))
def test_payload_bounds_lie_within_the_packet(bits: int, data: bytes) -> None:
    word = 0x8000 | bits
    packet = struct.pack("!H", word) + data[2:]
    bounds = payload_bounds(packet, len(packet), word)
    if bounds is not None:
        start, end = bounds
        assert 12 <= start <= end <= len(packet)

"""RFC 4733: presses as packets, and one press out of whatever arrives."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiestoon.media.audio.telephone_event import (
    DIGITS,
    DigitPress,
    Event,
    EventReceiver,
    EventSender,
    decode_events,
    encode_event,
)


def packets(digits, duration_ms=100, gap_ms=60):
    """[(time, packet)] of all ticks that send one."""
    return [(i * 0.02, p) for i, p in enumerate(EventSender(digits, duration_ms, gap_ms)) if p is not None]


def receive(arrivals, receiver=None, base=1000):
    """Presses out of [(time, packet)], with the end of the stream."""
    receiver = receiver or EventReceiver()
    presses, now = [], 0.0
    for now, packet in arrivals:
        presses += receiver.expire(now)
        presses += receiver.feed(packet.payload, (base + packet.timestamp) & 0xFFFFFFFF, now, marker=packet.marker)
    return presses + receiver.expire(now + 1)


def test_a_press_is_the_marker_its_updates_and_three_ends():
    sent = [packet for _, packet in packets("5", 100, 60)]
    assert [packet.marker for packet in sent] == [True] + [False] * 6
    assert [packet.end for packet in sent] == [False] * 4 + [True] * 3
    assert [packet.duration for packet in sent] == [160, 320, 480, 640, 800, 800, 800]
    assert {packet.timestamp for packet in sent} == {0}
    assert sent[0].payload == bytes([5, 10, 0, 160])
    assert sent[-1].payload == bytes([5, 0x80 | 10, 3, 0x20])


def test_presses_follow_each_other_after_the_pause():
    started = {packet.timestamp for _, packet in packets("12#", 100, 60)}
    assert started == {0, 160 * 8, 320 * 8}
    assert [packet.payload[0] for _, packet in packets("12#") if packet.marker] == [1, 2, 11]


def test_a_pause_too_short_for_the_end_packets_is_stretched():
    sent = packets("11", 40, 0)
    assert sum(packet.end for _, packet in sent) == 6
    assert receive(sent) == [DigitPress("1", 40), DigitPress("1", 40)]


def test_a_press_never_outgrows_its_16_bits():
    sent = packets("1", 60000)
    assert max(packet.duration for _, packet in sent) <= 0xFFFF
    assert receive(sent)[0].duration_ms == pytest.approx(8000, abs=20)


@pytest.mark.parametrize("wrong", ["X", "1 2", "é"])
def test_what_is_no_digit_cannot_be_sent(wrong):
    with pytest.raises(ValueError, match="no DTMF"):
        EventSender(wrong)


def test_no_digits_are_finished_at_once():
    assert EventSender("").finished
    assert EventSender("").tick() is None


def test_all_sixteen_digits_arrive():
    assert [press.digit for press in receive(packets(DIGITS))] == list(DIGITS)


def test_a_digit_is_told_while_it_is_held():
    receiver = EventReceiver()
    receiver.feed(bytes([3, 10, 0, 160]), 0, 0.0)
    assert receiver.pressed == "3"
    receiver.flush()
    assert receiver.pressed == ""


def test_lost_ends_are_noticed_in_time_or_by_the_next_press():
    without = [(t, packet) for t, packet in packets("12") if not packet.end]
    assert receive(without) == [DigitPress("1", 80), DigitPress("2", 80)]
    receiver = EventReceiver()
    receive(without[:4], receiver)
    assert receiver.expire(10.0) == []  # said once


def test_only_ends_are_enough():
    assert receive([(t, p) for t, p in packets("90") if p.end]) == [DigitPress("9", 100), DigitPress("0", 100)]


def test_a_long_press_in_segments_is_one():
    receiver = EventReceiver()
    presses = receiver.feed(encode_event(Event(4, False, 10, 0xFFFF)), 0, 8.2, marker=True)
    presses += receiver.feed(encode_event(Event(4, False, 10, 160)), 0xFFFF, 8.3)
    presses += receiver.feed(encode_event(Event(4, True, 10, 8000)), 0xFFFF, 9.2)
    assert presses == [DigitPress("4", (0xFFFF + 8000) // 8)]


def test_several_events_in_one_packet_are_several_presses():
    payload = b"".join(encode_event(Event(code, True, 10, 800)) for code in (1, 2))
    assert EventReceiver().feed(payload, 0, 0.0) == [DigitPress("1", 100), DigitPress("2", 100)]


def test_timestamps_wrap():
    assert [press.digit for press in receive(packets("123"), base=0xFFFFFFFF - 900)] == ["1", "2", "3"]


def test_other_events_and_broken_payloads_are_ignored():
    receiver = EventReceiver()
    assert receiver.feed(bytes([16, 0x80, 3, 0]), 0, 0.0) == []  # flash hook
    assert receiver.feed(b"\x01\x80", 0, 0.0) == []
    assert decode_events(b"") == []


@settings(max_examples=80, deadline=None)
@given(
    st.text(DIGITS, min_size=1, max_size=5),
    st.integers(40, 200),
    st.integers(40, 120),
    st.data(),
)
def test_each_press_is_told_once_whatever_is_lost_doubled_or_late(digits, duration_ms, gap_ms, data):
    arrivals, alive = [], set()
    for t, packet in packets(digits, duration_ms, gap_ms):
        for copy in range(data.draw(st.integers(0, 2))):
            arrivals.append((t + copy * 0.01 + data.draw(st.sampled_from([0.0, 0.015])), packet))
            alive.add(packet.timestamp)
    arrivals.sort(key=lambda item: item[0])
    presses = receive(arrivals)
    assert len(presses) == len(alive)
    assert all(press.digit in digits for press in presses)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.binary(max_size=64), st.integers(0, 0xFFFFFFFF), st.booleans()), max_size=40))
def test_nonsense_never_raises_and_presses_are_digits(feed):
    receiver = EventReceiver()
    for i, (payload, timestamp, marker) in enumerate(feed):
        for press in receiver.feed(payload, timestamp, i * 0.02, marker=marker):
            assert press.digit in DIGITS
            assert press.duration_ms >= 0

"""Relaying packet by packet between two agreements in the same format."""

from __future__ import annotations

import random

from media_rig import G722, PCMA, PCMU, TICK_S, Phone, Rig

from kiestoon.media.audio import g711
from kiestoon.media.protocol import Codec, Modify, Move, Stream, Subtract, Subtracted, Topology


def test_both_parties_hear_each_other(rig: Rig) -> None:
    one, other = rig.call()
    one.speak(b"1" * 160)
    other.speak(b"2" * 160)
    rig.turn()
    assert [packet.payload for packet in other.heard()] == [b"1" * 160]
    assert [packet.payload for packet in one.heard()] == [b"2" * 160]


def test_sequence_and_timestamp_advance_as_the_talker_sent_them(rig: Rig) -> None:
    one, other = rig.call()
    rig.talk(one, packets=5)
    heard = other.heard()
    assert [packet.seq - heard[0].seq for packet in heard] == [0, 1, 2, 3, 4]
    assert [packet.timestamp - heard[0].timestamp for packet in heard] == [0, 160, 320, 480, 640]
    assert len({packet.ssrc for packet in heard}) == 1
    assert heard[0].ssrc != one.ssrc
    assert [packet.marker for packet in heard] == [True, False, False, False, False]


def test_a_gap_stays_a_gap_so_that_the_listener_can_conceal_it(rig: Rig) -> None:
    one, other = rig.call()
    rig.talk(one, packets=3)
    one.packet()
    one.packet()
    rig.talk(one)
    heard = other.heard()
    assert heard[-1].seq == (heard[-2].seq + 3) & 0xFFFF
    assert (heard[-1].timestamp - heard[-2].timestamp) & 0xFFFFFFFF == 480


def test_reordered_packets_are_passed_on_in_the_order_of_arrival(rig: Rig) -> None:
    one, other = rig.call()
    rig.talk(one, packets=3)
    first = other.heard()[-1].seq
    early, late = one.packet(b"a" * 160), one.packet(b"b" * 160)
    one.send(late)
    one.send(early)
    rig.turn()
    assert [(packet.seq - first) & 0xFFFF for packet in other.heard()] == [2, 1]


def test_sequence_and_timestamp_wrap_around(rig: Rig) -> None:
    one, other = rig.call()
    one.seq, one.timestamp = 65530, 0xFFFFFFFF - 500
    rig.talk(one, packets=12)
    heard = other.heard()
    assert len(heard) == 12
    assert [(packet.seq - heard[0].seq) & 0xFFFF for packet in heard] == list(range(12))
    assert [(packet.timestamp - heard[0].timestamp) & 0xFFFFFFFF for packet in heard] == [160 * n for n in range(12)]
    rig.do(Subtract(1))
    assert rig.events(Subtracted)[0].quality.packets_lost == 0


def test_payload_types_are_mapped_between_the_agreements(rig: Rig) -> None:
    g726 = Codec("G726-32", 97)
    one = rig.phone(send=g726)
    other = rig.phone(send=Codec("G726-32", 112))
    rig.join(one, other)
    one.speak(b"x" * 80)
    rig.turn()
    assert [packet.payload_type for packet in other.heard()] == [112]


def test_alaw_becomes_mulaw_without_a_tick(rig: Rig) -> None:
    one = rig.phone()
    other = rig.phone(send=PCMU)
    rig.join(one, other)
    said = bytes(range(160))
    one.speak(said)
    rig.turn()
    (packet,) = other.heard()
    assert packet.payload_type == 0
    assert packet.payload == g711.encode(g711.decode(said, "PCMA"), "PCMU")


def test_a_new_talker_continues_the_listeners_stream_with_a_marker(rig: Rig) -> None:
    one, other, third = rig.phone(), rig.phone(), rig.phone()
    rig.do(Topology(1, ((1, 2),)))
    rig.talk(one, packets=3)
    before = other.heard()[-1]
    rig.do(Topology(1, ((3, 2),)))
    rig.step(0.1)
    rig.talk(third, packets=2)
    first, second = other.heard()
    assert first.marker
    assert not second.marker
    assert first.ssrc == before.ssrc
    assert first.seq == (before.seq + 1) & 0xFFFF
    elapsed = (first.timestamp - before.timestamp) & 0xFFFFFFFF
    assert 800 <= elapsed <= 1120  # 0.1 s and the tick in which it was said


def test_a_restarted_source_continues_the_stream(rig: Rig) -> None:
    one, other = rig.call()
    rig.talk(one, packets=3)
    before = other.heard()[-1]
    one.ssrc, one.seq, one.timestamp = 0xBEEF, 40000, 77
    rig.talk(one, packets=2)
    first, second = other.heard()
    assert first.marker
    assert (first.seq, second.seq) == ((before.seq + 1) & 0xFFFF, (before.seq + 2) & 0xFFFF)
    assert 0 < (first.timestamp - before.timestamp) & 0xFFFFFFFF < 1000


def test_packets_from_before_the_takeover_are_dropped(rig: Rig) -> None:
    one, other = rig.call()
    rig.talk(one, packets=2)
    straggler = one.packet()
    one.packet()
    rig.do(Topology(1, ()))
    rig.talk(one)
    rig.do(Topology(1, ((1, 2),)))
    rig.talk(one)
    other.heard()
    one.send(straggler)
    rig.turn()
    assert other.heard() == []


def test_nobody_is_heard_without_an_edge(rig: Rig) -> None:
    one, other = rig.phone(), rig.phone()
    rig.talk(one, other, packets=3)
    assert one.heard() == []
    assert other.heard() == []


def test_listening_in_hears_and_is_not_heard(rig: Rig) -> None:
    agent, listener = rig.phone(), rig.phone()
    rig.do(Topology(1, ((1, 2),)))
    rig.talk(agent, listener, packets=3)
    assert len(listener.heard()) == 3
    assert agent.heard() == []


def test_a_talker_can_be_relayed_to_several_listeners(rig: Rig) -> None:
    one, second, third = rig.phone(), rig.phone(), rig.phone()
    rig.do(Topology(1, ((1, 2), (1, 3))))
    rig.talk(one, packets=3)
    assert len(second.heard()) == 3
    assert len(third.heard()) == 3


def test_a_party_on_hold_is_neither_heard_nor_sent_to(rig: Rig) -> None:
    one, other = rig.call()
    rig.do(Modify(1, rig.stream(one, direction="inactive")))
    rig.talk(one, other, packets=3)
    assert other.heard() == []
    assert one.heard() == []
    rig.do(Modify(1, rig.stream(one)))
    rig.talk(one, other, packets=3)
    assert len(other.heard()) == 3
    assert len(one.heard()) == 3


def test_sendonly_is_sent_to_and_not_heard(rig: Rig) -> None:
    one, other = rig.phone(direction="sendonly"), rig.phone()
    rig.join(one, other)
    rig.talk(one, other, packets=2)
    assert len(one.heard()) == 2
    assert other.heard() == []


def test_modify_keeps_the_stream_going(rig: Rig) -> None:
    one, other = rig.call()
    rig.talk(one, packets=3)
    before = other.heard()[-1]
    rig.do(Modify(2, rig.stream(other, dtmf_send=96)))
    rig.talk(one)
    (after,) = other.heard()
    assert (after.ssrc, after.seq) == (before.ssrc, (before.seq + 1) & 0xFFFF)
    assert not after.marker
    assert after.timestamp == (before.timestamp + 160) & 0xFFFFFFFF


def test_a_moved_termination_is_heard_in_its_new_context_only(rig: Rig) -> None:
    one, other = rig.call()
    third = rig.phone(context=2)
    rig.talk(one, other, packets=2)
    before = one.heard()[-1]
    other.heard()
    rig.do(Move(1, 2), Topology(2, ((1, 3), (3, 1))))
    rig.talk(one, other, third, packets=2)
    assert other.heard() == []
    assert len(third.heard()) == 2
    heard = one.heard()
    assert [packet.seq for packet in heard] == [(before.seq + 1) & 0xFFFF, (before.seq + 2) & 0xFFFF]
    assert {packet.ssrc for packet in heard} == {before.ssrc}


def test_padding_extensions_and_contributors_are_taken_off(rig: Rig) -> None:
    one, other = rig.call()
    rig.talk(one)
    other.heard()
    plain = bytearray(one.packet(b"x" * 160))
    plain[0] |= 0x10 | 0x20 | 0x02
    extras = b"\0\0\0\1\0\0\0\2" + b"\xbe\xde\0\1abcd"
    one.send(bytes(plain[:12]) + extras + bytes(plain[12:]) + b"\0\0\0\4")
    rig.turn()
    (packet,) = other.heard()
    assert packet.payload == b"x" * 160


def test_hostile_packets_are_counted_and_harm_nobody(rig: Rig) -> None:
    one, other = rig.call()
    rig.talk(one, other, packets=2)
    other.heard()
    rng = random.Random(7)
    for size in (*range(14), 20, 40, 172, 1500, 2048, 4000):
        one.send(rng.randbytes(size))
        rig.turn()
    for first in (0x9F, 0xBF, 0xAF, 0xB0):  # contributors, extension, padding that are not there
        one.send(bytes([first, 8]) + rng.randbytes(10))
        rig.turn()
    other.heard()
    rig.talk(one)
    assert len(other.heard()) == 1
    assert rig.shared.drops.total() >= 10


def test_unknown_payload_types_are_dropped(rig: Rig) -> None:
    one, other = rig.call()
    one.speak(payload_type=33)
    rig.turn()
    assert other.heard() == []
    assert rig.shared.drops["payload_type"] == 1


def test_comfort_noise_is_relayed_where_both_sides_know_it(rig: Rig) -> None:
    noise = Codec("CN", 13)
    one = rig.phone(receive=(PCMA, noise))
    other = rig.phone(receive=(PCMA, noise))
    rig.join(one, other)
    rig.talk(one)
    one.speak(b"\x40", payload_type=13)
    rig.turn()
    assert [packet.payload_type for packet in other.heard()] == [8, 13]


def test_a_party_that_changes_codec_is_transcoded_from_then_on(rig: Rig) -> None:
    one = rig.phone(receive=(PCMA, G722))
    other = rig.phone()
    rig.join(one, other)
    rig.talk(one, packets=3)
    assert len(other.heard()) == 3
    one.payload_type = 9
    rig.talk(one, packets=20)
    heard = other.heard()
    assert len(heard) > 10
    assert {packet.payload_type for packet in heard} == {8}
    one.payload_type = 8
    rig.talk(one, packets=4)
    assert rig.engine.terminations[1].fast is not None


def test_loss_jitter_and_score_are_reported_at_the_end(rig: Rig) -> None:
    one, _ = rig.call()
    for count in range(100):
        if count % 10 == 5:
            one.packet()
        one.speak()
        rig.turn()
        rig.now += TICK_S if count % 2 else TICK_S + 0.004
    rig.do(Subtract(1))
    (ended,) = rig.events(Subtracted)
    quality = ended.quality
    assert (quality.packets_received, quality.packets_lost) == (100, 10)
    assert 2.0 < quality.jitter_ms < 8.0
    assert quality.max_jitter_ms >= quality.jitter_ms
    assert 1.0 < quality.mos < 4.3
    assert quality.codec == "PCMA"


def test_ipv6_parties_are_relayed() -> None:
    rig = Rig(host="::1")
    try:
        one, other = rig.call()
        rig.talk(one, other, packets=4)
        assert len(other.heard()) == 4
        assert len(one.heard()) == 4
    finally:
        rig.close()


def test_a_silent_peer_port_does_not_disturb_the_call(rig: Rig) -> None:
    one, other = rig.call()
    rig.talk(one, other, packets=3)
    other.close()
    rig.talk(one, packets=5)  # ICMP port unreachable comes back
    one.heard()
    replacement = Phone()
    rig.phones.append(replacement)
    rig.do(Modify(2, Stream(replacement.address, None, PCMA, (PCMA,))))
    rig.talk(one, packets=2)
    assert len(replacement.heard()) == 2


def test_a_party_can_be_made_to_hear_itself(rig: Rig) -> None:
    one = rig.phone()
    rig.do(Topology(1, ((one.number, one.number),)))
    one.speak(b"1" * 160)
    rig.turn()
    assert [packet.payload for packet in one.heard()] == [b"1" * 160]
    rig.do(Topology(1, ()))
    one.speak(b"2" * 160)
    rig.turn()
    assert one.heard() == []

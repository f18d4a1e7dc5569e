"""Strict RTP: whose packets are believed."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from media_rig import PCMA, Phone, Rig

from kiestoon.media.lock import SETTLE_S, SILENCE_S, SourceLock
from kiestoon.media.protocol import Modify, SourceLatched, Stream

HOME = ("192.0.2.1", 4000)
NAT = ("198.51.100.7", 61000)
THIEF = ("203.0.113.9", 9)


class Listener:
    """A lock with a memory of what it accepted."""

    def __init__(self, negotiated: tuple[str, int] | None) -> None:
        self.lock = SourceLock(negotiated)
        self.at, self.ssrc, self.seq = -1.0, -1, -2

    def hear(self, address: tuple[str, int], seq: int, now: float, *, ssrc: int = 1, authentic: bool = False) -> bool:
        allowed = self.lock.allows(
            address, ssrc, seq, now, last_heard=self.at, last_ssrc=self.ssrc, last_seq=self.seq, authentic=authentic
        )
        if allowed:
            self.at, self.ssrc, self.seq = now, ssrc, seq
        return allowed


def test_the_negotiated_source_is_believed_at_once() -> None:
    listener = Listener(HOME)
    assert listener.hear(HOME, 5, 0.0)
    assert listener.lock.settled(0.0)


def test_a_translated_source_is_believed_after_consecutive_packets() -> None:
    listener = Listener(HOME)
    assert [listener.hear(NAT, seq, 0.0) for seq in (5, 6, 7, 8)] == [False, False, True, True]
    assert listener.lock.source == NAT


def test_scattered_packets_are_never_believed() -> None:
    listener = Listener(HOME)
    assert not any(listener.hear(THIEF, seq, 0.0) for seq in range(0, 1000, 7))


def test_the_negotiated_source_takes_its_place_from_an_early_stranger() -> None:
    listener = Listener(HOME)
    for seq in (5, 6, 7):
        listener.hear(THIEF, seq, 0.0)
    assert listener.lock.source == THIEF
    assert listener.hear(HOME, 900, 1.0, ssrc=2)
    assert listener.lock.source == HOME
    assert not listener.hear(THIEF, 8, 1.1)


def test_a_settled_source_cannot_be_ousted_while_it_speaks() -> None:
    listener = Listener(HOME)
    now = 0.0
    for seq in range(500):
        now += 0.02
        assert listener.hear(HOME, seq, now)
        assert not listener.hear(THIEF, 10000 + seq, now, ssrc=9)
        assert not listener.hear(THIEF, seq + 1, now)


def test_the_same_stream_from_elsewhere_is_followed_soon_after_silence() -> None:
    listener = Listener(HOME)
    listener.hear(HOME, 5, 0.0)
    now = SILENCE_S + 0.1
    assert not listener.hear(NAT, 20, now)
    assert listener.hear(NAT, 21, now + 0.02)


def test_another_stream_needs_more_packets_after_silence() -> None:
    listener = Listener(HOME)
    listener.hear(HOME, 5, 0.0)
    now = SILENCE_S + 0.1
    assert [listener.hear(NAT, 700 + n, now, ssrc=8) for n in range(5)] == [False] * 4 + [True]


def test_an_authenticated_packet_is_its_own_proof() -> None:
    listener = Listener(HOME)
    listener.hear(HOME, 5, 0.0)
    assert listener.hear(NAT, 6, 0.02, authentic=True)


def test_a_new_agreement_starts_anew_unless_the_address_is_the_old_one() -> None:
    listener = Listener(HOME)
    listener.hear(HOME, 5, 0.0)
    assert not listener.lock.renegotiate(HOME)
    assert listener.lock.source == HOME
    assert listener.lock.renegotiate(NAT)
    assert listener.lock.source is None


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([HOME, NAT, THIEF]), st.integers(0, 0xFFFF), st.integers(1, 3)), max_size=60))
def test_only_the_locked_source_is_ever_accepted(packets: list[tuple[tuple[str, int], int, int]]) -> None:
    listener = Listener(HOME)
    now = 0.0
    for address, seq, ssrc in packets:
        now += 0.02
        if listener.hear(address, seq, now, ssrc=ssrc):
            assert listener.lock.source == address


# --- on sockets ------------------------------------------------------------------------------------------------------


def test_answers_go_to_where_a_phone_behind_nat_really_is(rig: Rig) -> None:
    one, other = rig.call()
    behind = Phone()
    rig.phones.append(behind)
    behind.port = one.port
    for _ in range(2):
        behind.speak()
    rig.turn()
    assert rig.events(SourceLatched) == [SourceLatched(1, *behind.address)]
    rig.talk(other, packets=2)
    assert len(behind.heard()) == 2
    assert one.heard() == []


def test_without_symmetry_packets_go_to_the_negotiated_address(rig: Rig) -> None:
    one, other = rig.phone(symmetric=False), rig.phone()
    rig.join(one, other)
    behind = Phone()
    rig.phones.append(behind)
    behind.port = one.port
    for _ in range(3):
        behind.speak()
    rig.turn()
    rig.talk(other, packets=2)
    assert len(one.heard()) == 2
    assert behind.heard() == []


def test_turning_symmetry_off_sends_to_the_negotiated_address_again(rig: Rig) -> None:
    one, other = rig.call()
    behind = Phone()
    rig.phones.append(behind)
    behind.port = one.port
    rig.talk(behind, other, packets=200)
    assert rig.engine.terminations[1].link.connected
    rig.do(Modify(1, rig.stream(one, symmetric=False)))
    behind.heard()
    one.heard()
    rig.talk(behind, other, packets=20)
    assert behind.heard() == []
    assert len(one.heard()) == 20


def test_an_unknown_remote_is_learnt(rig: Rig) -> None:
    one, other = rig.phone(remote=None, remote_rtcp=None), rig.phone()
    rig.join(one, other)
    rig.talk(other)
    assert one.heard() == []
    rig.talk(one, packets=2)
    rig.talk(other)
    assert len(one.heard()) == 1


def test_injected_packets_do_not_reach_the_other_party(rig: Rig) -> None:
    one, other = rig.call()
    rig.talk(one, other, packets=3)
    other.heard()
    thief = Phone(ssrc=one.ssrc)
    rig.phones.append(thief)
    thief.port, thief.seq, thief.timestamp = one.port, one.seq, one.timestamp
    for _ in range(50):
        thief.speak(b"!" * 160)
        rig.talk(one)
    assert {packet.payload for packet in other.heard()} == {b"\xd5" * 160}
    assert thief.heard() == []


def test_packets_queued_by_a_stranger_before_the_lock_are_not_heard(rig: Rig) -> None:
    one, other = rig.call()
    thief = Phone(ssrc=0x77)
    rig.phones.append(thief)
    thief.port = one.port
    thief.speak(b"!" * 160)
    one.speak()
    thief.speak(b"!" * 160)
    thief.speak(b"!" * 160)
    rig.turn()
    rig.step(0.5)
    rig.talk(one, packets=2)
    assert {packet.payload for packet in other.heard()} == {b"\xd5" * 160}


def test_a_connected_source_that_moves_is_found_again_after_silence(rig: Rig) -> None:
    one, other = rig.call()
    rig.talk(one, other, packets=20)
    assert rig.engine.terminations[1].link.connected
    rig.step(1.0)
    assert not rig.engine.terminations[1].link.connected
    moved = Phone(ssrc=one.ssrc)
    rig.phones.append(moved)
    moved.port, moved.seq, moved.timestamp = one.port, one.seq + 40, one.timestamp + 8000
    other.heard()
    rig.talk(moved, packets=5)
    assert len(other.heard()) == 4
    rig.talk(other, packets=3)
    assert len(moved.heard()) == 3


def test_a_translated_source_is_connected_once_it_has_settled(rig: Rig) -> None:
    one, other = rig.call()
    behind = Phone()
    rig.phones.append(behind)
    behind.port = one.port
    rig.talk(behind, other, packets=20)
    assert not rig.engine.terminations[1].link.connected
    rig.talk(behind, other, packets=int(SETTLE_S / 0.02) + 10)
    assert rig.engine.terminations[1].link.connected
    behind.heard()
    rig.talk(behind, other, packets=3)
    assert len(behind.heard()) == 3


def test_a_changed_remote_is_followed_and_the_old_one_no_longer_heard(rig: Rig) -> None:
    one, other = rig.call()
    rig.talk(one, other, packets=20)
    moved = Phone(ssrc=0x99)
    rig.phones.append(moved)
    moved.port = one.port
    rig.do(Modify(1, Stream(moved.address, None, PCMA, (PCMA,))))
    other.heard()
    rig.talk(moved, other, packets=3)
    one.heard()
    rig.talk(one, other, packets=3)
    assert len(other.heard()) == 3
    assert one.heard() == []
    assert len(moved.heard()) == 6

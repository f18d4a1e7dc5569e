"""Commands: what each does, and that none of them can break the process."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from media_rig import PCMA, Rig

from kiestoon.media.protocol import (
    Add,
    Audit,
    Audited,
    Codec,
    Command,
    CommandFailed,
    DigitReceived,
    Lease,
    Leased,
    Measure,
    Modify,
    Move,
    Play,
    QualityMeasured,
    Record,
    Release,
    RtpLost,
    RtpResumed,
    SendDigits,
    Stats,
    StatsReported,
    Stop,
    Stream,
    Subtract,
    Subtracted,
    Tone,
    Topology,
    Watch,
)


def test_ports_are_leased_until_the_range_is_exhausted() -> None:
    rig = Rig(ports=8)
    try:
        rig.do(Lease(3), Lease(3))
        first, second = rig.events(Leased)
        assert (len(first.ports), first.exhausted) == (3, False)
        assert (len(second.ports), second.exhausted) == (1, True)
        assert all(port.rtp % 2 == 0 and port.host == "127.0.0.1" for port in first.ports)
        rig.do(Release(tuple(port.rtp for port in first.ports)), Lease(3))
        (again,) = rig.events(Leased)
        assert len(again.ports) == 3
    finally:
        rig.close()


def test_a_used_port_rests_before_it_is_leased_again() -> None:
    rig = Rig(ports=2, quarantine_s=2.0)
    try:
        phone = rig.phone()
        rig.do(Subtract(1), Lease(1))
        assert rig.events(Leased)[0].ports == ()
        phone.speak()  # late packets of the old call
        phone.speak()
        rig.step(2.1)
        rig.do(Lease(1))
        (leased,) = rig.events(Leased)
        assert leased.ports[0].rtp == phone.port
        rig.do(Add(2, 9, phone.port, Stream(None, None, PCMA, (PCMA,))))
        rig.turn()
        assert rig.engine.terminations[9].rx.received == 0
    finally:
        rig.close()


def test_a_lease_on_an_unknown_host_fails(rig: Rig) -> None:
    rig.do(Lease(1, "192.0.2.1"))
    assert rig.events(CommandFailed)[0].command == "Lease"


def test_a_port_somebody_else_holds_is_skipped() -> None:
    rig = Rig(ports=4)
    other = Rig(ports=2)
    try:
        taken = rig.lease()
        other.pool._unbound.appendleft(taken)
        port = other.lease()
        assert port != taken
    finally:
        rig.close()
        other.close()


def test_audit_lists_every_context(rig: Rig) -> None:
    one, _ = rig.call()
    rig.phone(context=7, stream=Stream(None, None, None, ()))
    rig.do(Audit())
    (audited,) = rig.events(Audited)
    found = {context.context: [each.termination for each in context.terminations] for context in audited.contexts}
    assert found == {1: [1, 2], 7: [3]}
    first = audited.contexts[0].terminations[0]
    assert (first.port.rtp, first.stream) == (one.port, rig.stream(one))


def test_a_termination_without_an_agreement_gets_one_later(rig: Rig) -> None:
    one, other = rig.phone(), rig.phone()
    rig.do(Subtract(2), Lease(1))
    other.port = rig.events(Leased)[0].ports[0].rtp
    rig.do(Add(1, 3, other.port, None), Topology(1, ((1, 3), (3, 1))))
    rig.talk(one, other)
    assert one.heard() == []
    assert rig.shared.drops["no_agreement"] == 1
    rig.do(Modify(3, rig.stream(other)))
    rig.talk(one, other)
    assert len(one.heard()) == 1
    assert len(other.heard()) == 1


def test_subtract_returns_figures_and_empties_the_context(rig: Rig) -> None:
    one, other = rig.call()
    rig.talk(one, other, packets=10)
    rig.do(Subtract(1), Subtract(2))
    first, second = rig.events(Subtracted)
    assert (first.termination, first.quality.packets_received, first.quality.packets_sent) == (1, 10, 10)
    assert second.quality.mos > 4.0
    assert not rig.engine.contexts


def test_measure_answers_while_the_call_goes_on(rig: Rig) -> None:
    one, other = rig.call()
    rig.talk(one, other, packets=10)
    rig.do(Measure(2))
    assert rig.events(QualityMeasured)[0].quality.packets_received == 10


def test_statistics_count_packets_of_ended_calls_too(rig: Rig) -> None:
    one, other = rig.call()
    rig.talk(one, other, packets=10)
    rig.do(Subtract(1), Stats())
    (stats,) = rig.events(StatsReported)
    assert (stats.packets_received, stats.packets_sent) == (20, 20)
    assert (stats.contexts, stats.terminations) == (1, 1)


def test_silence_on_the_line_is_reported_once_and_its_end_too(rig: Rig) -> None:
    one, other = rig.call()
    rig.do(Watch(1, no_rtp_ms=2000))
    rig.talk(one, other, packets=5)
    rig.step(5.0)
    (lost,) = rig.events(RtpLost)
    assert lost.termination == 1
    assert 2000 <= lost.since_ms <= 2300
    rig.talk(one)
    rig.step(0.5)
    assert rig.events(RtpResumed) == [RtpResumed(1)]
    rig.step(5.0)
    assert len(rig.events(RtpLost)) == 1


def test_a_party_that_never_sends_is_reported(rig: Rig) -> None:
    rig.phone()
    rig.do(Watch(1, no_rtp_ms=1000))
    rig.step(1.5)
    assert len(rig.events(RtpLost)) == 1


def test_nothing_is_expected_of_a_party_on_hold(rig: Rig) -> None:
    one = rig.phone(direction="sendonly")
    rig.do(Watch(1, no_rtp_ms=1000))
    rig.step(3.0)
    assert rig.events(RtpLost) == []
    rig.do(Modify(1, rig.stream(one)))
    rig.step(0.9)
    assert rig.events(RtpLost) == []
    rig.step(0.5)
    assert len(rig.events(RtpLost)) == 1


def test_the_unspecified_address_is_none(rig: Rig) -> None:
    one, other = rig.call()
    rig.do(Modify(1, rig.stream(one, remote=("0.0.0.0", 4000), direction="sendonly")))
    rig.talk(other, packets=2)
    assert rig.shared.drops.total() == 0
    assert one.heard() == []


# --- keys ------------------------------------------------------------------------------------------------------------


def test_a_key_press_is_reported_once_and_relayed(rig: Rig) -> None:
    one, other = rig.call()
    rig.talk(one, packets=2)
    other.heard()
    began = one.timestamp + 160
    for count in range(1, 6):
        one.event(5, count * 160, marker=count == 1, began=began)
        rig.turn()
        rig.step()
    for _ in range(3):
        one.event(5, 960, end=True, began=began)
    rig.turn()
    assert rig.events(DigitReceived) == [DigitReceived(1, "5", 120)]
    heard = other.heard()
    assert [packet.payload_type for packet in heard] == [101] * 8
    assert len({packet.timestamp for packet in heard}) == 1
    assert heard[0].marker


def test_a_press_whose_end_was_lost_is_reported_too(rig: Rig) -> None:
    one, _ = rig.call()
    one.event(11, 160, marker=True, began=5000)
    one.event(11, 320, began=5000)
    rig.turn()
    rig.step(1.0)
    assert rig.events(DigitReceived) == [DigitReceived(1, "#", 40)]


def test_a_press_of_which_only_an_end_packet_came_is_reported(rig: Rig) -> None:
    one, _ = rig.call()
    one.event(0, 800, end=True, began=5000)
    rig.turn()
    rig.step(1.0)
    assert rig.events(DigitReceived) == [DigitReceived(1, "0", 100)]


def test_equal_keys_pressed_twice_are_two(rig: Rig) -> None:
    one, _ = rig.call()
    for began in (5000, 9000):
        one.event(7, 400, marker=True, began=began)
        for _ in range(3):
            one.event(7, 800, end=True, began=began)
    rig.turn()
    assert [event.digit for event in rig.events(DigitReceived)] == ["7", "7"]


def test_a_key_held_when_the_call_ends_is_reported(rig: Rig) -> None:
    one, _ = rig.call()
    one.event(1, 160, marker=True, began=5000)
    rig.turn()
    rig.do(Subtract(1))
    assert [event.digit for event in rig.events(DigitReceived)] == ["1"]


# --- nonsense --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        Add(1, 1, 12, None),
        Add(1, 5, 12, None),
        Modify(99, Stream(None, None, PCMA, (PCMA,))),
        Modify(1, Stream(("example.com", 4000), None, PCMA, (PCMA,))),
        Modify(1, Stream(("::1", 4000), None, PCMA, (PCMA,))),
        Modify(1, Stream(("127.0.0.1", 0), None, PCMA, (PCMA,))),
        Modify(1, Stream(("224.0.1.1", 4000), None, PCMA, (PCMA,))),
        Modify(1, Stream(("127.0.0.1", 4000), ("127.0.0.1", 99999), PCMA, (PCMA,))),
        Move(99, 1),
        Subtract(99),
        Topology(1, ((1, 99),)),
        Topology(99, ()),
        Play(99, 1, Tone("busy")),
        Stop(99, 1),
        SendDigits(1, "12X"),
        SendDigits(99, "1"),
        Record(1, 1, "relative.wav"),
        Record(99, 1, "/tmp/x.wav"),
        Watch(99),
        Measure(99),
        Release((12,)),
    ],
    ids=lambda command: f"{type(command).__name__}",
)
def test_a_command_that_makes_no_sense_is_answered_and_changes_nothing(rig: Rig, command: Command) -> None:
    one, other = rig.call()
    rig.talk(one, other, packets=2)
    one.heard()
    rig.do(command)
    (failed,) = rig.events(CommandFailed)
    assert failed.command == type(command).__name__
    assert not failed.reason.startswith("internal error")
    rig.talk(one, other, packets=2)
    assert len(one.heard()) == 2


def test_odd_agreements_are_lived_with(rig: Rig) -> None:
    one, _ = rig.call()
    odd = (
        rig.stream(one, ptime_ms=0),
        rig.stream(one, ptime_ms=-20),
        rig.stream(one, ptime_ms=100000),
        rig.stream(one, send=Codec("PCMA", 8, 0)),
        rig.stream(one, send=Codec("PCMA", 8, 8000, 7)),
        rig.stream(one, send=Codec("OPUS", 111, 48000, 2), ptime_ms=7),
        rig.stream(one, send=Codec("", 400, 8000)),
        rig.stream(one, send=Codec("PCMA", -1, 8000)),
        rig.stream(one, receive=()),
        rig.stream(one, dtmf_receive=8),
        rig.stream(one, dtmf_send=1000),
    )
    for stream in odd:
        rig.do(Modify(1, stream), Play(1, 5, Tone("busy")), SendDigits(1, "1"), SendDigits(2, "1"))
        rig.talk(*rig.phones, packets=8)
        rig.do(Stop(1, 5))
    assert not [failed for failed in rig.events(CommandFailed) if failed.reason.startswith("internal")]


def test_an_exception_in_one_termination_leaves_the_others_alone(rig: Rig) -> None:
    one, other = rig.call()
    third, fourth = rig.phone(context=2), rig.phone(context=2)
    rig.do(Topology(2, ((3, 4), (4, 3))))
    rig.engine.terminations[1].rx = None  # type: ignore[assignment]
    rig.talk(one, other, third, fourth, packets=3)
    assert len(third.heard()) == 3
    assert len(fourth.heard()) == 3
    assert 1 not in rig.engine.terminations


commands = st.one_of(
    st.builds(Lease, st.integers(0, 3)),
    st.builds(Move, st.integers(1, 4), st.integers(1, 3)),
    st.builds(Subtract, st.integers(1, 6)),
    st.builds(
        Topology, st.integers(1, 3), st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), max_size=6).map(tuple)
    ),
    st.builds(Play, st.integers(1, 4), st.integers(1, 3), st.just(Tone("ringback")), st.booleans()),
    st.builds(Stop, st.integers(1, 4), st.integers(1, 3)),
    st.builds(SendDigits, st.integers(1, 4), st.sampled_from(["1", "#*", ""])),
    st.builds(Watch, st.integers(1, 4), st.integers(0, 100), st.integers(0, 100), st.booleans()),
    st.builds(Measure, st.integers(1, 4)),
    st.just(Audit()),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(commands, max_size=25), st.integers(0, 1000))
def test_any_sequence_of_commands_leaves_the_process_whole(sequence: list[Command], seed: int) -> None:
    rig = Rig(ports=40)
    rng = random.Random(seed)
    try:
        for number in range(4):
            rig.phone(context=1 + number % 2, send=rng.choice((PCMA, Codec("PCMU", 0), Codec("G722", 9))))
        for command in sequence:
            rig.do(command)
            rig.talk(*rig.phones)
        failures = [failed.reason for failed in rig.events(CommandFailed)]
        assert not [reason for reason in failures if reason.startswith("internal")]
        for number in list(rig.engine.terminations):
            rig.do(Subtract(number))
        rig.step(0.1)
        assert not rig.engine.contexts
        assert not rig.shared.active
        assert not [timer for _, _, timer in rig.loop._timers if timer.callback not in (None, rig.engine._sweep)]
    finally:
        rig.close()

"""Conferences: everybody hears everybody else, whatever he speaks, and at little cost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from media_rig import G722, OPUS, PCMA, PCMU, Phone, Rig, wav_samples
from media_sound import continuous, decoded, level, say, sine, write_wav

from kiestoon.media.audio import g711
from kiestoon.media.protocol import (
    File,
    Modify,
    Move,
    Play,
    Record,
    SendDigits,
    SignalEnded,
    SrtpKey,
    Stop,
    Subtract,
    Subtracted,
    Tone,
    Topology,
    Watch,
)
from kiestoon.media.wiring import Wiring

TONES = (400.0, 700.0, 1100.0, 1500.0, 1900.0, 2300.0)


def in_lanes(rig: Rig) -> set[int]:
    """Who of context 1 is mixed in bulk."""
    context = rig.engine.contexts[1]
    return set(Wiring(context.members, context.hearing).lanes)


def voice(phone: Phone, hz: float, packets: int, amplitude: float = 3000) -> np.ndarray:
    return sine(hz, packets, 16000 if phone.codec in (G722, OPUS) else 8000, amplitude)


def heard_levels(phone: Phone, skip_s: float = 0.2) -> list[float]:
    """How loud each of ``TONES`` is in what a phone heard since the last look."""
    rate = 16000 if phone.codec in (G722, OPUS) else 8000
    pcm = decoded(phone.heard(), phone.codec)[int(skip_s * rate) :]
    return [level(pcm, hz, rate) for hz in TONES]


def everybody_talks(rig: Rig, phones: list[Phone], packets: int = 50) -> None:
    say(rig, {phone: voice(phone, hz, packets) for phone, hz in zip(phones, TONES, strict=False)})


def assert_each_hears_the_others(phones: list[Phone]) -> None:
    for own, phone in enumerate(phones):
        for talker, loud in enumerate(heard_levels(phone)[: len(phones)]):
            assert (loud < 250) if talker == own else (loud > 2000), (own, talker, loud)


@pytest.mark.parametrize(
    "codecs_spoken",
    [
        (PCMA, PCMA, PCMA, PCMA),
        (PCMA, PCMU, PCMA, PCMU),
        (G722, G722, G722),
        (PCMA, PCMU, PCMA, G722, G722),
        (PCMA, OPUS, OPUS),
        (PCMA, PCMU, G722, OPUS, PCMA),
    ],
    ids=lambda codecs: "-".join(codec.name for codec in codecs),
)
def test_everybody_hears_all_others_and_not_himself(rig: Rig, codecs_spoken: tuple) -> None:
    phones = [rig.phone(send=codec) for codec in codecs_spoken]
    rig.confer(*phones)
    everybody_talks(rig, phones)
    assert_each_hears_the_others(phones)
    assert in_lanes(rig) == {phone.number for phone in phones if phone.codec in (PCMA, PCMU)}


def test_all_pairs_spelt_out_are_the_same_conference(rig: Rig) -> None:
    phones = [rig.phone() for _ in range(4)]
    rig.join(*phones)
    everybody_talks(rig, phones)
    assert_each_hears_the_others(phones)
    assert in_lanes(rig) == {1, 2, 3, 4}


def test_the_stream_to_each_member_goes_on_without_a_jump(rig: Rig) -> None:
    phones = [rig.phone() for _ in range(3)]
    rig.confer(*phones)
    everybody_talks(rig, phones)
    for phone in phones:
        heard = phone.heard()
        assert len(heard) >= 46
        assert continuous(heard)
        assert [packet.marker for packet in heard] == [True] + [False] * (len(heard) - 1)


def test_two_who_are_mixed_are_relayed(rig: Rig) -> None:
    one, other = rig.phone(), rig.phone()
    rig.confer(one, other)
    rig.talk(one, other, packets=5)
    assert (len(one.heard()), len(other.heard())) == (5, 5)
    assert rig.shared.ticks == 0


@pytest.mark.parametrize("codec", [PCMA, G722], ids=lambda codec: codec.name)
def test_those_listening_hear_everybody_and_are_not_heard(rig: Rig, codec: object) -> None:
    phones = [rig.phone() for _ in range(3)]
    listener = rig.phone(send=codec)
    rig.confer(*phones, listening=(listener,))
    everybody_talks(rig, [*phones, listener])
    assert min(heard_levels(listener)[:3]) > 2000
    for phone in phones:
        assert heard_levels(phone)[3] < 250


def test_somebody_may_be_heard_by_one_member_alone(rig: Rig) -> None:
    phones = [rig.phone() for _ in range(3)]
    coach = rig.phone()
    rig.do(Topology(1, edges=((coach.number, phones[0].number),), mixed=tuple(phone.number for phone in phones)))
    everybody_talks(rig, [*phones, coach])
    levels = [heard_levels(phone) for phone in phones]
    assert min(levels[0][1:4]) > 2000
    assert levels[1][3] < 250
    assert min(levels[1][0], levels[1][2]) > 2000
    assert coach.heard() == []


def test_members_come_and_go(rig: Rig) -> None:
    phones = [rig.phone() for _ in range(3)]
    rig.confer(*phones)
    everybody_talks(rig, phones, 10)
    phones.append(rig.phone(send=G722))
    rig.confer(*phones)
    for phone in phones:
        phone.heard()
    everybody_talks(rig, phones)
    assert_each_hears_the_others(phones)
    rig.do(Subtract(2))
    for phone in phones:
        phone.heard()
    remaining = [phones[0], phones[2]]
    everybody_talks(rig, remaining)
    assert phones[1].heard() == []
    assert heard_levels(phones[0])[1] > 2000  # the tone of whoever is second now
    rig.do(Move(3, 7))
    for phone in phones:
        phone.heard()
    everybody_talks(rig, remaining)
    assert phones[2].heard() == []


def test_a_member_on_hold_neither_speaks_nor_hears_until_he_is_back(rig: Rig) -> None:
    phones = one, _, third = [rig.phone() for _ in range(3)]
    rig.confer(*phones)
    for direction, speaks, hears in (("sendrecv", True, True), ("inactive", False, False), ("sendrecv", True, True)):
        rig.do(Modify(1, rig.stream(one, direction=direction)))
        for phone in phones:
            phone.heard()
        everybody_talks(rig, phones)
        assert (heard_levels(third)[0] > 2000) is speaks, direction
        assert bool(one.heard()) is hears, direction


def test_a_conference_hears_no_member_whose_voice_is_taken_away_until_it_is_given_back(rig: Rig) -> None:
    phones = one, _, third = rig.phone(), rig.phone(), rig.phone()
    rig.confer(*phones)
    quiet = np.zeros(50 * 160, np.int16)
    for direction, heard in (("sendrecv", True), ("sendonly", False), ("sendrecv", True)):
        rig.do(Modify(1, rig.stream(one, direction=direction)))
        third.heard()
        say(rig, {phone: sine(500, 50, amplitude=4000) if phone is one else quiet for phone in phones})
        loud = level(decoded(third.heard())[3200:], 500)
        assert (loud > 3000) if heard else (loud < 100), direction


# --- what networks and phones do -------------------------------------------------------------------------------------


def test_loss_of_one_member_is_covered_and_disturbs_nobody(rig: Rig) -> None:
    one, second, third = rig.phone(), rig.phone(), rig.phone()
    rig.confer(one, second, third)
    voices = {one: sine(400, 80, amplitude=4000), second: sine(800, 80, amplitude=4000)}
    for index in range(80):
        for phone, pcm in voices.items():
            packet = phone.packet(g711.encode(pcm[index * 160 : (index + 1) * 160], "PCMA"))
            if phone is second or index % 10 != 7:
                phone.send(packet)
        rig.turn()
        rig.step()
    heard = third.heard()
    assert continuous(heard)
    pcm = decoded(heard)[1600:]
    assert level(pcm, 400) > 3500  # a lost packet is filled with the one before it
    assert level(pcm, 800) > 3800
    assert level(decoded(one.heard())[1600:], 800) > 3800


def test_packets_out_of_order_are_put_in_order(rig: Rig) -> None:
    one, second, third = rig.phone(), rig.phone(), rig.phone()
    rig.confer(one, second, third)
    voice_of_one = sine(400, 80, amplitude=4000)
    held: list[bytes] = []
    for index in range(80):
        packet = one.packet(g711.encode(voice_of_one[index * 160 : (index + 1) * 160], "PCMA"))
        if index % 8 == 3:
            held.append(packet)  # overtaken by the next one
        else:
            for each in (packet, *held):
                one.send(each)
            held.clear()
        second.speak()
        rig.turn()
        rig.step()
    pcm = decoded(third.heard())[4000:]
    # An unbroken tone: nothing but that frequency is left of it.
    assert level(pcm, 400) > 3900
    turns = np.arange(len(pcm)) / 8000
    basis = np.stack([np.sin(2 * np.pi * 400 * turns), np.cos(2 * np.pi * 400 * turns)])
    rest = pcm - basis.T @ (2 * basis @ pcm / len(pcm))
    assert np.sqrt(np.mean(np.square(rest))) < 200


def test_who_stops_sending_is_silent_and_is_heard_again_afterwards(rig: Rig) -> None:
    one, second, third = rig.phone(), rig.phone(), rig.phone()
    rig.confer(one, second, third)
    quiet = np.zeros(160 * 40, np.int16)
    say(rig, {one: sine(400, 40), second: quiet})
    third.heard()
    say(rig, {second: quiet})
    assert np.abs(decoded(third.heard())[1600:]).max() <= 8
    one.timestamp += 160 * 40  # discontinuous transmission: numbers go on, time has passed
    say(rig, {one: sine(400, 40), second: quiet})
    assert level(decoded(third.heard())[1600:], 400) > 6000


def test_a_conference_in_which_nobody_sends_sends_nothing(rig: Rig) -> None:
    phones = [rig.phone() for _ in range(3)]
    rig.confer(*phones)
    everybody_talks(rig, phones, 10)
    rig.step(0.5)
    for phone in phones:
        phone.heard()
    rig.step(0.5)
    assert [phone.heard() for phone in phones] == [[], [], []]
    everybody_talks(rig, phones, 10)
    assert [phone.heard()[0].marker for phone in phones] == [True, True, True]


def test_members_of_other_packet_times_are_heard_and_leave_the_lanes_alone(rig: Rig) -> None:
    one, second, third = rig.phone(), rig.phone(), rig.phone()
    rig.confer(one, second, third)
    assert in_lanes(rig) == {1, 2, 3}
    voice_of_one = g711.encode(sine(500, 60, amplitude=4000), "PCMA")
    for index in range(40):
        one.speak(voice_of_one[index * 240 : (index + 1) * 240])
        one.timestamp += 80
        rig.turn()
        rig.step(0.03)
    pcm = decoded(third.heard())[1600:]
    assert level(pcm, 500) > 3000
    assert in_lanes(rig) == {2, 3}


def test_a_member_who_is_sent_other_packets_leaves_the_lanes_alone(rig: Rig) -> None:
    one, second, third = rig.phone(ptime_ms=40), rig.phone(), rig.phone()
    rig.confer(one, second, third)
    assert in_lanes(rig) == {2, 3}
    everybody_talks(rig, [one, second, third])
    heard = one.heard()
    assert {len(packet.payload) for packet in heard} == {320}
    assert level(decoded(heard)[1600:], TONES[1]) > 2000


def test_a_member_who_changes_to_another_agreed_codec_goes_on_being_heard(rig: Rig) -> None:
    one, second, third = rig.phone(receive=(PCMA, PCMU)), rig.phone(), rig.phone()
    rig.confer(one, second, third)
    spoken = sine(500, 100, amplitude=4000)
    for index in range(100):
        law, payload_type = ("PCMA", 8) if index < 50 else ("PCMU", 0)
        one.send(one.packet(g711.encode(spoken[index * 160 : (index + 1) * 160], law), payload_type=payload_type))
        rig.turn()
        rig.step()
    heard = decoded(third.heard())
    assert level(heard[1600:6400], 500) > 3000
    assert level(heard[-4800:], 500) > 3000
    assert in_lanes(rig) == {1, 2, 3}


def test_encrypted_members_sit_in_lanes_too(rig: Rig) -> None:
    key = SrtpKey("AES_CM_128_HMAC_SHA1_80", bytes(range(30)))
    phones = [rig.phone() for _ in range(2)]
    secret = rig.phone(srtp_send=key, srtp_receive=key)
    rig.confer(*phones, secret)
    everybody_talks(rig, phones)
    assert in_lanes(rig) == {1, 2, 3}
    assert {len(data) for data in secret.raw()} == {12 + 160 + 10}


def test_a_key_pressed_in_a_conference_is_no_sound_for_the_others(rig: Rig) -> None:
    phones = one, _, third = [rig.phone() for _ in range(3)]
    rig.confer(*phones)
    rig.talk(*phones, packets=5)
    one.event(6, 960, end=True, marker=True, began=one.timestamp + 160)
    rig.talk(*phones, packets=10)
    assert {packet.payload_type for packet in third.heard()} == {8}


# --- played and recorded ---------------------------------------------------------------------------------------------


def test_a_tone_on_top_for_all_members_keeps_everybody_in_his_lane(rig: Rig) -> None:
    phones = [rig.phone() for _ in range(6)]
    rig.confer(*phones)
    for phone in phones:
        rig.do(Play(phone.number, 9, Tone("dial"), mix=True))
    assert in_lanes(rig) == {1, 2, 3, 4, 5, 6}
    say(rig, {phones[0]: sine(1100, 10, amplitude=4000)})
    for phone in phones[1:]:
        pcm = decoded(phone.heard())[800:1600]
        assert level(pcm, 425) > 1000
        assert level(pcm, 1100) > 3000
    own = decoded(phones[0].heard())[800:1600]
    assert level(own, 425) > 1000
    assert level(own, 1100) < 250


def test_a_short_file_on_top_ends_for_everybody_and_nothing_stays(rig: Rig, tmp_path: Path) -> None:
    path = write_wav(tmp_path / "join.wav", sine(600, 10))
    phones = [rig.phone() for _ in range(4)]
    rig.confer(*phones)
    everybody_talks(rig, phones, 5)
    for phone in phones:
        phone.heard()
    for phone in phones:
        rig.do(Play(phone.number, 9, File(str(path)), mix=True))
    rig.finish_jobs()
    wired = count_wiring(rig)
    say(rig, {phones[0]: sine(1100, 20, amplitude=4000)})
    assert wired == [1]  # once for all four that ended
    ended = rig.events(SignalEnded)
    assert {(event.termination, event.reason) for event in ended} == {(n, "finished") for n in (1, 2, 3, 4)}
    for phone in phones[1:]:
        pcm = decoded(phone.heard())
        assert level(pcm[: 160 * 9], 600) > 4000
        assert level(pcm[160 * 12 :], 600) < 100
        assert level(pcm[160 * 12 :], 1100) > 3000
    assert in_lanes(rig) == {1, 2, 3, 4}


def count_wiring(rig: Rig, context: int = 1) -> list[int]:
    """Contexts wired from now on."""
    wired: list[int] = []
    settle, engine = rig.engine.settle, rig.engine

    def counted() -> None:
        wired.extend(each.number for each in engine._touched)
        settle()

    engine.settle = counted  # type: ignore[method-assign]
    return wired


def test_a_tone_is_heard_even_where_nobody_speaks(rig: Rig) -> None:
    phones = [rig.phone() for _ in range(3)]
    rig.confer(*phones)
    rig.do(Play(2, 9, Tone("dial"), mix=True))
    rig.step(0.5)
    assert level(decoded(phones[1].heard()), 425) > 1000
    assert phones[0].heard() == phones[2].heard() == []


def test_a_prompt_in_place_of_the_conference_is_for_one_member_alone(rig: Rig) -> None:
    phones = [rig.phone() for _ in range(3)] + [rig.phone(send=G722)]
    rig.confer(*phones)
    everybody_talks(rig, phones, 10)
    rig.do(Play(1, 9, Tone("dial")))
    assert in_lanes(rig) == {2, 3}
    for phone in phones:
        phone.heard()
    everybody_talks(rig, phones)
    mine = decoded(phones[0].heard())[1600:]
    assert level(mine, 425) > 1000
    assert level(mine, TONES[1]) < 100
    assert heard_levels(phones[1])[0] > 2000  # he is heard all the while
    assert heard_levels(phones[3])[0] > 2000
    rig.do(Stop(1, 9))
    assert in_lanes(rig) == {1, 2, 3}
    for phone in phones:
        phone.heard()
    everybody_talks(rig, phones)
    assert_each_hears_the_others(phones)


def test_digits_sent_to_a_member_take_him_out_of_his_lane_for_as_long_as_they_last(rig: Rig) -> None:
    phones = [rig.phone() for _ in range(3)]
    rig.confer(*phones)
    rig.do(SendDigits(1, "5"))
    assert in_lanes(rig) == {2, 3}
    everybody_talks(rig, phones, 20)
    assert in_lanes(rig) == {1, 2, 3}
    assert 101 in {packet.payload_type for packet in phones[0].heard()}


def test_a_member_watched_for_silence_is_decoded_by_himself(rig: Rig) -> None:
    phones = [rig.phone() for _ in range(3)]
    rig.confer(*phones)
    rig.do(Watch(3, silence_ms=500))
    assert in_lanes(rig) == {1, 2}
    everybody_talks(rig, phones)
    assert_each_hears_the_others(phones)


@pytest.mark.parametrize("wide", [False, True], ids=["narrow", "wide"])
def test_a_member_is_recorded_in_his_lane(rig: Rig, tmp_path: Path, wide: bool) -> None:
    path = tmp_path / "conference.wav"
    phones = [rig.phone(), rig.phone(), rig.phone(send=G722 if wide else PCMA)]
    rig.confer(*phones)
    rig.do(Record(1, 4, str(path), both=True))
    assert 1 in in_lanes(rig)
    everybody_talks(rig, phones)
    rig.do(Subtract(1))
    rig.finish_jobs()
    assert rig.events(Subtracted)[0].termination == 1
    assert rig.events(SignalEnded)[0].reason == "finished"
    rate, channels, data = wav_samples(path)
    assert (rate, channels) == (8000, 2)
    stereo = np.frombuffer(data, np.int16).reshape(-1, 2)[2400:]
    assert level(stereo[:, 0], TONES[0]) > 2000
    assert level(stereo[:, 0], TONES[1]) < 250
    assert level(stereo[:, 1], TONES[0]) < 250
    assert min(level(stereo[:, 1], TONES[1]), level(stereo[:, 1], TONES[2])) > 2000


# --- turns of the loop -----------------------------------------------------------------------------------------------


def test_a_long_tick_lets_packets_of_other_calls_in_between(rig: Rig) -> None:
    members = [rig.phone(send=G722) for _ in range(12)]
    rig.confer(*members)
    rig.talk(*members, packets=5)
    one, other = rig.phone(context=2), rig.phone(context=2)
    rig.join(one, other, context=2)
    rig.talk(one, other, packets=2)
    for phone in (*members, one, other):
        phone.heard()
    turns: list[int] = []
    slow = rig.slow_clock(0.0003)  # every look at it takes 0.3 ms
    before = rig.shared.ticks
    for phone in members:
        phone.speak()
    while rig.shared.ticks == before:
        slow.advance(0.001)
        rig.loop.turn(0.0)
    while sum(turns) < len(members):
        one.speak()
        rig.loop.turn(0.0)
        turns.append(sum(len(phone.heard()) for phone in members))
        assert len(other.heard()) == 1  # relayed in the same turn
        assert len(turns) < 50
    assert len(turns) > 3


def test_a_change_in_the_middle_of_a_tick_takes_effect_after_it(rig: Rig) -> None:
    members = [rig.phone(send=G722) for _ in range(12)]
    rig.confer(*members)
    rig.talk(*members, packets=5)
    for phone in members:
        phone.heard()
    slow = rig.slow_clock(0.0003)
    before = rig.shared.ticks
    for phone in members:
        phone.speak()
    while rig.shared.ticks == before:
        slow.advance(0.001)
        rig.loop.turn(0.0)
    rig.do(Subtract(12), Topology(1, mixed=tuple(range(1, 9)), listening=(9, 10, 11)))
    slow.stop()
    assert sum(len(phone.heard()) for phone in members) == 12
    rig.talk(*members[:11], packets=5)
    assert all(phone.heard() for phone in members[:11])
    assert members[11].heard() == []
    assert rig.shared.failed_commands == 0

"""Audio made in the media process: transcoding, mixing, playing, recording, keys by sound."""

from __future__ import annotations

import itertools
import struct
from pathlib import Path

import numpy as np
import pytest
from media_rig import G722, OPUS, PCMA, Rig, Rtp
from media_sound import continuous, decoded, level, say, sine, write_wav

from kiestoon.media.audio import codecs, g711
from kiestoon.media.audio.dtmf import Detector, generate_all
from kiestoon.media.protocol import (
    Codec,
    DigitReceived,
    File,
    Modify,
    Music,
    Play,
    SendDigits,
    SignalEnded,
    SilenceHeard,
    Stop,
    Subtract,
    Tone,
    Topology,
    Watch,
)

# --- transcoding and mixing ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("codec", "rate"), [(G722, 16000), (OPUS, 16000)], ids=["G722", "OPUS"])
def test_a_tone_survives_transcoding(rig: Rig, codec: Codec, rate: int) -> None:
    one, other = rig.phone(), rig.phone(send=codec)
    rig.join(one, other)
    say(rig, {one: sine(440, 50)})
    heard = other.heard()
    assert len(heard) >= 44
    assert {packet.payload_type for packet in heard} == {codec.payload_type}
    assert continuous(heard, codec.clock_hz // 50)
    pcm = decoded(heard, codec)[rate // 10 :]
    assert 6000 < level(pcm, 440, rate) < 9500


def test_transcoding_works_both_ways_at_different_packet_times(rig: Rig) -> None:
    one, other = rig.phone(ptime_ms=30, send=PCMA), rig.phone(send=G722)
    rig.join(one, other)
    encoder = codecs.encoder(G722)
    voice = sine(440, 60, 16000)
    for index in range(60):
        other.speak(encoder.encode(voice[index * 320 : (index + 1) * 320]))
        rig.turn()
        rig.step()
    heard = one.heard()
    assert {len(packet.payload) for packet in heard} == {240}
    assert continuous(heard, 240)
    assert level(decoded(heard)[1600:], 440) > 6000


def test_lost_packets_are_concealed_when_transcoding(rig: Rig) -> None:
    one, other = rig.phone(), rig.phone(send=G722)
    rig.join(one, other)
    voice = sine(400, 60)
    for index in range(60):
        packet = one.packet(g711.encode(voice[index * 160 : (index + 1) * 160], "PCMA"))
        if index % 10 != 7:
            one.send(packet)
        rig.turn()
        rig.step()
    heard = other.heard()
    assert continuous(heard)
    assert len(heard) >= 54


def test_a_silent_listener_hears_a_running_call_that_stays_relayed(rig: Rig) -> None:
    agent, customer = rig.call()
    listener = rig.phone()
    rig.do(Topology(1, ((1, 2), (2, 1), (1, 3), (2, 3))))
    say(rig, {agent: sine(500, 50, amplitude=4000), customer: sine(900, 50, amplitude=4000), listener: sine(2000, 50)})
    assert len(agent.heard()) == 50  # packet by packet
    heard = decoded(customer.heard())
    assert level(heard, 2000) < 100
    both = decoded(listener.heard())[1600:]
    assert level(both, 500) > 3000
    assert level(both, 900) > 3000


def test_whispering_reaches_the_agent_only(rig: Rig) -> None:
    agent, customer = rig.call()
    coach = rig.phone()
    rig.do(Topology(1, ((1, 2), (2, 1), (3, 1))))
    say(rig, {agent: sine(500, 40), customer: sine(900, 40, amplitude=4000), coach: sine(1300, 40, amplitude=4000)})
    heard = decoded(agent.heard())[1600:]
    assert level(heard, 900) > 3000
    assert level(heard, 1300) > 3000
    assert level(decoded(customer.heard()), 1300) < 100


def test_a_call_stops_ticking_when_samples_are_no_longer_needed(rig: Rig) -> None:
    one, other, third = rig.phone(), rig.phone(), rig.phone()
    rig.join(one, other, third)
    rig.talk(one, other, third, packets=5)
    rig.do(Subtract(3))
    before = rig.shared.ticks
    rig.talk(one, other, packets=5)
    assert rig.shared.ticks == before
    assert rig.engine.terminations[1].intake is None


# --- playing ---------------------------------------------------------------------------------------------------------


def test_a_tone_is_heard_in_place_of_the_other_party_and_the_stream_goes_on(rig: Rig) -> None:
    one, other = rig.call()
    rig.talk(one, other, packets=3)
    before = one.heard()
    rig.do(Play(1, 7, Tone("busy", "NL")))
    say(rig, {other: sine(1000, 25)})
    during = one.heard()
    rig.do(Stop(1, 7))
    rig.talk(one, other, packets=3)
    after = one.heard()
    assert rig.events(SignalEnded)[0].reason == "stopped"
    pcm = decoded(during)
    assert level(pcm[800:3200], 425) > 1000
    assert level(pcm, 1000) < 100
    whole = before + during + after
    assert len({packet.ssrc for packet in whole}) == 1
    assert [packet.seq for packet in whole] == [(whole[0].seq + n) & 0xFFFF for n in range(len(whole))]
    assert [packet.marker for packet in (during[0], after[0])] == [True, True]
    assert all((b.timestamp - a.timestamp) & 0xFFFFFFFF >= 160 for a, b in itertools.pairwise(whole))


def test_a_tone_mixed_in_is_heard_with_the_other_party(rig: Rig) -> None:
    one, other = rig.call()
    rig.do(Play(1, 7, Tone("dial", "NL"), mix=True))
    say(rig, {other: sine(1000, 40, amplitude=4000)})
    pcm = decoded(one.heard())[2400:]
    assert level(pcm, 425) > 1000
    assert level(pcm, 1000) > 3000


def test_a_file_is_played_to_its_end(rig: Rig, tmp_path: Path) -> None:
    path = write_wav(tmp_path / "prompt.wav", sine(600, 25))
    one = rig.phone()
    rig.do(Play(1, 3, File(str(path), repeat=2)))
    rig.finish_jobs()
    rig.step(2.0)
    (ended,) = rig.events(SignalEnded)
    assert (ended.signal, ended.reason) == (3, "finished")
    assert abs(ended.duration_ms - 1000) <= 40
    heard = one.heard()
    assert 49 <= len(heard) <= 52
    assert level(decoded(heard)[160:8000], 600) > 6000


def test_a_missing_file_fails_the_signal(rig: Rig, tmp_path: Path) -> None:
    rig.phone()
    rig.do(Play(1, 3, File(str(tmp_path / "nothing.wav"))))
    rig.finish_jobs()
    (ended,) = rig.events(SignalEnded)
    assert ended.reason.startswith("failed: ")


def test_an_unknown_tone_fails_the_signal(rig: Rig) -> None:
    rig.phone()
    rig.do(Play(1, 3, Tone("gong")))
    assert rig.events(SignalEnded)[0].reason.startswith("failed: ")


def test_a_signal_stopped_while_its_file_is_being_opened_is_not_heard(rig: Rig, tmp_path: Path) -> None:
    path = write_wav(tmp_path / "prompt.wav", sine(600, 25))
    one = rig.phone()
    rig.do(Play(1, 3, File(str(path))), Stop(1, 3))
    rig.finish_jobs()
    rig.step(0.5)
    assert [ended.reason for ended in rig.events(SignalEnded)] == ["stopped"]
    assert one.heard() == []


def test_a_second_signal_replaces_the_first(rig: Rig) -> None:
    rig.phone()
    rig.do(Play(1, 1, Tone("busy")), Play(1, 2, Tone("dial")))
    assert rig.events(SignalEnded) == [SignalEnded(1, 1, "stopped", 0)]


def test_music_on_hold_plays_until_stopped(rig: Rig, tmp_path: Path) -> None:
    path = write_wav(tmp_path / "music.wav", sine(700, 20))
    one, other = rig.call()
    rig.do(Play(1, 1, Music(str(path))), Topology(1, ()))
    rig.finish_jobs()
    rig.step(1.5)
    rig.do(Stop(1, 1), Topology(1, ((1, 2), (2, 1))))
    assert 1400 <= rig.events(SignalEnded)[0].duration_ms <= 1600
    assert level(decoded(one.heard()), 700) > 5000
    assert other.heard() == []


def test_a_signal_ends_with_its_termination(rig: Rig) -> None:
    rig.phone()
    rig.do(Play(1, 1, Tone("busy")))
    rig.step(0.1)
    rig.do(Subtract(1))
    assert [ended.reason for ended in rig.events(SignalEnded)] == ["stopped"]


def test_signals_go_on_in_another_context(rig: Rig) -> None:
    from kiestoon.media.protocol import Move

    one, _ = rig.call()
    rig.do(Play(1, 1, Tone("dial")))
    rig.step(0.2)
    one.heard()
    rig.do(Move(1, 5))
    rig.step(0.2)
    assert 8 <= len(one.heard()) <= 11


def test_nothing_is_played_to_a_party_on_hold(rig: Rig) -> None:
    one = rig.phone(direction="recvonly")
    rig.do(Play(1, 1, Tone("dial")))
    rig.step(0.2)
    assert one.heard() == []
    rig.do(Modify(1, rig.stream(one)))
    rig.step(0.2)
    assert one.heard()


# --- keys and silence ------------------------------------------------------------------------------------------------


def _event_packets(packets: list[Rtp]) -> list[tuple[int, bool, int, int]]:
    found = []
    for packet in packets:
        if packet.payload_type == 101:
            code, flags, duration = struct.unpack("!BBH", packet.payload)
            found.append((code, bool(flags & 0x80), duration, packet.timestamp))
    return found


def test_digits_are_sent_as_events_in_the_middle_of_a_relayed_call(rig: Rig) -> None:
    one, other = rig.call()
    rig.talk(one, other, packets=3)
    rig.do(SendDigits(1, "4#"))
    rig.talk(one, other, packets=30)
    packets = one.heard()
    events = _event_packets(packets)
    assert [code for code, ended, _, _ in events if ended] == [4, 4, 4, 11, 11, 11]
    assert len({timestamp for _, _, _, timestamp in events}) == 2
    assert [packet.seq for packet in packets] == [(packets[0].seq + n) & 0xFFFF for n in range(len(packets))]
    assert packets[-1].payload_type == 8


def test_digits_are_sent_as_sound_where_no_events_are_agreed(rig: Rig) -> None:
    one = rig.phone(dtmf_send=None, dtmf_receive=None)
    rig.do(SendDigits(1, "159D"))
    rig.step(1.5)
    presses = Detector(8000).feed(np.concatenate([decoded(one.heard()), np.zeros(800, np.int16)]))
    assert "".join(press.digit for press in presses) == "159D"


def test_keys_heard_as_sound_are_reported_and_become_events(rig: Rig) -> None:
    one, other = rig.call()
    rig.do(Watch(1, digits_in_band=True))
    say(rig, {one: np.concatenate([np.zeros(1600, np.int16), generate_all("27", 8000), np.zeros(6400, np.int16)])})
    assert [event.digit for event in rig.events(DigitReceived)] == ["2", "7"]
    codes = [code for code, ended, _, _ in _event_packets(other.heard()) if ended]
    assert codes == [2, 2, 2, 7, 7, 7]


def test_an_event_becomes_sound_for_a_party_that_knows_none(rig: Rig) -> None:
    one, other = rig.phone(), rig.phone(dtmf_send=None, dtmf_receive=None)
    rig.join(one, other)
    rig.talk(one, packets=3)
    for _ in range(3):
        one.event(6, 960, end=True, marker=True, began=one.timestamp + 160)
    rig.turn()
    rig.step(0.5)
    presses = Detector(8000).feed(decoded(other.heard()))
    assert [press.digit for press in presses] == ["6"]


def test_an_event_reaches_a_transcoded_party(rig: Rig) -> None:
    one, other = rig.phone(), rig.phone(send=G722)
    rig.join(one, other)
    rig.talk(one, packets=5)
    for _ in range(3):
        one.event(9, 960, end=True, began=one.timestamp + 160)
    rig.turn()
    rig.step(0.5)
    codes = [code for code, ended, _, _ in _event_packets(other.heard()) if ended]
    assert codes == [9, 9, 9]


def test_silence_is_reported_once_until_there_is_sound_again(rig: Rig) -> None:
    one, other = rig.call()
    rig.do(Watch(1, silence_ms=500))
    say(rig, {one: np.concatenate([sine(500, 20), np.zeros(160 * 50, np.int16), sine(500, 20)])})
    assert rig.events(SilenceHeard) == [SilenceHeard(1)]
    rig.step(1.5)  # nothing at all is silence as well
    assert rig.events(SilenceHeard) == [SilenceHeard(1)]
    assert len(other.heard()) == 90

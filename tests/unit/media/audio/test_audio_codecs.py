"""Encoders and decoders: what survives a round trip, what hostile payloads do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiestoon.media.audio import codecs, g711, measure, opus
from kiestoon.media.audio.resample import Resampler
from kiestoon.media.protocol import Codec

PCMA, PCMU = Codec("PCMA", 8), Codec("PCMU", 0)
G722 = Codec("G722", 9)
OPUS = Codec("OPUS", 111, 48000, 2, "useinbandfec=1")
L16 = Codec("L16", 96, 16000)
ALL = [PCMA, PCMU, G722, OPUS, L16]


def names(codec):
    return codec.name


def pass_through(pcm, codec, **rate):
    coder, decoder = codecs.encoder(codec, **rate), codecs.decoder(codec, **rate)
    frame = coder.sample_rate // 50
    pieces = [decoder.decode(coder.encode(pcm[i : i + frame])) for i in range(0, len(pcm) - frame + 1, frame)]
    assert all(len(piece) == frame for piece in pieces)
    return np.concatenate(pieces)


# --- G.711 against the Recommendation ---------------------------------------------------------------------------------


def test_alaw_values_of_the_recommendation():
    # G.711 Table 1a: character signals (even bits inverted on the line) and their values, times 8 for 16 bits.
    assert g711.decode(bytes([0xD5, 0x55, 0xAA, 0x2A]), "PCMA").tolist() == [8, -8, 32256, -32256]
    assert g711.encode(np.array([0, 32767, -32768, -1], np.int16), "PCMA") == bytes([0xD5, 0xAA, 0x2A, 0x55])


def test_ulaw_values_of_the_recommendation():
    assert g711.decode(bytes([0xFF, 0x7F, 0x80, 0x00]), "PCMU").tolist() == [0, 0, 32124, -32124]
    assert g711.encode(np.array([0, 32767, -32768], np.int16), "PCMU") == bytes([0xFF, 0x80, 0x00])


@pytest.mark.parametrize("law", g711.LAWS)
def test_every_code_survives_a_round_trip(law):
    codes = bytes(range(256))
    again = g711.encode(g711.decode(codes, law), law)
    differing = [i for i in range(256) if again[i] != i]
    assert differing in ([], [0x7F])  # mu-law has two zeros


@pytest.mark.parametrize("law", g711.LAWS)
def test_compression_is_monotonic_and_close(law):
    samples = np.arange(-32768, 32768).astype(np.int16)
    values = g711.decode(g711.encode(samples, law), law).astype(int)
    assert np.all(np.diff(values) >= 0)
    inside = np.abs(samples.astype(int)) < 32000
    error = np.abs(values - samples)[inside]
    assert np.all(error <= np.maximum(16, np.abs(samples.astype(int))[inside] / 16))


def test_transcoding_equals_decoding_and_encoding_and_keeps_silence_silent():
    codes = bytes(range(256))
    assert g711.transcode(codes, "PCMU") == g711.encode(g711.decode(codes, "PCMA"), "PCMU")
    assert g711.transcode(codes, "PCMA") == g711.encode(g711.decode(codes, "PCMU"), "PCMA")
    assert np.abs(g711.decode(g711.transcode(bytes([g711.SILENCE["PCMU"]]), "PCMA"), "PCMA"))[0] <= 8


@pytest.mark.parametrize("law", g711.LAWS)
def test_g711_reaches_the_signal_to_distortion_of_g712(law, signals):
    for level in (0.0, -10.0, -20.0, -30.0):
        tone = signals.sine(1020, 8000, 1.0, 32767 * 10 ** ((level - 3.14) / 20))
        assert signals.snr_db(tone, pass_through(tone, PCMA if law == "PCMA" else PCMU), 8000) >= 33


# --- round trips ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codec", "rate", "least_tone_db", "least_voice_db"),
    [
        (PCMA, None, 37, 34), (PCMU, None, 37, 34), (G722, None, 40, 20), (L16, None, 90, 90),
        (OPUS, 8000, 20, 6), (OPUS, 16000, 20, 6), (OPUS, 48000, 20, 6),
    ],
)  # fmt: skip
def test_round_trips_keep_tone_and_voice(codec, rate, least_tone_db, least_voice_db, signals):
    chosen = {} if rate is None else {"sample_rate": rate}
    hz = codecs.encoder(codec, **chosen).sample_rate
    tone = signals.sine(440, hz, 1.0)
    assert signals.snr_db(tone, pass_through(tone, codec, **chosen), hz) >= least_tone_db
    voice = signals.voice(hz, 1.5)
    assert signals.snr_db(voice, pass_through(voice, codec, **chosen), hz) >= least_voice_db


@pytest.mark.parametrize("first", ALL, ids=names)
@pytest.mark.parametrize("second", ALL, ids=names)
def test_440_hz_arrives_through_two_codecs_without_a_gap(first, second, signals):
    one, other = codecs.encoder(first).sample_rate, codecs.encoder(second).sample_rate
    through = pass_through(signals.sine(440, one, 1.0), first)
    converter = Resampler(one, other)
    middle = np.concatenate([converter.process(through[i : i + one // 50]) for i in range(0, len(through), one // 50)])
    heard = pass_through(middle, second)[other // 5 :]
    assert measure.dominant_frequency(heard, other) == pytest.approx(440, abs=1)
    assert measure.tone_level(heard, other, 440) == pytest.approx(
        measure.tone_level(signals.sine(440, one), one, 440), abs=1.5
    )
    assert measure.gap_ms(heard, other, 440) == 0


# --- Opus -------------------------------------------------------------------------------------------------------------


def bit_rate(codec, signals, **rate):
    coder = codecs.encoder(codec, **rate)
    voice = signals.voice(coder.sample_rate, 2.0)
    frame = coder.sample_rate // 50
    sizes = [len(coder.encode(voice[i : i + frame])) for i in range(0, len(voice), frame)]
    return sum(sizes) * 8 * 50 / len(sizes)


def test_opus_keeps_to_the_wanted_bit_rate(signals):
    assert bit_rate(Codec("OPUS", 111, 48000, 2, "maxaveragebitrate=10000"), signals) < 13000
    assert bit_rate(Codec("OPUS", 111, 48000, 2, ""), signals) > 15000


def test_opus_constant_bit_rate_has_equal_packets(signals):
    coder = opus.Encoder("cbr=1;maxaveragebitrate=16000", 16000)
    voice = signals.voice(16000, 1.0)
    assert len({len(coder.encode(voice[i : i + 320])) for i in range(0, 16000, 320)}) == 1


def test_opus_runs_narrow_where_the_far_end_plays_no_more():
    assert codecs.encoder(Codec("OPUS", 111, 48000, 2, "maxplaybackrate=8000")).sample_rate == 8000
    assert codecs.encoder(Codec("OPUS", 111, 48000, 2, "stereo=0; useinbandfec=1")).sample_rate == 16000


def test_opus_recovers_a_lost_packet_from_its_successor(signals):
    voice = signals.voice(16000, 2.0)
    coder = opus.Encoder("useinbandfec=1;maxaveragebitrate=24000", 16000)
    coder.expect_loss(20)
    packets = [coder.encode(voice[i : i + 320]) for i in range(0, len(voice), 320)]
    reference, recovered, concealed = [], [], []
    whole, with_fec, without = opus.Decoder(16000), opus.Decoder(16000), opus.Decoder(16000)
    for i, packet in enumerate(packets[:-1]):
        reference.append(whole.decode(packet))
        lost = i % 5 == 3
        recovered.append(with_fec.conceal(320, packets[i + 1]) if lost else with_fec.decode(packet))
        concealed.append(without.conceal(320) if lost else without.decode(packet))
    truth = np.concatenate(reference)
    gain = signals.snr_db(truth, np.concatenate(recovered), 16000) - signals.snr_db(
        truth, np.concatenate(concealed), 16000
    )
    assert gain >= 1.5


def test_opus_of_a_strange_length_is_our_own_error():
    with pytest.raises(ValueError, match="cannot code"):
        opus.Encoder().encode(np.zeros(100, np.int16))


@pytest.mark.parametrize(
    "fmtp", ["", ";;=", "stereo=x", "maxaveragebitrate=99999999999", "=5;maxplaybackrate=0", "cbr"]
)
def test_strange_opus_parameters_are_ignored(fmtp):
    assert opus.Encoder(fmtp).encode(np.zeros(320, np.int16))


# --- what we don't have, what is broken -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codec", "rate"),
    [
        (Codec("ILBC", 97), None), (Codec("PCMA", 8, 8000, 2), None), (Codec("L16", 96, 12345), None),
        (OPUS, 44100), (PCMA, 16000), (Codec("", 0), None),
    ],
)  # fmt: skip
def test_what_we_cannot_code_is_told_at_once(codec, rate):
    with pytest.raises(codecs.UnsupportedCodec):
        codecs.encoder(codec, sample_rate=rate)
    with pytest.raises(codecs.UnsupportedCodec):
        codecs.decoder(codec, sample_rate=rate)


def test_opus_has_no_30_ms_packets():
    with pytest.raises(codecs.UnsupportedCodec):
        codecs.encoder(OPUS, 30)


@pytest.mark.parametrize("codec", ALL, ids=names)
@settings(max_examples=25, deadline=None)
@given(payloads=st.lists(st.binary(max_size=400), max_size=6))
def test_no_payload_makes_a_decoder_raise(codec, payloads):
    decoder = codecs.decoder(codec)
    for payload in payloads:
        pcm = decoder.decode(payload)
        assert pcm.dtype == np.int16
        assert 0 < len(pcm) <= decoder.sample_rate // 5
        assert len(decoder.conceal(137)) == 137


@pytest.mark.parametrize("codec", ALL, ids=names)
def test_an_endless_payload_is_cut(codec):
    decoder = codecs.decoder(codec)
    assert len(decoder.decode(bytes(65000))) <= decoder.sample_rate // 5


@pytest.mark.parametrize("codec", ALL, ids=names)
def test_concealing_nothing_gives_nothing(codec):
    assert len(codecs.decoder(codec).conceal(0)) == 0
    assert len(codecs.decoder(codec).conceal(-5)) == 0

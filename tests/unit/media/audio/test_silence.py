"""Silence detection and comfort noise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiestoon.media.audio import measure
from kiestoon.media.audio.silence import ComfortNoise, SilenceDetector, encode_comfort_noise


def noise(level_dbm0, samples, seed=0):
    rms = 32767 / np.sqrt(2) * 10 ** ((level_dbm0 - 3.14) / 20)
    return np.rint(np.random.default_rng(seed).standard_normal(samples) * rms).astype(np.int16)


def feed(detector, pcm):
    for start in range(0, len(pcm), 160):
        detector.feed(pcm[start : start + 160])
    return detector.silent_ms


def test_line_noise_is_silence_and_speech_is_not(signals):
    detector = SilenceDetector(8000)
    assert feed(detector, noise(-60, 16000)) == 2000
    assert feed(detector, signals.sine(440, 8000, 0.1)) == 0
    assert feed(detector, noise(-60, 8000)) == 1000


def test_soft_speech_is_heard():
    assert feed(SilenceDetector(8000), noise(-40, 8000)) == 0


def test_a_click_does_not_end_a_silence():
    detector = SilenceDetector(8000)
    feed(detector, noise(-60, 8000))
    detector.feed(np.full(160, 20000, np.int16))
    assert feed(detector, noise(-60, 8000)) >= 2000


def test_nothing_received_is_silence():
    detector = SilenceDetector(8000)
    assert detector.feed_nothing(1600) == 200
    assert detector.feed(np.zeros(0, np.int16)) == 200


@pytest.mark.parametrize("level", [40, 60, 70])
def test_noise_has_the_described_level(level):
    made = ComfortNoise(8000)
    made.describe(bytes([level]))
    pcm = np.concatenate([made.read(160) for _ in range(100)])
    # 0 dBov is 6.15 dBm0 (RFC 3389 §3.1: full-scale square wave; a sine is 3 dB lower).
    assert measure.loudness_db(pcm) == pytest.approx(6.15 - level, abs=0.7)


def test_what_is_encoded_is_made_again():
    payload = encode_comfort_noise(noise(-50, 8000))
    made = ComfortNoise(8000)
    made.describe(payload)
    assert measure.loudness_db(made.read(8000)) == pytest.approx(-50, abs=1)
    assert encode_comfort_noise(np.zeros(160, np.int16)) == bytes([127])


def test_a_reflection_coefficient_colours_the_noise():
    made = ComfortNoise(8000, seed=1)
    made.describe(bytes([40, 10]))  # strongly negative: a low-pass colour
    pcm = made.read(8000).astype(float)
    spectrum = np.abs(np.fft.rfft(pcm)) ** 2
    assert spectrum[:1000].sum() > 4 * spectrum[3000:].sum()


def test_an_empty_description_changes_nothing():
    one, other = ComfortNoise(8000), ComfortNoise(8000)
    one.describe(b"")
    assert np.array_equal(one.read(500), other.read(500))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=5))
def test_no_description_raises(payloads):
    made = ComfortNoise(8000)
    for payload in payloads:
        made.describe(payload)
        assert len(made.read(160)) == 160

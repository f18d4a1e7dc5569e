"""The measuring instruments themselves."""

from __future__ import annotations

import numpy as np
import pytest

from kiestoon.media.audio import measure


def test_a_full_scale_sine_has_3_dbm0(signals):
    assert measure.loudness_db(signals.sine(440, 8000, 1.0, 32767)) == pytest.approx(3.14, abs=0.01)
    assert measure.loudness_db(signals.sine(440, 8000, 1.0, 3276.7)) == pytest.approx(-16.86, abs=0.01)


def test_silence_is_silent(signals):
    nothing = np.zeros(8000, np.int16)
    assert measure.loudness_db(nothing) == measure.loudness_db(nothing[:0]) == measure.SILENT_DB
    assert measure.tone_level(nothing, 8000, 440) == measure.tone_level(nothing[:0], 8000, 440) == measure.SILENT_DB
    assert measure.dominant_frequency(nothing, 8000) == 0
    assert measure.is_silence(nothing)
    assert not measure.is_silence(signals.sine(440, 8000))


def test_a_tone_is_told_from_another(signals):
    pcm = signals.sine(440, 8000)
    assert measure.tone_level(pcm, 8000, 440) == pytest.approx(measure.loudness_db(pcm), abs=0.1)
    assert measure.tone_level(pcm, 8000, 600) < -70


@pytest.mark.parametrize("hz", [100.3, 440, 1004.7, 3399])
@pytest.mark.parametrize("rate", [8000, 16000, 48000])
def test_frequency_is_found_to_a_tenth_of_a_hertz(hz, rate, signals):
    assert measure.dominant_frequency(signals.sine(hz, rate, 0.5), rate) == pytest.approx(hz, abs=0.1)


def test_the_longest_gap_is_found(signals):
    pcm = signals.sine(440, 8000, 2.0).copy()
    assert measure.gap_ms(pcm, 8000, 440) == 0
    pcm[4000:4320] = 0
    pcm[9000:9800] = 0
    assert measure.gap_ms(pcm, 8000, 440) == pytest.approx(100, abs=5)


def test_a_missing_tone_is_one_gap(signals):
    assert measure.gap_ms(np.zeros(8000, np.int16), 8000, 440) == 1000
    assert measure.gap_ms(np.zeros(10, np.int16), 8000, 440) == 0

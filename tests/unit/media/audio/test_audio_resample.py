"""Rate conversion: exact shares, faithful tones, no aliases, no edges between calls."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiestoon.media.audio import measure
from kiestoon.media.audio.resample import Resampler

PAIRS = [(a, b) for a in (8000, 16000, 48000) for b in (8000, 16000, 48000) if a != b]


def convert(pcm, from_hz, to_hz, ms=20):
    converter = Resampler(from_hz, to_hz)
    frame = from_hz * ms // 1000
    return np.concatenate([converter.process(pcm[i : i + frame]) for i in range(0, len(pcm), frame)])


@pytest.mark.parametrize(("from_hz", "to_hz"), [*PAIRS, (44100, 8000), (8000, 44100), (24000, 16000)])
@pytest.mark.parametrize("ms", [10, 20, 30, 60])
def test_every_frame_gives_exactly_its_share_from_the_first_on(from_hz, to_hz, ms):
    converter = Resampler(from_hz, to_hz)
    for _ in range(5):
        assert len(converter.process(np.zeros(from_hz * ms // 1000, np.int16))) == to_hz * ms // 1000


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
@pytest.mark.parametrize("hz", [300, 1004, 3000])
def test_telephone_tones_pass_unchanged(from_hz, to_hz, hz, signals):
    converter_delay = Resampler(from_hz, to_hz).delay_s
    heard = convert(signals.sine(hz, from_hz, 0.5, 10000), from_hz, to_hz)[to_hz // 10 :]
    time = np.arange(to_hz // 10, to_hz // 2) / to_hz - converter_delay
    ideal = 10000 * np.sin(2 * np.pi * hz * time)
    error = heard[: len(ideal)] - ideal
    assert 10 * np.log10(np.mean(ideal**2) / np.mean(error**2)) > 45


@pytest.mark.parametrize("from_hz", [16000, 48000])
def test_what_8_khz_cannot_carry_does_not_fold_back(from_hz, signals):
    for hz in (4600, 5000, 6300, 7500):
        heard = convert(signals.sine(hz, from_hz, 0.3, 16000), from_hz, 8000)[800:]
        assert measure.loudness_db(heard) < -45


def test_upsampling_leaves_no_image(signals):
    heard = convert(signals.sine(3000, 8000, 0.5, 16000), 8000, 16000)[1600:]
    assert measure.tone_level(heard, 16000, 5000) < -50


def test_the_delay_is_under_two_milliseconds():
    assert all(Resampler(a, b).delay_s <= 0.002 for a, b in PAIRS)


def test_full_scale_saturates_instead_of_wrapping():
    square = np.tile(np.repeat(np.array([32767, -32768], np.int16), 10), 80)
    heard = convert(square, 8000, 16000).astype(int)
    assert np.abs(np.diff(heard)).max() < 65535
    assert heard.max() == 32767
    assert heard.min() == -32768


def test_the_same_rate_is_passed_through(signals):
    pcm = signals.sine(440, 8000)
    assert Resampler(8000, 8000).process(pcm) is pcm


def test_no_rate_is_an_error():
    with pytest.raises(ValueError, match="cannot resample"):
        Resampler(0, 8000)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 500), min_size=1, max_size=20), st.sampled_from(PAIRS))
def test_how_the_input_is_cut_makes_no_difference(cuts, pair):
    from_hz, to_hz = pair
    pcm = np.random.default_rng(1).integers(-20000, 20000, sum(cuts) + 48).astype(np.int16)
    pieces, start, converter = [], 0, Resampler(from_hz, to_hz)
    for cut in [*cuts, 48]:
        pieces.append(converter.process(pcm[start : start + cut]))
        start += cut
    whole = Resampler(from_hz, to_hz).process(pcm)
    joined = np.concatenate(pieces)
    assert len(joined) == len(whole)
    assert np.abs(joined.astype(int) - whole).max(initial=0) <= 1

"""Concealment: how close the invented comes to the lost, and that it fades."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiestoon.media.audio import measure
from kiestoon.media.audio.plc import WaveformConcealer


def play(pcm, rate, lost):
    """The signal in frames of 20 ms, those in ``lost`` concealed."""
    concealer = WaveformConcealer(rate)
    frame = rate // 50
    pieces = [pcm[i : i + frame] for i in range(0, len(pcm), frame)]
    return np.concatenate(
        [concealer.lost(len(piece)) if i in lost else concealer.good(piece) for i, piece in enumerate(pieces)]
    )


@pytest.mark.parametrize("rate", [8000, 16000])
@pytest.mark.parametrize("hz", [150, 200, 440, 1000])
def test_a_tone_goes_on_through_one_lost_frame(rate, hz, signals):
    tone = signals.sine(hz, rate, 1.0)
    heard = play(tone, rate, {20})
    hole = slice(20 * rate // 50, 22 * rate // 50)
    assert measure.gap_ms(heard, rate, hz) == 0
    error = (heard[hole].astype(float) - tone[hole]) / 8000
    assert np.sqrt(np.mean(error**2)) < 0.35


@pytest.mark.parametrize("rate", [8000, 16000])
def test_voice_with_five_percent_loss_is_closer_than_with_silence(rate, signals):
    voice = signals.voice(rate, 4.0)
    lost = set(range(7, 200, 20))
    silenced = voice.copy()
    for i in lost:
        silenced[i * rate // 50 : (i + 1) * rate // 50] = 0

    def error(heard):
        return float(np.mean((heard.astype(float) - voice) ** 2))

    assert error(play(voice, rate, lost)) < 0.6 * error(silenced)


def test_no_step_is_larger_than_in_the_signal_itself_at_either_edge(signals):
    tone = signals.sine(210, 8000, 1.0)
    heard = play(tone, 8000, {20})
    assert np.abs(np.diff(heard.astype(int))).max() <= 2.0 * np.abs(np.diff(tone.astype(int))).max()


def test_a_long_hole_fades_to_silence_in_60_ms(signals):
    heard = play(signals.sine(300, 8000, 1.0), 8000, set(range(20, 30)))
    frames = [measure.loudness_db(heard[i * 160 : (i + 1) * 160]) for i in range(20, 30)]
    assert frames[0] > frames[1] > frames[2]
    assert frames[3] == measure.SILENT_DB
    assert frames[9] == measure.SILENT_DB


def test_a_hole_before_anything_was_heard_is_silence():
    assert not np.any(WaveformConcealer(8000).lost(160))


def test_without_loss_nothing_is_touched(signals):
    voice = signals.voice(8000, 1.0)
    assert np.array_equal(play(voice, 8000, set()), voice)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 700)), max_size=30),
    st.sampled_from([8000, 16000]),
    st.integers(0, 2**31),
)
def test_any_pattern_of_any_lengths_gives_as_many_samples(pattern, rate, seed):
    rng = np.random.default_rng(seed)
    concealer = WaveformConcealer(rate)
    for lost, length in pattern:
        pcm = rng.integers(-32768, 32768, length).astype(np.int16)
        made = concealer.lost(length) if lost else concealer.good(pcm)
        assert len(made) == length
        assert made.dtype == np.int16

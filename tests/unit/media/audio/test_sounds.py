"""The sounds that come with the exchange."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kiestoon.media.audio import measure, sounds
from kiestoon.media.audio.player import FileSource, MusicSource


@pytest.fixture(scope="module")
def music():
    source = FileSource(sounds.MUSIC_ON_HOLD, 16000)
    pcm = source.read(16000 * 120)
    return pcm[: source.played_ms * 16]


def test_the_music_is_long_enough_and_small_enough(music):
    assert len(music) >= 60 * 16000
    assert Path(sounds.MUSIC_ON_HOLD).stat().st_size <= 1024 * 1024


def test_the_music_is_evenly_loud_and_never_clips(music):
    levels = [measure.loudness_db(music[i : i + 32000]) for i in range(0, len(music), 32000)]
    assert max(levels) - min(levels) < 8
    assert -18 < measure.loudness_db(music) < -12
    assert np.abs(music.astype(int)).max() < 28000


def test_the_music_lives_in_the_telephone_band(music):
    spectrum = np.abs(np.fft.rfft(music.astype(float))) ** 2
    hz = np.fft.rfftfreq(len(music), 1 / 16000)
    inside = spectrum[(hz >= 200) & (hz <= 3400)].sum() / spectrum.sum()
    assert inside > 0.95


def test_the_music_loops_without_a_click(music):
    seam = np.concatenate([music[-400:], music[:400]]).astype(int)
    steps = np.abs(np.diff(seam))
    assert steps[399] <= max(np.percentile(steps, 99), 300)
    source = MusicSource(sounds.MUSIC_ON_HOLD, 16000)
    twice = source.read(2 * len(music))
    assert np.array_equal(twice[: len(music)], twice[len(music) :])

"""DTMF as sound: every key heard once, through noise, codecs and twist; nothing heard in speech or music."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kiestoon.app import demo
from kiestoon.media.audio import dtmf, g711, sounds
from kiestoon.media.audio.pcm import amplitude
from kiestoon.media.audio.player import FileSource

KEYS = "0123456789*#ABCD"


def listen(pcm, rate=8000, frame=None):
    detector = dtmf.Detector(rate)
    frame = frame or rate // 50
    padded = np.concatenate([pcm, np.zeros(rate // 10, np.int16)])
    return [press for start in range(0, len(padded), frame) for press in detector.feed(padded[start : start + frame])]


def heard(pcm, rate=8000, frame=None):
    return "".join(press.digit for press in listen(pcm, rate, frame))


def with_noise(pcm, snr_db, seed=0):
    power = np.mean(pcm[pcm != 0].astype(float) ** 2)
    noise = np.random.default_rng(seed).standard_normal(len(pcm)) * np.sqrt(power / 10 ** (snr_db / 10))
    return np.rint(np.clip(pcm + noise, -32768, 32767)).astype(np.int16)


def pair(row, column, row_dbm0=-10.0, column_dbm0=-10.0, ms=80, factor=1.0):
    time = np.arange(8 * ms) / 8000
    signal = amplitude(row_dbm0) * np.sin(2 * np.pi * row * factor * time)
    signal += amplitude(column_dbm0) * np.sin(2 * np.pi * column * factor * time)
    return np.concatenate([np.zeros(400), signal]).round().astype(np.int16)


@pytest.mark.parametrize("rate", [8000, 16000, 48000])
@pytest.mark.parametrize("snr_db", [60, 20, 15])
def test_all_sixteen_keys_are_heard_once(rate, snr_db):
    assert heard(with_noise(dtmf.generate_all(KEYS, rate, 60, 50), snr_db), rate) == KEYS


@pytest.mark.parametrize("frame", [1, 37, 80, 160, 240, 5000])
def test_how_the_sound_is_cut_makes_no_difference(frame):
    assert heard(dtmf.generate_all(KEYS, 8000, 60, 50), frame=frame) == KEYS


def test_the_length_of_a_press_is_told():
    for ms in (60, 100, 500, 2000):
        (press,) = listen(dtmf.generate_all("5", 8000, ms, 50))
        assert press.duration_ms == pytest.approx(ms, abs=15)


def test_equal_digits_are_separate_presses():
    assert heard(dtmf.generate_all("1112", 8000, 50, 40)) == "1112"


def test_a_key_held_down_is_one_press_and_shows_at_once():
    detector = dtmf.Detector(8000)
    assert detector.feed(dtmf.generate("7", 8000, 200)) == []
    assert detector.pressed == "7"
    assert [press.digit for press in detector.feed(np.zeros(800, np.int16))] == ["7"]
    assert detector.pressed == ""


def test_short_blips_are_no_presses():
    assert heard(dtmf.generate_all(KEYS, 8000, 23, 60)) == ""


def test_a_dropout_of_10_ms_does_not_split_a_press():
    pcm = dtmf.generate("5", 8000, 200).copy()
    pcm[800:880] = 0
    assert heard(pcm) == "5"


@pytest.mark.parametrize("law", g711.LAWS)
def test_keys_survive_g711(law):
    pcm = dtmf.generate_all(KEYS, 8000, 60, 50)
    assert heard(g711.decode(g711.encode(pcm, law), law)) == KEYS


@pytest.mark.parametrize("factor", [0.985, 1.015])
def test_keys_15_promille_off_are_accepted(factor):
    for row, keys in zip(dtmf.ROWS_HZ, ("123A", "456B", "789C", "*0#D"), strict=True):
        for column, key in zip(dtmf.COLUMNS_HZ, keys, strict=True):
            assert heard(pair(row, column, factor=factor)) == key


def test_tones_far_off_are_refused():
    assert heard(pair(770, 1336, factor=1.05)) == ""
    assert heard(pair(697, 1633, factor=0.95)) == ""


@pytest.mark.parametrize(("row_dbm0", "column_dbm0", "key"), [
    (-25, -25, "5"), (-3, -3, "5"), (-14, -7, "5"), (-7, -12, "5"), (-24, -10, ""), (-5, -15, ""), (-45, -45, ""),
])  # fmt: skip
def test_levels_and_twist_within_limits_are_accepted_and_others_not(row_dbm0, column_dbm0, key):
    assert heard(pair(770, 1336, row_dbm0, column_dbm0)) == key


def test_speech_presses_no_keys(signals):
    """A minute of voices of all pitches."""
    spoken = [
        press for seed in range(20) for press in listen(signals.voice(8000, 3.0, seed, 80 + 10 * seed))
    ]  # fmt: skip
    assert spoken == []


@pytest.mark.parametrize("recording", sorted((Path(demo.__file__).parent / "prompts").rglob("*.ogg")), ids=str)
def test_recordings_press_no_keys(recording):
    source = FileSource(recording, 8000)
    detector = dtmf.Detector(8000)
    presses = []
    while not source.finished:
        presses += detector.feed(source.read(160))
    assert presses == []


def test_music_presses_no_keys():
    assert listen(FileSource(sounds.MUSIC_ON_HOLD, 8000).read(64 * 8000)) == []


def test_noise_and_single_tones_press_no_keys(signals):
    loud = np.random.default_rng(5).standard_normal(8000 * 20) * 6000
    assert listen(np.clip(loud, -32768, 32767).astype(np.int16)) == []
    for hz in (*dtmf.ROWS_HZ, *dtmf.COLUMNS_HZ, 425, 440, 1004):
        assert listen(signals.sine(hz, 8000, 0.3)) == []


@pytest.mark.parametrize("wrong", ["", "E", "12", "é", " "])
def test_what_is_no_key_cannot_be_generated(wrong):
    with pytest.raises(ValueError, match="no DTMF"):
        dtmf.generate(wrong, 8000)

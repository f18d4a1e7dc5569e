"""The sounds that come with the exchange."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest

from kiestoon.media.audio import measure, sounds
from kiestoon.media.audio.player import FileSource, MusicSource

TEXTS = Path(sounds.__file__).parent / "prompts"
LANGUAGES = sorted(path.stem for path in TEXTS.glob("*.toml"))


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


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_spoken_and_equally_loud(language):
    texts = tomllib.loads((TEXTS / f"{language}.toml").read_text("utf-8"))
    files = {path.stem for path in Path(sounds.prompts_folder(language)).glob("*.ogg")}
    assert files == set(texts)
    for key in texts:
        source = FileSource(sounds.prompt(key, language), 8000)
        pcm = source.read(20 * 8000)
        assert source.finished
        assert 1000 < source.played_ms < 15000
        assert -19 < measure.loudness_db(pcm[: source.played_ms * 8]) < -13


def test_all_languages_say_the_same_things():
    keys = [set(tomllib.loads((TEXTS / f"{language}.toml").read_text("utf-8"))) for language in LANGUAGES]
    assert all(each == keys[0] for each in keys)


@pytest.mark.parametrize("language", ["xx", "", "../..", "nl/../nl", "e\0n"])
def test_a_language_we_do_not_speak_is_english(language):
    assert sounds.prompts_folder(language) == sounds.prompts_folder("en")


def test_a_country_variant_is_its_language():
    assert sounds.prompts_folder("nl-BE") == sounds.prompts_folder("NL")

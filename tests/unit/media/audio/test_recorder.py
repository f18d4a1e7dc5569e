"""Recording: whole files, readable at any moment, failures that are told."""

from __future__ import annotations

import os
import wave

import numpy as np
import pytest

from kiestoon.media.audio.player import FileSource
from kiestoon.media.audio.recorder import RecordingFailed, WavWriter


def read_wav(path):
    with wave.open(str(path)) as file:
        return file.getframerate(), file.getnchannels(), np.frombuffer(file.readframes(10**9), np.int16)


def test_what_is_written_is_read(tmp_path, signals):
    tone = signals.sine(440, 16000, 1.234)
    with WavWriter(tmp_path / "a.wav", 16000) as writer:
        for start in range(0, len(tone), 320):
            writer.write(tone[start : start + 320])
        assert writer.duration_ms == 1234
    rate, channels, pcm = read_wav(tmp_path / "a.wav")
    assert (rate, channels) == (16000, 1)
    assert np.array_equal(pcm, tone)


def test_two_channels_are_interleaved(tmp_path):
    with WavWriter(tmp_path / "a.wav", 8000, channels=2) as writer:
        writer.write(np.array([[1, -1], [2, -2]], np.int16))
    assert read_wav(tmp_path / "a.wav")[1:][1].tolist() == [1, -1, 2, -2]


def test_after_a_crash_all_but_the_last_half_second_is_there(tmp_path, signals):
    tone = signals.sine(440, 8000, 3.3)
    writer = WavWriter(tmp_path / "a.wav", 8000)
    for start in range(0, len(tone), 160):
        writer.write(tone[start : start + 160])
    _, _, pcm = read_wav(tmp_path / "a.wav")  # never closed
    assert len(pcm) >= len(tone) - 4000
    assert np.array_equal(pcm, tone[: len(pcm)])
    writer.close()


def test_an_empty_recording_is_a_valid_file(tmp_path):
    WavWriter(tmp_path / "a.wav", 8000).close()
    assert len(read_wav(tmp_path / "a.wav")[2]) == 0


def test_the_player_plays_a_recording(tmp_path, signals):
    tone = signals.sine(440, 8000, 0.5)
    with WavWriter(tmp_path / "a.wav", 8000) as writer:
        writer.write(tone)
    assert np.array_equal(FileSource(tmp_path / "a.wav", 8000).read(4000), tone)


def test_an_impossible_place_is_told(tmp_path):
    with pytest.raises(RecordingFailed, match="cannot record"):
        WavWriter(tmp_path / "missing" / "a.wav", 8000)
    with pytest.raises(RecordingFailed):
        WavWriter(tmp_path, 8000)


def test_a_full_disk_is_told_and_ends_the_recording():
    writer = WavWriter.__new__(WavWriter)
    with pytest.raises(RecordingFailed):
        writer.__init__("/dev/full", 8000)
    assert writer.closed


def test_disk_full_in_the_middle_keeps_what_was_written(tmp_path, monkeypatch):
    writer = WavWriter(tmp_path / "a.wav", 8000, flush_ms=20)
    writer.write(np.ones(160, np.int16))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(RecordingFailed, match="No space"):
        writer.write(np.ones(160, np.int16))
    assert writer.closed
    with pytest.raises(RecordingFailed, match="closed"):
        writer.write(np.ones(160, np.int16))
    writer.close()
    assert len(read_wav(tmp_path / "a.wav")[2]) == 160


def test_recordings_are_not_for_everybody(tmp_path):
    WavWriter(tmp_path / "a.wav", 8000).close()
    assert (tmp_path / "a.wav").stat().st_mode & 0o007 == 0

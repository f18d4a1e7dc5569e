"""Audio files from elsewhere, made ready to be played: what a synthesiser has spoken, what somebody has uploaded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from kiestoon.media.audio.clip import Decoding, UnplayableFile
from kiestoon.media.audio.ogg import RATE, OggWriter
from kiestoon.media.audio.pcm import Pcm, silence, to_int16

__all__ = ["TooLong", "UnplayableFile", "prepare_recording", "prepare_speech"]

_SPEECH_LEVEL = 32767 * 10 ** (-20 / 20)
"""RMS of speech without its pauses: -20 dB of full scale, whoever speaks, unless that would clip."""
_HIGHEST_PEAK = 26000  # Opus adds a little to peaks
_BLOCK = RATE // 100
_QUIET = 1e-4  # of the loudest block's power: below that it is a pause
_LONGEST_SPEECH_S = 180


class TooLong(ValueError):
    """The recording is longer than allowed."""


def prepare_speech(source: Path, target: Path) -> int:
    """A synthesiser's output as an Ogg file: without silence around it, as loud as all the others; its length in ms.

    Raises UnplayableFile when there is nothing to hear in it, TooLong, OSError.
    """
    pcm = np.concatenate([silence(0), *_decoded(source, _LONGEST_SPEECH_S)])
    speech = _finished(pcm)
    if speech is None:
        raise UnplayableFile(f"{source}: nothing to hear in it")
    with OggWriter(target) as writer:
        writer.write(speech)
    return len(speech) * 1000 // RATE


def prepare_recording(source: Path, target: Path, longest_s: int) -> int:
    """Any audio file as an Ogg file, otherwise as it is; its length in ms.

    Raises UnplayableFile when it is no audio file, TooLong, OSError.
    """
    written = 0
    with OggWriter(target) as writer:
        for pcm in _decoded(source, longest_s):
            writer.write(pcm)
            written += len(pcm)
        if not written:
            raise UnplayableFile(f"{source}: nothing to hear in it")
    return written * 1000 // RATE


def _decoded(source: Path, longest_s: int) -> Iterator[Pcm]:
    decoding = Decoding(str(source), RATE)
    left = longest_s * RATE
    try:
        while (pcm := decoding.next()) is not None:
            left -= len(pcm)
            if left < 0:
                raise TooLong(f"{source}: longer than {longest_s} s")
            yield pcm
    finally:
        decoding.close()


def _finished(pcm: Pcm) -> Pcm | None:
    """0.1 s of silence, the speech, 0.2 s of silence; None without any speech."""
    whole = len(pcm) // _BLOCK * _BLOCK
    if not whole:
        return None
    signal = pcm[:whole].astype(np.float64)
    power = np.mean(signal.reshape(-1, _BLOCK) ** 2, axis=1)
    if power.max() < 1:
        return None
    loud = np.flatnonzero(power > power.max() * _QUIET)
    speech = signal[loud[0] * _BLOCK : (loud[-1] + 1) * _BLOCK]
    gain = min(_SPEECH_LEVEL / np.sqrt(np.mean(power[loud])), _HIGHEST_PEAK / np.abs(speech).max())
    return np.concatenate([silence(RATE // 10), to_int16(speech * gain), silence(RATE // 5)])

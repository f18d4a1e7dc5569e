"""Compose and render the system music on hold: ``python tools/make_music.py``.

A slow piece for electric piano, plucked strings and a soft pad, written for this project and free for any use with it.
It is made for telephones: nothing lives below 200 Hz or above 3.4 kHz alone, it is even in loudness, and it ends where
it begins (tails and reverb wrap around), so it loops without a click. The same numbers come out on every run.
"""

from __future__ import annotations

import wave
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

RATE = 16000
BEAT_S = 0.8  # 75 beats per minute
BEATS_PER_BAR = 4
LOUDNESS_DBOV = -21.0  # RMS below full scale: beside speech, not over it
TARGET = Path(__file__).parent.parent / "src/kiestoon/media/audio/assets/music_on_hold.flac"

Signal = NDArray[np.float64]

# Chords by bar: bass, then the notes spread over the arpeggio (MIDI numbers; 60 = middle C).
D9, BM7, G7, A6 = (50, 57, 61, 64, 66), (47, 57, 62, 64, 66), (43, 59, 62, 66, 69), (45, 57, 61, 64, 69)
EM9, FSM7, C7, AS = (52, 59, 62, 66, 67), (54, 57, 61, 64, 69), (48, 59, 64, 67, 71), (45, 57, 62, 64, 69)
BARS = [D9, BM7, G7, A6, D9, BM7, EM9, AS, G7, FSM7, EM9, A6, G7, FSM7, C7, AS, D9, BM7, G7, A6]
ARPEGGIO = (1, 2, 3, 4, 3, 2, 4, 3)  # which of a chord's notes on each half beat

# (bar, beat, MIDI number, beats, loudness): a sparse tune over the second and third part.
TUNE = [
    (4, 0, 74, 2, 0.7), (4, 2.5, 73, 1, 0.5), (5, 0, 69, 3, 0.7), (6, 0, 71, 2, 0.6), (6, 2, 74, 2, 0.6),
    (7, 0, 76, 3, 0.7),
    (8, 0, 78, 2, 0.8), (8, 2.5, 76, 1, 0.6), (9, 0, 73, 3, 0.7), (10, 0, 71, 1.5, 0.6), (10, 2, 69, 1.5, 0.6),
    (11, 0, 69, 3, 0.7), (12, 0, 74, 2, 0.7), (12, 2.5, 76, 1, 0.6), (13, 0, 78, 3, 0.7), (14, 0, 79, 2, 0.7),
    (14, 2, 76, 2, 0.6), (15, 0, 74, 3.5, 0.6), (17, 2, 69, 2, 0.4), (19, 2, 66, 2, 0.4),
]  # fmt: skip


def hertz(note: float) -> float:
    """Of a MIDI number."""
    return float(440.0 * 2 ** ((note - 69) / 12))


def electric_piano(note: int, beats: float, loudness: float) -> Signal:
    """A tine: few partials, the high ones soon gone, a gentle tremolo."""
    seconds = beats * BEAT_S + 1.6
    time = np.arange(int(seconds * RATE)) / RATE
    tone = np.zeros_like(time)
    for partial, level, decay in ((1, 1.0, 1.1), (2, 0.45, 1.8), (3, 0.16, 3.0), (4, 0.10, 4.5), (7, 0.03, 12.0)):
        if hertz(note) * partial < 3600:
            tone += level * np.sin(2 * np.pi * hertz(note) * partial * time) * np.exp(-decay * time)
    tremolo = 1 + 0.08 * np.sin(2 * np.pi * 4.5 * time)
    release = np.clip((seconds - time) / 0.5, 0, 1)
    return loudness * tone * tremolo * np.minimum(time / 0.008, 1) * release


def plucked(note: int, loudness: float, rng: np.random.Generator) -> Signal:
    """A soft nylon string (Karplus and Strong), started with smoothed noise."""
    period = round(RATE / hertz(note))
    string = np.convolve(rng.uniform(-1, 1, period), np.hanning(9) / np.hanning(9).sum(), "same")
    rounds = int(1.8 * RATE) // period
    sound = np.empty((rounds, period))
    for index in range(rounds):
        sound[index] = string
        string = 0.994 * (0.5 * string + 0.25 * (np.roll(string, 1) + np.roll(string, -1)))
    tone = sound.ravel()
    fade = np.minimum(np.arange(len(tone))[::-1] / (0.3 * RATE), 1)
    return 2.2 * loudness * tone * fade * np.minimum(np.arange(len(tone)) / 64, 1)


def pad(notes: tuple[int, ...], beats: float) -> Signal:
    """A breath of slightly detuned sines under each bar, overlapping the next."""
    seconds = beats * BEAT_S + 1.5
    time = np.arange(int(seconds * RATE)) / RATE
    tone = np.zeros_like(time)
    for note in notes:
        for cents in (-4, 5):
            tone += np.sin(2 * np.pi * hertz(note + cents / 100) * time + note)
            tone += 0.2 * np.sin(4 * np.pi * hertz(note + cents / 100) * time)
    return 0.04 * tone * np.minimum(time / 1.4, 1) * np.clip((seconds - time) / 1.4, 0, 1)


def score(rng: np.random.Generator) -> Iterator[tuple[float, Signal]]:
    """Every note: when it begins (in beats) and what it sounds like."""
    for bar, chord in enumerate(BARS):
        beat = bar * BEATS_PER_BAR
        yield beat, electric_piano(chord[0] + 12, 3.5, 0.38)  # the bass an octave up: phones have none
        yield beat, pad(chord[1:], BEATS_PER_BAR)
        for step, choice in enumerate(ARPEGGIO):
            swing = 0.02 if step % 2 else 0.0
            loudness = 0.55 + 0.15 * (step % 4 == 0) + 0.05 * rng.uniform(-1, 1)
            yield beat + step / 2 + swing, plucked(chord[choice], loudness, rng)
        if bar % 2 == 0:
            for late, note in enumerate(chord[2:]):
                yield beat + 2 + 0.03 * late, electric_piano(note, 1.5, 0.16)
    for bar, beat_in_bar, note, beats, loudness in TUNE:
        yield bar * BEATS_PER_BAR + beat_in_bar, electric_piano(int(note), beats, 0.75 * loudness)


def reverb(dry: Signal, rng: np.random.Generator) -> Signal:
    """A small hall; circular, so the end of the piece sounds on into its beginning."""
    time = np.arange(int(1.4 * RATE)) / RATE
    room = rng.standard_normal(len(time)) * np.exp(-4.5 * time) * np.minimum(time / 0.02, 1)
    spectrum = np.fft.rfft(room, len(dry))
    spectrum /= np.sqrt(np.mean(np.abs(spectrum) ** 2))
    return np.fft.irfft(np.fft.rfft(dry) * spectrum, len(dry))


def telephone_band(signal: Signal) -> Signal:
    """Fade out what phones don't carry, gently: 260 Hz and below, 3.2 to 5.5 kHz and above."""
    hz = np.fft.rfftfreq(len(signal), 1 / RATE)
    low = 0.5 - 0.5 * np.cos(np.pi * np.clip((hz - 110) / 150, 0, 1))
    high = 0.5 + 0.5 * np.cos(np.pi * np.clip((hz - 3200) / 2300, 0, 1))
    return np.fft.irfft(np.fft.rfft(signal) * low * high, len(signal))


def compose() -> NDArray[np.int16]:
    """The whole loop."""
    rng = np.random.default_rng(20)
    length = round(len(BARS) * BEATS_PER_BAR * BEAT_S * RATE)
    dry = np.zeros(length)
    for beat, sound in score(rng):
        place = (round(beat * BEAT_S * RATE) + np.arange(len(sound))) % length
        np.add.at(dry, place, sound)
    mixed = telephone_band(dry + 0.28 * reverb(dry, rng))
    mixed *= 10 ** (LOUDNESS_DBOV / 20) / np.sqrt(np.mean(mixed**2))
    softened = np.tanh(mixed * 1.2) / 1.2  # rounds the few peaks
    return np.rint(softened * 32767).astype(np.int16)


def write_flac(path: Path, pcm: NDArray[np.int16]) -> None:
    """Lossless: a lossy codec would not keep the seam."""
    with av.open(str(path), "w", format="flac") as container:
        stream = container.add_stream("flac", rate=RATE, options={"compression_level": "12"})
        stream.layout = "mono"
        for start in range(0, len(pcm), 4096):
            frame = av.AudioFrame.from_ndarray(pcm[None, start : start + 4096], format="s16", layout="mono")
            frame.sample_rate = RATE
            frame.pts = start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def write_wav(path: Path, pcm: NDArray[np.int16]) -> None:
    """For listening to a change before it is taken over."""
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(pcm.tobytes())


if __name__ == "__main__":
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    music = compose()
    write_flac(TARGET, music)
    print(f"{TARGET}: {len(music) / RATE:.1f} s, {TARGET.stat().st_size / 1024:.0f} KiB")

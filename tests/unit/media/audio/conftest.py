"""Signals to measure with."""

from __future__ import annotations

import numpy as np
import pytest


def sine(hz, rate, seconds=1.0, amplitude=8000.0):
    return np.rint(amplitude * np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / rate)).astype(np.int16)


def voice(rate, seconds=2.0, seed=0, pitch_hz=120.0):
    """Something like speech: gliding glottal pulses through formants, in syllables, with a little breath."""
    rng = np.random.default_rng(seed)
    count = int(rate * seconds)
    time = np.arange(count) / rate
    pitch = pitch_hz * (
        1 + 0.15 * np.sin(2 * np.pi * 0.7 * time + rng.uniform(0, 6)) + 0.02 * np.sin(2 * np.pi * 5 * time)
    )
    turns = np.cumsum(pitch) / rate
    formants = np.interp(time, np.linspace(0, seconds, 12), rng.uniform(300, 800, 12))
    signal = np.zeros(count)
    for harmonic in range(1, 30):
        hz = harmonic * pitch
        gain = 1 / (1 + ((hz - formants) / 120) ** 2) + 0.5 / (1 + ((hz - 2.6 * formants) / 200) ** 2)
        signal += np.where(hz < 0.45 * rate, gain, 0) * np.sin(2 * np.pi * harmonic * turns) / np.sqrt(harmonic)
    syllables = np.clip(np.sin(2 * np.pi * 2.3 * time + rng.uniform(0, 6)) + 0.6, 0, 1)
    signal = signal * syllables + 0.01 * rng.standard_normal(count)
    return np.rint(signal / np.abs(signal).max() * 12000).astype(np.int16)


def snr_db(reference, heard, rate, most_delay_s=0.02):
    """How much louder the reference is than what differs from it, at the best delay and gain."""
    reference, heard = reference.astype(np.float64), heard.astype(np.float64)
    room = int(most_delay_s * rate)
    count = min(len(reference), len(heard)) - room
    skip = rate // 5  # let codecs settle
    wanted = reference[skip:count]
    best = -100.0
    for delay in range(room):
        got = heard[skip + delay : count + delay]
        gain = (wanted @ got) / max(1e-9, got @ got)
        rest = wanted - gain * got
        best = max(best, 10 * np.log10((wanted @ wanted) / max(1e-9, rest @ rest)))
    return best


class Signals:
    """Handed to tests as one fixture."""

    sine = staticmethod(sine)
    voice = staticmethod(voice)
    snr_db = staticmethod(snr_db)


@pytest.fixture(scope="session")
def signals():
    return Signals

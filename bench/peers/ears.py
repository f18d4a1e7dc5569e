"""What a phone under test hears: its recording of received audio, looked at while it is written."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.peers.process import Daemon, PeerFailed

WAV_HEADER_BYTES = 44


class Ears:
    """Of a phone that records into ``recordings``. Waits for sound, never for time; each wait has a deadline."""

    recordings: Path
    recorded_as = "*.wav"
    daemon: Daemon

    @property
    def name(self) -> str:
        """For reports."""
        return self.daemon.name

    def report(self) -> str:
        """What it did and saw, for a failure report."""
        return f"--- {self.name}\n{self.daemon.log_tail(200)}"

    def recorded(self) -> dict[Path, int]:
        """Recordings of received audio and their sizes in bytes; a mark for ``heard``."""
        return {path: path.stat().st_size for path in self.recordings.glob(self.recorded_as)}

    def heard(self, last_s: float = 0.5, since: dict[Path, int] | None = None) -> tuple[np.ndarray, int]:
        """What the phone received last, decoded: int16 samples (first channel) and their rate in Hz.

        Not more than ``last_s`` seconds, and nothing from before the mark ``since``.
        """
        sizes = self.recorded()
        if not sizes:
            return np.zeros(0, np.int16), 8000
        newest = max(sizes, key=lambda path: path.stat().st_mtime_ns)
        with newest.open("rb") as stream:
            header = stream.read(WAV_HEADER_BYTES)
            channels = int.from_bytes(header[22:24], "little") or 1
            rate_hz = int.from_bytes(header[24:28], "little") or 8000
            frame_bytes = 2 * channels
            first = max(WAV_HEADER_BYTES, (since or {}).get(newest, 0))
            frames = max(0, sizes[newest] - first) // frame_bytes
            skipped = max(0, frames - int(last_s * rate_hz))
            stream.seek(first + skipped * frame_bytes)
            samples = np.frombuffer(stream.read((frames - skipped) * frame_bytes), np.int16)
        return samples[::channels], rate_hz

    def wait_for_tone(self, frequency_hz: float, timeout_s: float = 8.0, *, for_s: float = 0.5) -> None:
        """Wait until the phone hears this tone, and hardly anything else, for ``for_s`` from now on."""
        mark = self.recorded()
        self._wait_for_sound(lambda: hears_tone(*self.heard(for_s, mark), frequency_hz, for_s), timeout_s, frequency_hz)

    def wait_for_tones(self, *frequencies_hz: float, timeout_s: float = 8.0, for_s: float = 0.5) -> None:
        """Wait until the phone hears all of these tones at once: a conference."""

        def all_heard() -> bool:
            samples, rate_hz = self.heard(for_s, mark)
            return len(samples) >= for_s * rate_hz * 0.95 and all(
                share_of(samples, rate_hz, frequency) > 0.15 for frequency in frequencies_hz
            )

        mark = self.recorded()
        self._wait_for_sound(all_heard, timeout_s, frequencies_hz[0])

    def wait_for_change(self, frequency_hz: float, timeout_s: float = 8.0, *, for_s: float = 0.5) -> None:
        """Wait until the phone hears something audible for ``for_s`` in which this tone is not the main thing."""

        def changed() -> bool:
            samples, rate_hz = self.heard(for_s, mark)
            heard_hz, share = strongest(samples, rate_hz)
            other = abs(heard_hz - frequency_hz) > 5 or share < 0.5
            return len(samples) >= for_s * rate_hz * 0.95 and other and bool(np.abs(samples).max(initial=0) > 200)

        mark = self.recorded()
        self._wait_for_sound(changed, timeout_s, 0)

    def wait_for_silence(self, timeout_s: float = 8.0, *, for_s: float = 0.5) -> None:
        """Wait until what comes in from now on is silence, or nothing comes in for as long."""
        mark, since = self.recorded(), time.monotonic()

        def silent() -> bool:
            nonlocal mark, since
            samples, rate_hz = self.heard(for_s, mark)
            if np.abs(samples.astype(np.int32)).max(initial=0) >= 200:
                mark, since = self.recorded(), time.monotonic()
            return len(samples) >= for_s * rate_hz or time.monotonic() - since > for_s

        self._wait_for_sound(silent, timeout_s, 0)

    def _wait_for_sound(self, condition: Callable[[], bool], timeout_s: float, frequency_hz: float) -> None:
        try:
            self.daemon.wait_until(condition, timeout_s, "sound")
        except PeerFailed as failed:
            samples, rate_hz = self.heard()
            heard_hz, share = strongest(samples, rate_hz)
            raise PeerFailed(
                f"{self.name} does not hear {frequency_hz or 'silence'}: {len(samples)} samples, strongest "
                f"{heard_hz:.0f} Hz with {share:.0%} of the energy ({failed})\n{self.report()}"
            ) from None


def strongest(samples: np.ndarray, rate_hz: int) -> tuple[float, float]:
    """The strongest frequency in Hz and its share of the energy (with its window's neighbours), 0.0 to 1.0."""
    if len(samples) < 256 or not samples.any():
        return 0.0, 0.0
    windowed = samples.astype(np.float64) * np.hanning(len(samples))
    energy = np.abs(np.fft.rfft(windowed)) ** 2
    energy[:3] = 0
    peak = int(energy.argmax())
    near = energy[max(0, peak - 3) : peak + 4].sum()
    return peak * rate_hz / len(samples), float(near / energy.sum()) if energy.sum() else 0.0


def share_of(samples: np.ndarray, rate_hz: int, frequency_hz: float) -> float:
    """The share of the energy that a tone has, 0.0 to 1.0."""
    if len(samples) < 256 or not samples.any():
        return 0.0
    energy = np.abs(np.fft.rfft(samples.astype(np.float64) * np.hanning(len(samples)))) ** 2
    energy[:3] = 0
    at = round(frequency_hz * len(samples) / rate_hz)
    return float(energy[max(0, at - 3) : at + 4].sum() / energy.sum()) if energy.sum() else 0.0


def hears_tone(samples: np.ndarray, rate_hz: int, frequency_hz: float, last_s: float) -> bool:
    """Whether these samples are this tone: right frequency, most of the energy, audible, long enough."""
    if len(samples) < last_s * rate_hz * 0.95:
        return False
    heard_hz, share = strongest(samples, rate_hz)
    return abs(heard_hz - frequency_hz) < 5 and share > 0.8 and np.abs(samples).max() > 500

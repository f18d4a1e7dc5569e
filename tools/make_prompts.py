"""Speak the system prompts: ``python tools/make_prompts.py [language …]`` (needs espeak-ng; Debian: espeak-ng).

Reads ``src/kiestoon/media/audio/prompts/LANGUAGE.toml`` (file name = text) and writes an Ogg file (Opus, 16 kHz mono,
20 kbit/s) for each text to ``src/kiestoon/media/audio/assets/prompts/LANGUAGE/``, all equally loud; likewise the demo's
own, in ``src/kiestoon/app/demo/prompts/``. The files are kept in the repository, so the exchange itself needs no speech
synthesis. Files without a text are removed.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

RATE = 16000
BIT_RATE = 20000
SPEECH_DBOV = -20.0  # RMS of the speech without its pauses
SOURCE = Path(__file__).parent.parent / "src/kiestoon"
FOLDERS = {
    SOURCE / "media/audio/prompts": SOURCE / "media/audio/assets/prompts",
    SOURCE / "app/demo/prompts": SOURCE / "app/demo/prompts",
}
"""Where the texts are, and where the sounds go."""
VOICES = {"nl": "nl", "en": "en-gb", "de": "de", "es": "es", "lv": "lv", "fr": "fr"}
WORDS_PER_MINUTE = 145

Pcm = NDArray[np.int16]


def speak(program: str, text: str, language: str) -> Pcm:
    """The text as samples at ``RATE``."""
    with tempfile.NamedTemporaryFile(suffix=".wav") as spoken:
        options = ["-v", VOICES.get(language, language), "-s", str(WORDS_PER_MINUTE), "-g", "2", "-w", spoken.name]
        subprocess.run([program, *options, "--", text], check=True)  # noqa: S603 - no shell; texts are our own
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
        with av.open(spoken.name) as container:
            frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])


def finish(pcm: Pcm) -> Pcm:
    """Cut the silence around it to 0.1 s before and 0.3 s after, and bring it to the common loudness."""
    signal = pcm.astype(np.float64)
    block = RATE // 100
    power = np.mean(signal[: len(signal) // block * block].reshape(-1, block) ** 2, axis=1)
    loud = np.flatnonzero(power > power.max() * 1e-4)
    speech = signal[loud[0] * block : (loud[-1] + 1) * block]
    speech *= 32767 * 10 ** (SPEECH_DBOV / 20) / np.sqrt(np.mean(power[loud]))
    framed = np.concatenate([np.zeros(RATE // 10), speech, np.zeros(RATE * 3 // 10)])
    return np.rint(np.clip(framed, -30000, 30000)).astype(np.int16)


def write_ogg(path: Path, pcm: Pcm) -> None:
    """Opus in Ogg."""
    with av.open(str(path), "w", format="ogg", options={"serial_offset": "1", "fflags": "+bitexact"}) as container:
        stream = container.add_stream("libopus", rate=RATE, options={"application": "voip", "flags": "+bitexact"})
        stream.bit_rate = BIT_RATE
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
        frame.sample_rate = RATE
        frame.pts = 0
        splitter = av.AudioResampler(format="s16", layout="mono", rate=RATE, frame_size=stream.codec_context.frame_size)
        for piece in [*splitter.resample(frame), *splitter.resample(None)]:
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))


def make(source: Path, folder: Path, program: str) -> None:
    """All prompts of one file of texts."""
    language = source.stem
    texts: dict[str, str] = tomllib.loads(source.read_text("utf-8"))
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.ogg"):
        if old.stem not in texts:
            old.unlink()
    for key, text in texts.items():
        pcm = finish(speak(program, text, language))
        write_ogg(folder / f"{key}.ogg", pcm)
        print(f"{language}/{key}: {len(pcm) / RATE:.1f} s")


def main() -> None:
    """Every language asked for, or all there are."""
    program = shutil.which("espeak-ng")
    if program is None:
        sys.exit("espeak-ng is not installed")
    for texts, sounds in FOLDERS.items():
        for source in sorted(texts.glob("*.toml")):
            if source.stem in (sys.argv[1:] or (source.stem,)):
                make(source, sounds / source.stem, program)


if __name__ == "__main__":
    main()

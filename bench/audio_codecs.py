"""What coding costs: CPU time per 20 ms frame of every codec, the resampler and concealment.

Growth: packet length from 10 to 60 ms. The last line is the dearest codec's way in and out, Opus at 16 kHz.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from bench.lib.results import Result, table
from kiestoon.media.audio import codecs
from kiestoon.media.audio.pcm import Pcm
from kiestoon.media.audio.plc import WaveformConcealer
from kiestoon.media.audio.resample import Resampler
from kiestoon.media.protocol import Codec

FRAMES = 1500
OPUS = Codec("OPUS", 111, 48000, 2, "useinbandfec=1")
CASES: list[tuple[str, Codec, int | None]] = [
    ("PCMA", Codec("PCMA", 8), None), ("PCMU", Codec("PCMU", 0), None), ("G722", Codec("G722", 9), None),
    ("Opus 8 kHz", OPUS, 8000), ("Opus 16 kHz", OPUS, 16000), ("Opus 48 kHz", OPUS, 48000),
]  # fmt: skip


def speech(rate: int, seconds: float = 4.0) -> Pcm:
    """Something voiced with pauses, so that a codec has real work."""
    time_s = np.arange(int(rate * seconds)) / rate
    turns = np.cumsum(120 + 20 * np.sin(2 * np.pi * 0.8 * time_s)) / rate
    signal = sum(np.sin(2 * np.pi * k * turns) / k for k in range(1, 20) if k * 140 < rate / 2)
    signal = signal * np.clip(np.sin(2 * np.pi * 2 * time_s) + 0.7, 0, 1)
    noise = np.random.default_rng(0).standard_normal(len(time_s))
    return np.asarray(signal * 5000 + noise * 60).astype(np.int16)


def cost_us(work: Callable[[int], object], times: int = FRAMES) -> float:
    """CPU time of one call in µs, the best of three rounds (the machine is shared)."""
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        for index in range(times):
            work(index)
        best = min(best, time.process_time() - start)
    return best / times * 1e6


def codec_cost(codec: Codec, rate: int | None, ptime_ms: int) -> tuple[float, float]:
    """(encoding, decoding) in µs per packet."""
    encoder = codecs.encoder(codec, ptime_ms, rate)
    decoder = codecs.decoder(codec, rate)
    frame = encoder.sample_rate * ptime_ms // 1000
    talk = speech(encoder.sample_rate)
    frames = [talk[i : i + frame] for i in range(0, len(talk) - frame + 1, frame)]
    payloads = [encoder.encode(each) for each in frames]
    times = FRAMES * 20 // ptime_ms
    return (
        cost_us(lambda i: encoder.encode(frames[i % len(frames)]), times),
        cost_us(lambda i: decoder.decode(payloads[i % len(payloads)]), times),
    )


def main() -> None:
    """Print the tables, then the figure."""
    rows = []
    opus_us = 0.0
    for name, codec, rate in CASES:
        costs = [codec_cost(codec, rate, ptime_ms) for ptime_ms in (10, 20, 40, 60)]
        rows.append([name, *[f"{encoding:.1f} / {decoding:.1f}" for encoding, decoding in costs]])
        if name == "Opus 16 kHz":
            opus_us = sum(costs[1])
    print(
        f"\nEncoding / decoding, µs of CPU per packet\n\n{table(['codec', '10 ms', '20 ms', '40 ms', '60 ms'], rows)}\n"
    )
    pairs = [(8000, 16000), (16000, 8000), (8000, 48000), (48000, 8000), (16000, 48000), (48000, 16000)]
    rows = []
    for from_hz, to_hz in pairs:
        converter, pcm = Resampler(from_hz, to_hz), speech(from_hz)[: from_hz // 50]
        rows.append([f"{from_hz} → {to_hz}", cost_us(lambda _, c=converter, p=pcm: c.process(p))])
    for rate in (8000, 16000):
        concealer, pcm = WaveformConcealer(rate), speech(rate)[: rate // 50]
        for _ in range(3):
            concealer.good(pcm)
        rows.append(
            [f"one frame concealed, {rate}", cost_us(lambda _, c=concealer, p=pcm: (c.lost(len(p)), c.good(p)))]
        )
    print(f"Per 20 ms frame\n\n{table(['conversion', 'µs'], rows)}\n")
    print(Result("audio_codecs", opus_us, "µs per 20 ms of Opus coded and decoded"))


if __name__ == "__main__":
    main()

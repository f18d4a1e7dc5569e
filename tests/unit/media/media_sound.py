"""Sound for the media tests: saying tones over RTP, and measuring what came back."""

from __future__ import annotations

import itertools
import wave
from pathlib import Path

import numpy as np
from media_rig import PCMA, Phone, Rig, Rtp

from kiestoon.media.audio import codecs
from kiestoon.media.protocol import Codec


def sine(hz: float, packets: int, rate: int = 8000, amplitude: float = 8000) -> np.ndarray:
    time = np.arange(packets * rate // 50) / rate
    return (amplitude * np.sin(2 * np.pi * hz * time)).astype(np.int16)


def say(rig: Rig, voices: dict[Phone, np.ndarray]) -> None:
    """Everybody says his samples (at 8 kHz, or 16 kHz where his codec is wide-band) packet by packet in real time."""
    encoders = {phone: codecs.encoder(phone.codec) for phone in voices}
    sizes = {phone: encoder.sample_rate // 50 for phone, encoder in encoders.items()}
    count = min(len(pcm) // sizes[phone] for phone, pcm in voices.items())
    for index in range(count):
        for phone, pcm in voices.items():
            size = sizes[phone]
            phone.speak(encoders[phone].encode(pcm[index * size : (index + 1) * size]))
        rig.turn()
        rig.step()


def decoded(packets: list[Rtp], codec: Codec = PCMA) -> np.ndarray:
    decoder = codecs.decoder(codec)
    pieces = [decoder.decode(packet.payload) for packet in packets]
    return np.concatenate(pieces) if pieces else np.zeros(0, np.int16)


def level(pcm: np.ndarray, hz: float, rate: int = 8000) -> float:
    """Amplitude of a frequency."""
    turns = np.exp(-2j * np.pi * hz * np.arange(len(pcm)) / rate)
    return float(2 * abs(np.dot(pcm, turns)) / max(1, len(pcm)))


def continuous(packets: list[Rtp], step: int = 160) -> bool:
    """Sequence and timestamp go on without a jump."""
    return all(
        b.seq == (a.seq + 1) & 0xFFFF and b.timestamp == (a.timestamp + step) & 0xFFFFFFFF
        for a, b in itertools.pairwise(packets)
    )


def write_wav(path: Path, pcm: np.ndarray, rate: int = 8000) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm.tobytes())
    return path
